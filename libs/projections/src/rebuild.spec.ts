import { createMemoryEventStore, type EventStore } from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contactStream } from './contact-events.js';
import { PreferencesProjection } from './preferences/preferences.projection.js';
import { Processor } from './processor.js';
import { PoisonEvent, type Projection } from './projection.js';
import type { ReadModels } from './read-models.js';
import { rebuild } from './rebuild.js';
import { append, contact, contactEvent, dump, readModelsInMemory, type Told } from './recorded.fixture.js';

const history: Told[] = fc
  .sample(contactEvent(), { numRuns: 120, seed: 7 })
  .map((event, index) => ({ ...event, streamId: contactStream(contact((index * 7) % 23)) }));

describe('a rebuild', () => {
  let store: EventStore;
  let readModels: ReadModels;
  let projection: Projection;
  let live: string;

  beforeEach(async () => {
    store = createMemoryEventStore();
    readModels = readModelsInMemory();
    projection = new PreferencesProjection(readModels);
    const head = await append(store, history);
    const processor = new Processor({ store, readModels, projections: [projection], batchSize: 7 });
    processor.start();
    await processor.waitFor(head, { timeoutMs: 10_000 });
    await processor.stop();
    live = dump(readModels);
  });

  afterEach(async () => {
    await store.close();
    readModels.close();
  });

  it('gives byte for byte what grew live (law 5), whatever stood there', async () => {
    readModels.db.exec("UPDATE preferences SET state = 'spoilt', revision = revision + 100");
    const result = await rebuild({ store, readModels, projections: [projection] });
    expect(result).toMatchObject({ completed: true, handled: 120, position: 119, head: 119 });
    expect(dump(readModels)).toBe(live);
    expect(readModels.openCheckpoint(projection)).toBe(119);
  });

  it('gives the same with a projection that does not gather', async () => {
    const plain: Projection = {
      name: projection.name,
      version: projection.version,
      handle: (events) => projection.handle(events),
      clear: () => projection.clear(),
    };
    await rebuild({ store, readModels, projections: [plain] }, { batchSize: 11 });
    expect(dump(readModels)).toBe(live);
  });

  it('reads the log once for all projections, each from where it stood', async () => {
    const seen: number[] = [];
    const other: Projection = {
      name: 'other',
      version: 1,
      handle: (events) => void seen.push(...events.map(({ position }) => position)),
      clear: () => void seen.splice(0),
    };
    const reads: number[] = [];
    const counting: EventStore = {
      ...store,
      readAll: (after, limit) => {
        reads.push(after);
        return store.readAll(after, limit);
      },
    };
    await rebuild({ store, readModels, projections: [projection] });
    await append(store, [{ streamId: contactStream(contact(1)), type: 'PurchaseMade' }]);
    const result = await rebuild(
      { store: counting, readModels, projections: [projection, other] },
      { resume: true, batchSize: 50 },
    );
    expect(result).toMatchObject({ completed: true, handled: 121, from: -1, position: 120 });
    expect(reads).toStrictEqual([-1, 49, 99]);
    expect(seen).toStrictEqual(Array.from({ length: 121 }, (_, position) => position));
    expect([projection, other].map((one) => readModels.openCheckpoint(one))).toStrictEqual([120, 120]);
  });

  it('can be stopped, keeps what it handled, and goes on from there', async () => {
    const operator = new AbortController();
    const stopped = await rebuild(
      { store, readModels, projections: [projection] },
      { batchSize: 10, signal: operator.signal, onProgress: ({ handled }) => handled >= 50 && operator.abort() },
    );
    expect(stopped).toMatchObject({ completed: false, handled: 50, position: 49, head: 119 });
    expect(readModels.openCheckpoint(projection)).toBe(49);

    const resumed = await rebuild({ store, readModels, projections: [projection] }, { batchSize: 10, resume: true });
    expect(resumed).toMatchObject({ completed: true, handled: 70, position: 119 });
    expect(dump(readModels)).toBe(live);
  });

  it('says how far it is', async () => {
    const told: [number, number][] = [];
    await rebuild(
      { store, readModels, projections: [projection] },
      { batchSize: 50, onProgress: ({ handled, head, perSecond }) => told.push([handled, head]) && perSecond },
    );
    expect(told).toStrictEqual([
      [50, 119],
      [100, 119],
      [120, 119],
    ]);
  });

  it('of an empty log leaves an empty table', async () => {
    const empty = createMemoryEventStore();
    const result = await rebuild({ store: empty, readModels, projections: [projection] });
    expect(result).toMatchObject({ completed: true, handled: 0, position: -1 });
    expect(readModels.db.prepare('SELECT * FROM preferences').all()).toStrictEqual([]);
  });

  it('stops at an event that it cannot read, and names it', async () => {
    await append(store, [{ streamId: contactStream(contact(1)), type: 'OptedSideways' }]);
    const failure = rebuild({ store, readModels, projections: [projection] });
    await expect(failure).rejects.toBeInstanceOf(PoisonEvent);
    await expect(failure).rejects.toThrow('Projection "preferences" cannot handle the OptedSideways at position 120.');
  });
});
