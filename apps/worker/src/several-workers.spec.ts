import { EraseStrangers, SettleDue } from '@consent-ledger/application';
import type { RecordedEvent } from '@consent-ledger/event-store';
import {
  by,
  createDistantStore,
  createTestLedger,
  optIn,
  person,
  START_OF_STORY,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { Worker } from './worker.js';

/** Each history is lived by up to three processes, on a machine that may be busy. */
jest.setTimeout(60_000);

/** Of a consent of 1 March 2024: when the prompt, the reminder, the lapse and the erasure are due. */
const DUE = ['2027-03-01', '2027-03-15', '2027-03-31', '2029-03-31'].map((day) => `${day}T12:00:00.000Z`);

/** A ledger that these readers gave their consent in. */
async function givenConsents(readers: readonly Person[]): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const reader of readers) await ledger.execute(optIn(by(reader)));
  return ledger;
}

interface Place {
  /** How far behind the log its read models are, in turns of the event loop. */
  readonly behind: number;
  /** How many turns each answer of the log takes, over and over. */
  readonly turns: readonly number[];
}

/** A worker in a process of its own on the log of that ledger. */
async function besides(log: TestLedger, name: string, { behind, turns }: Place) {
  let answers = 0;
  const store = createDistantStore(log.store, { behind, turns: () => turns[answers++ % turns.length]! });
  const ledger = await createTestLedger({ beside: { ...log, store }, now: START_OF_STORY });
  await ledger.caughtUp();
  const { app, dueDates, clock, logger } = ledger;
  const worker = new Worker({
    name,
    dueDates,
    settleDue: app.get(SettleDue),
    eraseStrangers: app.get(EraseStrangers),
    clock,
    logger,
  });
  return { ledger, store, worker };
}

/** Lets all workers settle at once, at each moment at which something is due; answers how many events they say they wrote. */
async function settleAtEach(workers: readonly Awaited<ReturnType<typeof besides>>[]): Promise<number> {
  let written = 0;
  for (const moment of DUE) {
    for (const { ledger } of workers) ledger.clock.set(moment);
    const counts = await Promise.all(workers.map(({ worker }) => worker.settleDue()));
    written += counts.reduce((sum, count) => sum + count, 0);
  }
  return written;
}

const gist = ({ id, type, data, metadata }: RecordedEvent) => [id, type, data, metadata['occurredAt']];

/** All that was recorded of these readers by time alone, and the mails that were asked for. */
async function recordOf({ store, eventsOf }: TestLedger, readers: readonly Person[]) {
  const streams = await Promise.all(
    readers.map(async ({ contactId }) => (await eventsOf(contactId)).slice(1).map(gist)),
  );
  const log = await store.readAll(-1, 100_000);
  const mails = log.filter(({ type }) => type === 'DeliveryRequested').map(({ streamId }) => streamId);
  return { streams, mails: mails.sort() };
}

const people = (count: number) => Array.from({ length: count }, (_, number) => person(`lezer${number}`));

describe('workers on one log', () => {
  const readers = people(12);
  const place = fc.record({ behind: fc.nat(60), turns: fc.array(fc.nat(4), { minLength: 1, maxLength: 7 }) });

  it('record what one alone would, nothing twice and nothing missing, and ask for each mail once (P5, P7)', async () => {
    const alone = await givenConsents(readers);
    await settleAtEach([await besides(alone, 'alone', { behind: 0, turns: [0] })]);
    const expected = await recordOf(alone, readers);
    expect(expected.streams.flat()).toHaveLength(readers.length * DUE.length);
    expect(expected.mails).toHaveLength(readers.length * 2);

    await fc.assert(
      fc.asyncProperty(fc.array(place, { minLength: 2, maxLength: 3 }), async (places) => {
        const log = await givenConsents(readers);
        const workers = await Promise.all(places.map((each, number) => besides(log, `worker-${number}`, each)));
        expect(await settleAtEach(workers)).toBe(readers.length * DUE.length);
        expect(await recordOf(log, readers)).toStrictEqual(expected);
        for (const { ledger } of workers) expect(ledger.logger.lines).toStrictEqual([]);
      }),
      { numRuns: 6 },
    );
  });

  it.each([2, 3])('share the work: %i of them seldom do the same', async (count) => {
    const many = people(400);
    const log = await givenConsents(many);
    const place = { behind: 20, turns: [1] };
    const names = Array.from({ length: count }, (_, number) => `worker-${number}`);
    const workers = await Promise.all(names.map((name) => besides(log, name, place)));
    expect(await settleAtEach(workers)).toBe(many.length * DUE.length);
    const appends = workers.reduce((sum, { store }) => sum + store.appends, 0);
    const needed = many.length * (DUE.length + 2);
    expect(appends).toBeLessThan(needed * 1.35);
  });
});
