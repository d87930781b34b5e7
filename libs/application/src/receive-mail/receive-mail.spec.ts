import {
  anna,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  erase,
  instant,
  openPartOf,
  optIn,
  START_OF_STORY,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import type { InboundReading } from './inbound-mail.js';
import { ReceiveMail } from './receive-mail.js';

const spring = deliveryIdOf('spring', anna.contactId);
const MINUTE = 60_000;
const SENT_AT = instant(START_OF_STORY) + MINUTE;
const optOut = { kind: 'opt-out', contactId: anna.contactId, purposes: ['newsletter'], mailing: 'spring' } as const;
const bounce = (more: object = {}) =>
  ({ kind: 'bounce', deliveryId: spring, action: 'failed', status: '5.1.1', ...more }) as const;
const complaint = (more: object = {}) => ({ kind: 'complaint', about: { deliveryId: spring }, ...more }) as const;

/** A ledger in which the spring mailing was sent to Anna a minute after she opted in, and an hour went by. */
async function mailed(): Promise<TestLedger> {
  const ledger = await createTestLedger();
  await ledger.execute(optIn(by(anna)));
  ledger.clock.advance(MINUTE);
  await ledger.execute(createMailing());
  await ledger.app.get(AddRecipients).add('spring', [{ address: anna.address, variables: {} }], 'a-request');
  await deliverThrough(createScriptedMailRoom(), ledger).deliver(spring);
  ledger.clock.advance(60 * MINUTE);
  return ledger;
}

/** Hands a message over that says this; answers what became of it, what was appended and what was kept. */
async function receive(ledger: TestLedger, reading: InboundReading, id = 'a', isNamed = true) {
  const before = (await ledger.eventsOf(anna.contactId)).length;
  const kept: string[] = [];
  const reader = {
    read: async () => ({ id, isNamed, reading }),
    keep: async (_raw: Buffer, why: string) => void kept.push(why),
  };
  const mail = { raw: Buffer.from('a message'), envelope: {} };
  const answer = await ledger.app.get(ReceiveMail).receive(reader, mail, { correlationId: 'a-message' });
  const stored = (await ledger.eventsOf(anna.contactId)).slice(before);
  return { answer, stored, kept, events: stored.map(openPartOf) };
}

async function reasons(ledger: TestLedger) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
  return Object.fromEntries(preferences.map(({ purpose, reason }) => [purpose, reason]));
}

describe('an opt-out by mail', () => {
  it('is recorded as the act of the person, by "mailto", from the moment that it came (P4)', async () => {
    const ledger = await mailed();
    const { answer, stored, events } = await receive(ledger, optOut);
    expect(events).toStrictEqual([{ type: 'OptedOut', data: { purposes: ['newsletter'] } }]);
    expect(answer).toStrictEqual({ kind: 'opt-out', recorded: [{ eventId: stored[0]!.id, type: 'OptedOut' }] });
    expect(stored[0]!.metadata).toMatchObject({
      source: { kind: 'mailto' },
      actor: { kind: 'person' },
      occurredAt: new Date(ledger.clock.now()).toISOString(),
    });
    expect(ledger.metrics.inbounds).toStrictEqual({ 'opt-out': 1 });
  });

  it('that no name tells from an earlier one is recorded again once the person came back (P4)', async () => {
    const ledger = await mailed();
    expect((await receive(ledger, optOut, 'a', false)).answer.recorded).toHaveLength(1);
    expect((await receive(ledger, optOut, 'a', false)).answer.recorded).toStrictEqual([]);
    ledger.clock.advance(MINUTE);
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(MINUTE);
    const { answer, events } = await receive(ledger, optOut, 'a', false);
    expect(events.map(({ type }) => type)).toStrictEqual(['OptedOut']);
    expect(answer.recorded).toHaveLength(1);
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'OPTED_OUT' });
  });

  it.each([
    ['an opt-out', optOut],
    ['a bounce', bounce()],
    ['a complaint', complaint()],
  ] as const)('that is handed over again is answered with nothing, as %s (P4)', async (_sentence, reading) => {
    const ledger = await mailed();
    expect((await receive(ledger, reading)).answer.recorded).toHaveLength(1);
    ledger.clock.advance(60 * MINUTE);
    expect((await receive(ledger, reading)).answer.recorded).toStrictEqual([]);
  });

  it('is recorded once for one message, also after the person came back (P4)', async () => {
    const ledger = await mailed();
    await receive(ledger, optOut);
    ledger.clock.advance(60 * MINUTE);
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(60 * MINUTE);
    expect((await receive(ledger, optOut)).events).toStrictEqual([]);
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT' });
    expect((await receive(ledger, optOut, 'another')).events).toHaveLength(1);
  });

  it('of a purpose that no policy has is left for a person, and not lost (P4, P10)', async () => {
    const ledger = await mailed();
    const { answer, kept } = await receive(ledger, { ...optOut, purposes: ['adverts'] });
    expect(answer).toStrictEqual({ kind: 'other', recorded: [], why: 'refused' });
    expect(kept).toStrictEqual(['refused']);
    expect(ledger.metrics.inbounds).toStrictEqual({ other: 1 });
  });

  it('of somebody who was erased counts, and seals nothing under a new key (P7)', async () => {
    const ledger = await mailed();
    await ledger.execute(erase(by(anna), 'request'));
    ledger.clock.advance(MINUTE);
    const { stored } = await receive(ledger, optOut);
    expect(stored.map(({ type, data }) => [type, data['sealed']])).toStrictEqual([['OptedOut', undefined]]);
  });
});

describe('a bounce', () => {
  it.each(['5.1.1', '5.1.2', '5.1.10', '5.2.1'])('with %s makes the contact undeliverable (P4)', async (status) => {
    const ledger = await mailed();
    const { events } = await receive(ledger, bounce({ status }));
    expect(events).toStrictEqual([{ type: 'MailBounced', data: { permanent: true } }]);
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'UNDELIVERABLE', service: 'UNDELIVERABLE' });
  });

  it.each(['5.2.2', '5.7.1', '5.7.26', '5.3.0', '5.4.4', '5.0.0', '5.1.8', '4.4.7', undefined])(
    'with %s goes on record and stops nothing (P4)',
    async (status) => {
      const ledger = await mailed();
      const { events } = await receive(ledger, bounce({ status }));
      expect(events).toStrictEqual([{ type: 'MailBounced', data: { permanent: false } }]);
      expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT', service: 'SERVICE' });
    },
  );

  it('that is a delay is no failure yet', async () => {
    const ledger = await mailed();
    const { answer, events, kept } = await receive(ledger, bounce({ action: 'delayed', status: '4.4.1' }));
    expect([answer, events, kept]).toStrictEqual([{ kind: 'bounce', recorded: [] }, [], []]);
  });

  it('happened when the report says, between the sending and now', async () => {
    const at = async (reportedAt: number | undefined) => {
      const ledger = await mailed();
      const { stored } = await receive(ledger, bounce(reportedAt === undefined ? {} : { reportedAt }));
      return Date.parse(stored[0]!.metadata['occurredAt'] as string);
    };
    const now = SENT_AT + 60 * MINUTE;
    expect(await at(SENT_AT + MINUTE)).toBe(SENT_AT + MINUTE);
    expect(await at(SENT_AT - 365 * 24 * 60 * MINUTE)).toBe(SENT_AT);
    expect(await at(now + 10 * MINUTE)).toBe(now);
    expect(await at(undefined)).toBe(now);
  });

  it('that comes late does not undo what the person showed since (P4)', async () => {
    const ledger = await mailed();
    await ledger.execute(optIn(by(anna), { purposes: ['newsletter'] }));
    ledger.clock.advance(60 * MINUTE);
    await receive(ledger, bounce({ reportedAt: SENT_AT + MINUTE }));
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT', service: 'SERVICE' });
  });

  it('is recorded once for one message, also when its date lies ahead at first', async () => {
    const ledger = await mailed();
    const ahead = bounce({ reportedAt: ledger.clock.now() + 10 * MINUTE });
    expect((await receive(ledger, ahead)).events).toHaveLength(1);
    ledger.clock.advance(60 * MINUTE);
    expect((await receive(ledger, ahead)).events).toStrictEqual([]);
  });

  it('about a message that is not in the log, or never left, is left for a person', async () => {
    const ledger = await createTestLedger();
    expect((await receive(ledger, bounce())).kept).toStrictEqual(['unknown-delivery']);
    await ledger.execute(createMailing());
    await ledger.app.get(AddRecipients).add('spring', [{ address: anna.address, variables: {} }], 'a-request');
    expect((await receive(ledger, bounce())).kept).toStrictEqual(['unknown-delivery']);
  });

  it('of somebody who was erased is recorded without anything to read (P7)', async () => {
    const ledger = await mailed();
    await ledger.execute(erase(by(anna), 'request'));
    ledger.clock.advance(MINUTE);
    const { stored } = await receive(ledger, bounce());
    expect(stored.map(({ type, data }) => [type, data])).toStrictEqual([['MailBounced', { permanent: true }]]);
  });
});

describe('a complaint', () => {
  it('counts as an opt-out from all commercial mail, and from no service mail (P4)', async () => {
    const ledger = await mailed();
    const { events } = await receive(ledger, complaint({ reportedAt: SENT_AT + MINUTE }));
    expect(events).toStrictEqual([{ type: 'SpamReported', data: {} }]);
    expect(await reasons(ledger)).toMatchObject({
      newsletter: 'COMPLAINED',
      'event-invitation': 'COMPLAINED',
      service: 'SERVICE',
    });
  });

  it.each([{ contactId: anna.contactId }, { contactId: anna.contactId, mailing: 'long-ago' }])(
    'by a link counts, whatever is known of the message (P4): %j',
    async (about) => {
      const ledger = await mailed();
      const { stored } = await receive(ledger, complaint({ about, reportedAt: SENT_AT }));
      expect(stored.map(({ type }) => type)).toStrictEqual(['SpamReported']);
      expect(stored[0]!.metadata['occurredAt']).toBe(new Date(ledger.clock.now()).toISOString());
    },
  );
});

describe('whatever else comes in', () => {
  it('is counted, and kept where a person must look', async () => {
    const ledger = await mailed();
    expect(await receive(ledger, { kind: 'automatic-reply' })).toMatchObject({ kept: [], events: [] });
    expect(await receive(ledger, { kind: 'other', why: 'no-token' })).toMatchObject({ kept: ['no-token'], events: [] });
    expect(ledger.metrics.inbounds).toStrictEqual({ 'automatic-reply': 1, other: 1 });
  });

  it('is refused while the log takes nothing, and is not counted', async () => {
    const ledger = await mailed();
    ledger.store.beforeAppend(() => Promise.reject(new Error('disk full')));
    await expect(receive(ledger, bounce())).rejects.toThrow('disk full');
    expect(ledger.metrics.inbounds).toStrictEqual({});
  });
});
