import {
  anna,
  bram,
  by,
  createTestLedger,
  instant,
  optIn,
  optOut,
  restrict,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { nothing, record, refuse, unknownContact, type Decision } from '@consent-ledger/consent';
import { NO_STREAM } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { describe, expect, it, jest } from '@jest/globals';
import { ContactRepository } from './contact-repository.js';
import type { DecisionContext } from './fact.js';

const NOW = instant(START_OF_STORY);
const MINUTE = 60_000;

async function typesOf({ eventsOf }: TestLedger): Promise<string[]> {
  return (await eventsOf(anna.contactId)).map(({ type }) => type);
}

async function instantsOf({ eventsOf }: TestLedger): Promise<[unknown, unknown][]> {
  return (await eventsOf(anna.contactId)).map(({ metadata }) => [metadata['occurredAt'], metadata['recordedAt']]);
}

describe('a contact in the log', () => {
  it('that nobody has heard of has no events and no revision', async () => {
    const { app } = await createTestLedger();
    expect(await app.get(ContactRepository).load(anna.contactId)).toStrictEqual({
      contactId: anna.contactId,
      revision: NO_STREAM,
      recorded: [],
      events: [],
      state: unknownContact,
    });
  });

  it('is its own stream: what another does is not in it', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(optIn(by(bram)));
    const { revision, events } = await ledger.app.get(ContactRepository).load(anna.contactId);
    expect(revision).toBe(0);
    expect(events).toMatchObject([{ type: 'OptedIn', occurredAt: NOW, recordedAt: NOW }]);
  });
});

describe('a decision that met another append', () => {
  it('is made again on what is there now', async () => {
    const ledger = await createTestLedger();
    ledger.store.beforeAppend(() => ledger.execute(optOut(by(anna))));
    const imported = optIn(by(anna, { source: { kind: 'import' } }));
    await expect(ledger.execute(imported)).rejects.toMatchObject({ code: 'OPTED_OUT' });
    expect(await typesOf(ledger)).toStrictEqual(['OptedOut']);
  });

  it('is recorded behind it when it still stands', async () => {
    const ledger = await createTestLedger();
    ledger.store.beforeAppend(() => ledger.execute(startCustomer(by(anna))));
    const answer = await ledger.execute(optOut(by(anna)));
    expect(answer).toMatchObject({ revision: 1, recorded: [{ type: 'OptedOut' }] });
    expect(await typesOf(ledger)).toStrictEqual(['CustomerStarted', 'OptedOut']);
    expect(ledger.metrics.appends).toStrictEqual({ CustomerStarted: 1, OptedOut: 1 });
  });

  it('that meets one every time gives up, and says so', async () => {
    const ledger = await createTestLedger();
    jest.spyOn(ledger.preferences, 'mayKnow').mockReturnValue(true);
    const interruptions = jest.fn(() => ledger.execute(optIn(by(anna))));
    ledger.store.beforeAppend(interruptions, 100);
    await expect(ledger.execute(optOut(by(anna)))).rejects.toMatchObject({ code: 'CONFLICT', status: 409 });
    expect(interruptions).toHaveBeenCalledTimes(32);
    expect(await typesOf(ledger)).not.toContain('OptedOut');
  });

  it('is not made again when the log failed otherwise: nobody knows what was written', async () => {
    const ledger = await createTestLedger();
    ledger.store.beforeAppend(() => Promise.reject(new Error('the disk is full')));
    await expect(ledger.execute(optOut(by(anna)))).rejects.toThrow('the disk is full');
    expect(await typesOf(ledger)).toStrictEqual([]);
  });
});

describe('a contact that the read model does not know', () => {
  /** A ledger whose read model is behind the log, whatever is in it. */
  async function givenLaggingLedger(): Promise<TestLedger> {
    const ledger = await createTestLedger();
    jest.spyOn(ledger.preferences, 'mayKnow').mockReturnValue(false);
    return ledger;
  }

  it('is recorded without a look at the log: the append proves that nothing is there', async () => {
    const ledger = await givenLaggingLedger();
    const look = jest.spyOn(ledger.store, 'readStream');
    expect(await ledger.execute(optIn(by(anna)))).toMatchObject({ revision: 0, recorded: [{ type: 'OptedIn' }] });
    expect(look).not.toHaveBeenCalled();
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('is decided on what the log knows of it: an opt-out that just came is not undone (P4)', async () => {
    const ledger = await givenLaggingLedger();
    await ledger.execute(optOut(by(anna)));
    const imported = optIn(by(anna, { source: { kind: 'import' } }));
    await expect(ledger.execute(imported)).rejects.toMatchObject({ code: 'OPTED_OUT' });
    expect(await typesOf(ledger)).toStrictEqual(['OptedOut']);
  });

  it('is refused nothing, and nothing of it is left out, but for what the log knows', async () => {
    const ledger = await givenLaggingLedger();
    await ledger.execute(startCustomer(by(anna)));
    const contacts = ledger.app.get(ContactRepository);
    const unlessKnown = (decision: Decision) => (context: DecisionContext) =>
      context.events.length > 0 ? record({ type: 'ContactMade', data: {} }) : decision;
    for (const decision of [refuse('OPTED_OUT', 'Nobody knows this contact.'), nothing])
      await contacts.record(by(anna), unlessKnown(decision), { request: {} });
    expect(await typesOf(ledger)).toStrictEqual(['CustomerStarted', 'ContactMade', 'ContactMade']);
  });

  it('gets the same answer to the same request, and another under its Idempotency-Key is refused', async () => {
    const ledger = await givenLaggingLedger();
    const once = optIn(by(anna, { idempotencyKey: 'form-1' }));
    const first = await ledger.execute(once);
    ledger.clock.advance(MINUTE);
    expect(await ledger.execute(once)).toStrictEqual(first);
    await expect(ledger.execute(optOut(once.fact))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('is looked at for a fact that settles its own id: told again, it changes nothing', async () => {
    const ledger = await givenLaggingLedger();
    const contacts = ledger.app.get(ContactRepository);
    const id = newId();
    const once = ({ events }: DecisionContext) =>
      events.length > 0 ? nothing : record({ type: 'ContactMade' as const, data: {} });
    const told = () => contacts.record(by(anna), once, { request: {}, eventId: () => id });
    expect((await told()).recorded).toHaveLength(1);
    expect((await told()).recorded).toStrictEqual([]);
  });

  it('is looked at before what cannot be undone, and for If-Match', async () => {
    const ledger = await givenLaggingLedger();
    await ledger.execute(optIn(by(anna)));
    const contacts = ledger.app.get(ContactRepository);
    const seen: number[] = [];
    const before = ({ revision }: { revision: number }) => Promise.resolve(seen.push(revision) > 0);
    await contacts.record(by(anna), () => record({ type: 'ContactMade', data: {} }), { request: {}, before });
    expect(seen).toStrictEqual([0]);
    expect(await ledger.execute(optOut(by(anna, { expectedRevision: 1 })))).toMatchObject({ revision: 2 });
  });
});

describe('an Idempotency-Key', () => {
  const once = optIn(by(anna, { idempotencyKey: 'form-1' }));

  it('gives the same answer to the same request, and records it once', async () => {
    const ledger = await createTestLedger();
    const first = await ledger.execute(once);
    ledger.clock.advance(MINUTE);
    expect(await ledger.execute(once)).toStrictEqual(first);
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('gives the same answer after other events came between', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna)));
    const first = await ledger.execute(once);
    await ledger.execute(optOut(by(anna)));
    expect(await ledger.execute(once)).toStrictEqual(first);
    expect(await typesOf(ledger)).toStrictEqual(['CustomerStarted', 'OptedIn', 'OptedOut']);
  });

  it('gives the same answer for a request that recorded more than one event', async () => {
    const { app } = await createTestLedger();
    const contacts = app.get(ContactRepository);
    const fact = by(anna, { idempotencyKey: 'both' });
    const decide = () => record({ type: 'PurchaseMade', data: {} }, { type: 'ContactMade', data: {} });
    const options = { request: { command: 'both' } };
    const first = await contacts.record(fact, decide, options);
    expect(first.recorded.map(({ type }) => type)).toStrictEqual(['PurchaseMade', 'ContactMade']);
    await contacts.record(by(anna), () => record({ type: 'ContactMade', data: {} }), options);
    expect(await contacts.record(fact, decide, options)).toStrictEqual(first);
  });

  it('is found although the fields of the request come in another order', async () => {
    const { app } = await createTestLedger();
    const contacts = app.get(ContactRepository);
    const fact = by(anna, { idempotencyKey: 'order' });
    const decide = () => record({ type: 'ContactMade', data: {} });
    const first = await contacts.record(fact, decide, { request: { a: 1, b: { c: [2], d: null } } });
    const again = await contacts.record(fact, decide, { request: { b: { d: null, c: [2] }, a: 1 } });
    expect(again).toStrictEqual(first);
  });

  it('is refused for another request', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(once);
    const others = [
      optIn(once.fact, { purposes: ['sales-contact'] }),
      optIn({ ...once.fact, occurredAt: NOW - MINUTE }),
      optIn({ ...once.fact, source: { kind: 'import' } }),
      optOut(once.fact),
      restrict(once.fact),
    ];
    for (const other of others)
      await expect(ledger.execute(other)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', status: 422 });
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('is refused for another request also when the two meet', async () => {
    const ledger = await createTestLedger();
    ledger.store.beforeAppend(() => ledger.execute(once));
    await expect(ledger.execute(optOut(once.fact))).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('gives one answer to the same request that is under way twice', async () => {
    const ledger = await createTestLedger();
    const [first, second] = await Promise.all([ledger.execute(once), ledger.execute(once)]);
    expect(second).toStrictEqual(first);
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn']);
  });

  it('is that of one caller and one contact', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(once);
    await ledger.execute(optIn({ ...once.fact, actor: { kind: 'person', id: 'key-2' } }));
    await ledger.execute(optIn(by(bram, { idempotencyKey: 'form-1' })));
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn', 'OptedIn']);
    expect(await ledger.eventsOf(bram.contactId)).toHaveLength(1);
  });

  it('says nothing of the request in the log but a fingerprint', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna, { idempotencyKey: 'anna@example.org' })));
    expect(JSON.stringify(await ledger.eventsOf(anna.contactId))).not.toContain('anna');
  });
});

describe('If-Match', () => {
  it('takes a fact at the revision that the caller saw', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const { revision } = await ledger.execute(optOut(by(anna, { expectedRevision: 0 })));
    expect(revision).toBe(1);
  });

  it('refuses it at any other, and tells which one the contact is at', async () => {
    const ledger = await createTestLedger();
    const early = optOut(by(anna, { expectedRevision: 0 }));
    await expect(ledger.execute(early)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      status: 412,
      detail: expect.stringContaining('it has no events'),
    });
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(optIn(by(anna)));
    await expect(ledger.execute(early)).rejects.toMatchObject({ detail: expect.stringContaining('ETag is "1"') });
  });

  it('refuses it also when the contact changes while it is decided', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.store.beforeAppend(() => ledger.execute(optIn(by(anna))));
    await expect(ledger.execute(optOut(by(anna, { expectedRevision: 0 })))).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  it('does not count what the service itself records as due before the fact (P4)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2027-03-02T12:00:00Z');
    await ledger.execute(optOut(by(anna, { expectedRevision: 0 })));
    expect(await typesOf(ledger)).toStrictEqual(['OptedIn', 'ReconsentPrompted', 'OptedOut']);
    await expect(ledger.execute(optOut(by(anna, { expectedRevision: 0 })))).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
    });
  });

  it('lets a repeated request be answered as it was', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const command = optOut(by(anna, { expectedRevision: 0, idempotencyKey: 'form-1' }));
    const first = await ledger.execute(command);
    expect(await ledger.execute(command)).toStrictEqual(first);
  });
});

describe('when a fact occurred', () => {
  it('is now when nobody says', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna)));
    expect(await instantsOf(ledger)).toStrictEqual([[START_OF_STORY, START_OF_STORY]]);
  });

  it('is kept apart from when it was learnt of', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna, { occurredAt: instant('2024-01-05T00:00:00+01:00') })));
    expect(await instantsOf(ledger)).toStrictEqual([['2024-01-04T23:00:00.000Z', START_OF_STORY]]);
  });

  it('up to five minutes ahead is a clock that runs fast: it occurred now', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna, { occurredAt: NOW + 5 * MINUTE })));
    expect(await instantsOf(ledger)).toStrictEqual([[START_OF_STORY, START_OF_STORY]]);
  });

  it('further ahead is refused', async () => {
    const ledger = await createTestLedger();
    const early = optOut(by(anna, { occurredAt: NOW + 5 * MINUTE + 1 }));
    await expect(ledger.execute(early)).rejects.toMatchObject({
      code: 'OCCURRED_IN_FUTURE',
      status: 422,
      errors: [{ field: 'occurredAt' }],
    });
  });

  it('keeps acts of one millisecond in their order, or the stricter would win (law 1)', async () => {
    const ledger = await createTestLedger();
    for (const command of [optIn(by(anna)), optOut(by(anna)), optIn(by(anna))]) await ledger.execute(command);
    expect(await instantsOf(ledger)).toStrictEqual([
      ['2024-03-01T12:00:00.000Z', '2024-03-01T12:00:00.000Z'],
      ['2024-03-01T12:00:00.001Z', '2024-03-01T12:00:00.001Z'],
      ['2024-03-01T12:00:00.002Z', '2024-03-01T12:00:00.002Z'],
    ]);
  });

  it('keeps acts in their order when the clock was set back', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna)));
    ledger.clock.set(NOW - 60 * MINUTE);
    await ledger.execute(optIn(by(anna)));
    const [optedOut, optedIn] = await instantsOf(ledger);
    expect(optedOut).toStrictEqual([START_OF_STORY, START_OF_STORY]);
    expect(optedIn).toStrictEqual(['2024-03-01T12:00:00.001Z', '2024-03-01T12:00:00.001Z']);
  });
});

describe('what a decision may look at', () => {
  async function contextFor(occurredAt?: number): Promise<DecisionContext> {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    let seen: DecisionContext | undefined;
    const look = (context: DecisionContext) => {
      seen = context;
      return nothing;
    };
    const fact = by(anna, occurredAt === undefined ? {} : { occurredAt });
    await ledger.app.get(ContactRepository).record(fact, look, { request: {} });
    return seen!;
  }

  it('is all that is on record, and what was so when the fact occurred', async () => {
    const { state, stateThen, events } = await contextFor(NOW - MINUTE);
    expect(state.given).toHaveProperty('newsletter');
    expect(stateThen.given).toStrictEqual({});
    expect(events).toHaveLength(1);
  });

  it('is the policy and the moment of the fact', async () => {
    const { policy, occurredAt } = await contextFor();
    expect(policy).toMatchObject({ id: 'dnp-giftcard', version: 1 });
    expect(occurredAt).toBe(NOW + 1);
  });

  it('that decides on nothing is answered with where the contact is', async () => {
    const ledger = await createTestLedger();
    const contacts = ledger.app.get(ContactRepository);
    const unknown = await contacts.record(by(anna), () => nothing, { request: {} });
    expect(unknown).toStrictEqual({ contactId: anna.contactId, revision: NO_STREAM, position: -1, recorded: [] });
    const { position } = await ledger.execute(optIn(by(anna)));
    await ledger.execute(optIn(by(bram)));
    const known = await contacts.record(by(anna), () => nothing, { request: {} });
    expect(known).toStrictEqual({ contactId: anna.contactId, revision: 0, position, recorded: [] });
  });
});
