import { createMemoryEventStore, START, type EventStore } from '@consent-ledger/event-store';
import { anna, bram, by, createTestLedger, erase, optIn, optOut, type TestLedger } from '@consent-ledger/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { RepeatErasures } from './repeat-erasures.js';

describe('repeating erasures over a log that was restored', () => {
  let ledger: TestLedger;
  beforeEach(async () => {
    ledger = await createTestLedger();
    for (const someone of [anna, bram]) await ledger.execute(optIn(by(someone)));
  });

  /** The log as it is now, as a backup keeps it. */
  async function copyOfLog(): Promise<EventStore> {
    const copy = createMemoryEventStore();
    for (const { streamId, revision, ...event } of await ledger.store.readAll(START, 1_000))
      await copy.append(streamId, revision - 1, [event]);
    return copy;
  }

  const repeat = (log: EventStore) => new RepeatErasures(log, ledger.vault).run();

  it('names who was erased after the copy was made: by the copy they would get mail (P7)', async () => {
    const copy = await copyOfLog();
    await ledger.execute(erase(by(bram)));
    expect(await repeat(copy)).toStrictEqual({ erased: 0, destroyed: 0, inUse: 0, unrecorded: [bram.contactId] });
  });

  it('names nobody whose erasure is in the log, also who came back and opted out since (P7)', async () => {
    for (const someone of [anna, bram]) await ledger.execute(erase(by(someone)));
    await ledger.execute(optIn(by(bram)));
    await ledger.execute(optOut(by(bram)));
    expect(await repeat(await copyOfLog())).toMatchObject({ erased: 2, destroyed: 0, unrecorded: [] });
  });

  it('names who came back before the copy was made and was erased again after it (P7)', async () => {
    await ledger.execute(erase(by(bram)));
    await ledger.execute(optIn(by(bram)));
    const copy = await copyOfLog();
    await ledger.execute(erase(by(bram)));
    expect(await repeat(copy)).toMatchObject({ erased: 1, unrecorded: [bram.contactId] });
  });
});
