import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contactStream } from '../contact-events.js';
import { MissingEvents } from '../projection.js';
import { contact, cut, dump, handle, noon, readModelsInMemory, recorded, type Told } from '../recorded.fixture.js';
import { DeliveriesProjection, type DeliveriesListener } from './deliveries.projection.js';
import { DeliveriesView } from './deliveries.view.js';
import { deliveryStream, mailingStream, type DeliveryEventData } from './delivery-events.js';

const HOUR = 3_600_000;
const purpose = 'newsletter';
const later = (ms: number) => new Date(noon + ms).toISOString();

const created = (mailingId: string): Told => ({
  streamId: mailingStream(mailingId),
  type: 'MailingCreated',
  data: { mailingId, purpose, template: 'news', language: 'nl' },
});

function requested(deliveryId: string, { mailingId = 'march', person = 1, at = noon } = {}): Told {
  const data = { deliveryId, mailingId, contactId: contact(person), purpose };
  return { streamId: deliveryStream(deliveryId), type: 'DeliveryRequested', data, at };
}

function then<T extends keyof DeliveryEventData>(deliveryId: string, type: T, data: DeliveryEventData[T]): Told {
  return { streamId: deliveryStream(deliveryId), type, data, at: noon + HOUR };
}

const started = (deliveryId: string, attempt = 1) => then(deliveryId, 'DeliveryStarted', { attempt });
const deferred = (deliveryId: string, retryAt: string) =>
  then(deliveryId, 'DeliveryDeferred', { attempt: 1, retryAt, code: '451' });

const outcomes: readonly Told[] = [
  started('d'),
  then('d', 'MailSent', {}),
  then('d', 'DeliverySuppressed', { reason: 'OPTED_OUT' }),
  deferred('d', later(2 * HOUR)),
  then('d', 'DeliveryFailed', { code: '550' }),
  then('d', 'DeliveryOutcomeUnknown', {}),
];

function setUp(told: readonly Told[] = [], listener?: DeliveriesListener) {
  const readModels = readModelsInMemory();
  const projection = new DeliveriesProjection(readModels, listener);
  const view = new DeliveriesView(readModels);
  handle(readModels, projection, recorded(told));
  return { readModels, projection, view };
}

describe('a delivery', () => {
  it('waits from when it was requested', () => {
    const { view } = setUp([requested('d')]);
    expect(view.delivery('d')).toStrictEqual({
      deliveryId: 'd',
      mailingId: 'march',
      contactId: contact(1),
      purpose,
      status: 'requested',
      reason: null,
      dueAt: noon,
      attempt: 0,
      revision: 0,
      updatedAt: noon,
    });
  });

  it.each([
    ['DeliveryStarted', { status: 'started', reason: null, dueAt: null, attempt: 1 }],
    ['MailSent', { status: 'sent', reason: null, dueAt: null }],
    ['DeliverySuppressed', { status: 'suppressed', reason: 'OPTED_OUT', dueAt: null }],
    ['DeliveryDeferred', { status: 'deferred', reason: '451', dueAt: noon + 2 * HOUR, attempt: 1 }],
    ['DeliveryFailed', { status: 'failed', reason: '550', dueAt: null }],
    ['DeliveryOutcomeUnknown', { status: 'unknown', reason: null, dueAt: null }],
  ])('stands so after %s', (type, standing) => {
    const { view } = setUp([requested('d'), outcomes.find((outcome) => outcome.type === type)!]);
    expect(view.delivery('d')).toMatchObject({ ...standing, revision: 1, updatedAt: noon + HOUR });
  });

  it('keeps the number of its attempt when an outcome does not name it', () => {
    const { view } = setUp([requested('d'), started('d', 3), then('d', 'DeliveryFailed', {})]);
    expect(view.delivery('d')).toMatchObject({ status: 'failed', reason: null, attempt: 3 });
  });

  it('that is deferred to no readable instant is refused: it would never be tried again', () => {
    expect(() => setUp([requested('d'), deferred('d', 'soon')])).toThrow('has no RFC 3339 instant');
  });

  it('is refused over a hole in its stream', () => {
    const { readModels, projection } = setUp();
    const [, second] = recorded([requested('d'), started('d')]);
    expect(() => handle(readModels, projection, [second!])).toThrow(MissingEvents);
  });

  it('is refused an event of an unknown type', () => {
    expect(() => setUp([requested('d'), { ...started('d'), type: 'DeliveryLost' }])).toThrow(
      'Unknown event of a mailing or delivery: "DeliveryLost"',
    );
  });
});

describe('the deliveries projection', () => {
  it.each([created('march'), requested('e'), ...outcomes].map((told) => [told.type, told] as const))(
    'is idempotent if run twice: %s',
    (_, told) => {
      const { readModels, projection } = setUp();
      const events = recorded(
        [created('march'), requested('d'), told].filter(
          (event, index, all) =>
            all.findIndex((other) => other.type === event.type && other.streamId === event.streamId) === index,
        ),
      );
      handle(readModels, projection, events);
      const once = dump(readModels);
      for (const event of events) handle(readModels, projection, [event]);
      handle(readModels, projection, [...events, ...events]);
      expect(dump(readModels)).toBe(once);
    },
  );

  it('is byte for byte the same wherever the batches end (law 5)', () => {
    const life = [started('d', 1), deferred('d', later(HOUR)), started('d', 2), then('d', 'MailSent', {})];
    const events = recorded([created('march'), requested('e'), requested('d'), ...life]);
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (places) => {
        const [whole, parts] = [setUp(), setUp()];
        handle(whole.readModels, whole.projection, events);
        for (const batch of cut(events, places)) handle(parts.readModels, parts.projection, batch);
        expect(dump(parts.readModels)).toBe(dump(whole.readModels));
        whole.readModels.close();
        parts.readModels.close();
      }),
      { numRuns: 30 },
    );
  });

  it('is empty once it is cleared', () => {
    const { readModels, projection, view } = setUp([created('march'), requested('d')]);
    readModels.reset(projection);
    expect([view.mailing('march'), view.delivery('d')]).toStrictEqual([undefined, undefined]);
  });
});

describe('a mailing', () => {
  it('counts what became of its deliveries', () => {
    const { view } = setUp([
      created('march'),
      created('april'),
      requested('other', { mailingId: 'april' }),
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((id) => requested(id)),
      then('a', 'MailSent', {}),
      then('b', 'DeliverySuppressed', { reason: 'OPTED_OUT' }),
      then('c', 'DeliverySuppressed', { reason: 'OPTED_OUT' }),
      then('d', 'DeliverySuppressed', { reason: 'NO_CONSENT' }),
      then('e', 'DeliveryFailed', { code: '550' }),
      deferred('f', later(HOUR)),
      started('g'),
      then('h', 'DeliveryOutcomeUnknown', {}),
    ]);
    expect(view.mailing('march')).toStrictEqual({
      mailingId: 'march',
      purpose,
      template: 'news',
      language: 'nl',
      recipients: 9,
      sent: 1,
      suppressed: { NO_CONSENT: 1, OPTED_OUT: 2 },
      failed: 1,
      pending: 3,
      unknown: 1,
    });
    expect(view.mailing('april')).toMatchObject({ recipients: 1, pending: 1, suppressed: {} });
    expect(view.mailing('may')).toBeUndefined();
  });
});

describe('what is to be done', () => {
  const { view } = setUp([
    requested('late', { at: noon + 2 * HOUR }),
    requested('b'),
    requested('a'),
    requested('sent'),
    then('sent', 'MailSent', {}),
    requested('retry'),
    deferred('retry', later(HOUR)),
    requested('running', { person: 2 }),
    started('running'),
  ]);
  const ids = (deliveries: readonly { deliveryId: string }[]) => deliveries.map(({ deliveryId }) => deliveryId);

  it('is what was requested, and what was deferred until now, the longest waiting first', () => {
    expect(ids(view.dueDeliveries(noon - 1, 9))).toStrictEqual([]);
    expect(ids(view.dueDeliveries(noon, 9))).toStrictEqual(['a', 'b']);
    expect(ids(view.dueDeliveries(noon + HOUR, 9))).toStrictEqual(['a', 'b', 'retry']);
  });

  it('is read page by page', () => {
    const [first] = view.dueDeliveries(noon + HOUR, 1);
    expect(ids(view.dueDeliveries(noon + HOUR, 9, first))).toStrictEqual(['b', 'retry']);
  });

  it('is next at the earliest instant at which something waits', () => {
    expect(view.nextDueAt()).toBe(noon);
    expect(setUp().view.nextDueAt()).toBeUndefined();
  });

  it('is found out for those that were handed over and not heard of', () => {
    expect(ids(view.startedDeliveries())).toStrictEqual(['running']);
  });

  it('is known of each contact', () => {
    expect(ids(view.deliveriesOf(contact(2)))).toStrictEqual(['running']);
    expect(ids(view.deliveriesOf(contact(1)))).toStrictEqual(['late', 'retry', 'sent', 'a', 'b']);
  });
});

describe('who waits for deliveries', () => {
  it('is told of what changes, and not of what was handled before or concerns no delivery', () => {
    let told = 0;
    const events = [created('march'), requested('d'), started('d')];
    const { readModels, projection } = setUp(events, { changed: () => (told += 1) });
    expect(told).toBe(3);
    projection.handle(recorded(events));
    handle(readModels, projection, recorded([{ streamId: contactStream(contact(1)), type: 'OptedOut', data: {} }]));
    expect(told).toBe(3);
  });
});

describe('the indexes', () => {
  it.each([
    [
      'what is due',
      'SELECT delivery_id FROM deliveries WHERE due_at <= 1 AND (due_at, delivery_id) > (0, ?) ORDER BY due_at, delivery_id',
      'deliveries_due',
    ],
    ['when something is due next', 'SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL', 'deliveries_due'],
    [
      'the counts of a mailing',
      'SELECT status, reason, count(*) FROM deliveries WHERE mailing_id = ? GROUP BY status, reason',
      'deliveries_by_mailing',
    ],
    ['the deliveries of a contact', 'SELECT * FROM deliveries WHERE contact_id = ?', 'deliveries_by_contact'],
    [
      'what was started',
      "SELECT * FROM deliveries WHERE status = 'started' ORDER BY updated_at, delivery_id",
      'deliveries_started',
    ],
  ])('serve the question for %s', (_, sql, index) => {
    const { readModels } = setUp();
    const plan = readModels.db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...(sql.includes('?') ? ['x'] : []));
    expect(JSON.stringify(plan)).toContain(index);
  });
});

describe('the people that messages were meant for', () => {
  it('are told in the order of their ids with what waits, what was sent last and what changed last, page by page', () => {
    const { view } = setUp([
      requested('a', { person: 2 }),
      requested('b', { person: 2, mailingId: 'april' }),
      then('a', 'MailSent', {}),
      requested('c', { person: 1 }),
      then('c', 'DeliverySuppressed', { reason: 'OPTED_OUT' }),
      requested('d', { person: 3 }),
      started('d'),
    ]);
    const people = [1, 2, 3].map((number) => contact(number)).sort();
    const told = {
      [contact(1)]: { waiting: 0, lastSentAt: null, lastChangedAt: noon + HOUR },
      [contact(2)]: { waiting: 1, lastSentAt: noon + HOUR, lastChangedAt: noon + HOUR },
      [contact(3)]: { waiting: 1, lastSentAt: null, lastChangedAt: noon + HOUR },
    };
    const all = people.map((contactId) => ({ contactId, ...told[contactId] }));
    expect(view.addressees(undefined, 10)).toStrictEqual(all);
    expect(view.addressees(undefined, 2)).toStrictEqual(all.slice(0, 2));
    expect(view.addressees(people[1], 2)).toStrictEqual(all.slice(2));
  });
});
