import { openEventStoreDb, type EventStore, type RecordedEvent } from '@consent-ledger/event-store';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Processor } from './processor.js';
import type { Projection } from './projection.js';
import type { ReadModels } from './read-models.js';
import { append, noon, readModelsInMemory } from './recorded.fixture.js';
import { resetForeign } from './same-log.js';

const patience = { timeoutMs: 15_000 };

describe('a processor over EventStoreDB', () => {
  let server: EventStoreDbServer;
  let store: EventStore;
  let readModels: ReadModels;

  beforeEach(async () => {
    server = await startEventStoreDbServer();
    store = await openEventStoreDb({ connectionString: server.connectionString, streamPrefixes: ['door-'] });
    readModels = readModelsInMemory();
  });
  afterEach(async () => {
    await store.close();
    await server.stop();
    readModels.close();
  });

  it('handles every event once and in order, whatever becomes of the connection', async () => {
    const journal = createJournal();
    let drops = 0;
    const timing = { wait: () => Promise.resolve(), random: () => 0 };
    const processor = new Processor({
      store,
      readModels,
      projections: [journal],
      batchSize: 3,
      timing,
      onDropped: () => (drops += 1),
    });
    processor.start();
    for (let n = 0; n < 5; n += 1) {
      const position = await append(store, opened(8));
      expect(await processor.waitFor(position, patience)).toBe(true);
      server.cut();
    }

    expect(journal.positions).toStrictEqual((await store.readAll(-1, 100)).map(({ position }) => position));
    expect(drops).toBeGreaterThan(0);
    await processor.stop();
  });

  it('goes on from its checkpoint, and knows when that is of another log', async () => {
    const journal = createJournal();
    const position = await append(store, opened(3));
    const processor = new Processor({ store, readModels, projections: [journal] });
    processor.start();
    await processor.waitFor(position, patience);
    await processor.stop();
    expect(await processor.behindMs(noon + 1)).toBe(0);
    await append(store, opened(1));
    expect(await processor.behindMs(noon + 1)).toBe(1);
    expect(await resetForeign(store, readModels, [journal])).toStrictEqual([]);

    const another = await startEventStoreDbServer();
    const other = await openEventStoreDb({ connectionString: another.connectionString, streamPrefixes: ['door-'] });
    await append(other, [{ streamId: 'door-a-longer-name', type: 'DoorShut' }, ...opened(5)]);
    expect(await resetForeign(other, readModels, [journal])).toStrictEqual([journal]);
    await other.close();
    await another.stop();
  });
});

function opened(times: number) {
  return Array.from({ length: times }, () => ({ streamId: 'door-1', type: 'DoorOpened' }));
}

/** Writes down the position of every event it is given. */
function createJournal(): Projection & { readonly positions: number[] } {
  const positions: number[] = [];
  return {
    name: 'journal',
    version: 1,
    positions,
    handle: (events: readonly RecordedEvent[]) => void positions.push(...events.map(({ position }) => position)),
    clear: () => void positions.splice(0),
  };
}
