import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  createMemoryEventStore,
  START,
  type Batch,
  type EventStore,
  type RecordedEvent,
} from '@consent-ledger/event-store';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Processor, type ProcessorOptions, type Timing } from './processor.js';
import { CheckpointMismatch, PoisonEvent, type Projection } from './projection.js';
import { LogExchanged } from './same-log.js';
import type { ReadModels } from './read-models.js';
import { append, noon, readModelsInMemory, type Told } from './recorded.fixture.js';

const patience = { timeoutMs: 10_000 };
const opened: Told = { streamId: 'door-1', type: 'DoorOpened', data: { code: 'secret' } };
const shut: Told = { streamId: 'door-1', type: 'DoorShut' };

/** Writes down the position of every event it is given. */
class Journal implements Projection {
  version = 1;
  /** Throws at this type. */
  poison: string | undefined;

  constructor(
    readonly readModels: ReadModels,
    readonly name = 'journal',
  ) {
    readModels.db.exec(`CREATE TABLE IF NOT EXISTS "${name}" (position INTEGER NOT NULL)`);
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const { type, position } of events) {
      this.readModels.db.prepare(`INSERT INTO "${this.name}" VALUES (?)`).run(position);
      if (type === this.poison) throw new TypeError('cannot read this');
    }
  }

  clear(): void {
    this.readModels.db.exec(`DELETE FROM "${this.name}"`);
  }

  get positions(): number[] {
    return this.readModels.db.prepare<[], number>(`SELECT position FROM "${this.name}"`).pluck().all();
  }
}

describe('a processor', () => {
  let store: EventStore;
  let readModels: ReadModels;
  let journal: Journal;
  const started: Processor[] = [];

  beforeEach(() => {
    store = createMemoryEventStore();
    readModels = readModelsInMemory();
    journal = new Journal(readModels);
  });

  afterEach(async () => {
    await Promise.all(started.splice(0).map((processor) => processor.stop()));
    await store.close();
    readModels.close();
  });

  function processorOf(options: Partial<ProcessorOptions> = {}): Processor {
    const processor = new Processor({ store, readModels, projections: [journal], ...options });
    started.push(processor);
    return processor;
  }

  it('handles what is there, then what comes', async () => {
    await append(store, [opened, shut]);
    const processor = processorOf();
    processor.start();
    expect(await processor.waitFor(1, patience)).toBe(true);

    await append(store, [opened]);
    expect(await processor.waitFor(2, patience)).toBe(true);
    expect(journal.positions).toStrictEqual([0, 1, 2]);
  });

  it('goes on from the stored checkpoint', async () => {
    await append(store, [opened, shut]);
    const before = processorOf();
    before.start();
    await before.waitFor(1, patience);
    await before.stop();

    await append(store, [opened]);
    const after = processorOf();
    after.start();
    expect(after.position).toBe(1);
    await after.waitFor(2, patience);
    expect(journal.positions).toStrictEqual([0, 1, 2]);
  });

  it('clears a projection of another version and starts from the beginning', async () => {
    await append(store, [opened, shut]);
    const before = processorOf();
    before.start();
    await before.waitFor(1, patience);
    await before.stop();

    journal.version = 2;
    const after = processorOf();
    after.start();
    expect(after.position).toBe(START);
    await after.waitFor(1, patience);
    expect(journal.positions).toStrictEqual([0, 1]);
  });

  it('brings a new projection up beside one that has come further, and gives neither an event twice', async () => {
    await append(store, [opened, shut]);
    const before = processorOf();
    before.start();
    await before.waitFor(1, patience);
    await before.stop();

    await append(store, [opened]);
    const late = new Journal(readModels, 'late');
    const after = processorOf({ projections: [journal, late], batchSize: 1 });
    after.start();
    await after.waitFor(2, patience);
    expect([journal.positions, late.positions]).toStrictEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]);
  });

  it('stores no effect without its checkpoint: a crash between them is made good by handling again', async () => {
    await append(store, [opened, shut]);
    readModels.db.exec(
      "CREATE TRIGGER crash BEFORE UPDATE ON checkpoints BEGIN SELECT raise(ABORT, 'the power went'); END",
    );
    const failure = await failureOf((options) => processorOf(options));
    expect(failure.cause ?? failure).toMatchObject({ message: 'the power went' });
    expect(journal.positions).toStrictEqual([]);

    readModels.db.exec('DROP TRIGGER crash');
    const after = processorOf();
    after.start();
    await after.waitFor(1, patience);
    expect(journal.positions).toStrictEqual([0, 1]);
  });

  it('stops loudly when somebody else moved the checkpoint, and stores nothing', async () => {
    await append(store, [opened]);
    const processor = processorOf();
    processor.start();
    await processor.waitFor(0, patience);
    readModels.db.exec('UPDATE checkpoints SET position = 5');

    const reached = processor.waitFor(1, patience);
    await append(store, [shut]);
    expect(await reached).toBe(false);
    expect(processor.state).toBe('stopped');
    expect(processor.error).toBeInstanceOf(CheckpointMismatch);
    expect(processor.isCaughtUp).toBe(false);
    expect(journal.positions).toStrictEqual([0]);
  });

  it('stops at a poison event, names it without its data, and keeps what came before it', async () => {
    await append(store, [opened, opened, shut, opened]);
    journal.poison = 'DoorShut';
    const error = await failureOf((options) => processorOf(options));
    expect(error).toBeInstanceOf(PoisonEvent);
    expect(error.message).toBe('Projection "journal" cannot handle the DoorShut at position 2.');
    expect(error).toMatchObject({ position: 2, type: 'DoorShut', cause: new TypeError('cannot read this') });
    expect(journal.positions).toStrictEqual([0, 1]);
  });

  it('goes on from a poison event once it can be handled', async () => {
    await append(store, [opened, shut, opened]);
    journal.poison = 'DoorShut';
    const [processor] = await failed((options) => processorOf(options));

    journal.poison = undefined;
    processor.start();
    expect(processor.error).toBeUndefined();
    expect(await processor.waitFor(2, patience)).toBe(true);
    expect(journal.positions).toStrictEqual([0, 1, 2]);
  });

  it('takes a dropped subscription up again from the checkpoint, waiting longer each time it drops', async () => {
    await append(store, [opened, shut, opened]);
    const waits: number[] = [];
    const drops: unknown[] = [];
    const processor = processorOf({
      store: dropping(store, ['at once', 'at once', 'at once', 'after one batch', 'after one batch']),
      batchSize: 1,
      timing: noWaiting(waits),
      onDropped: (error) => drops.push(error),
    });
    processor.start();
    expect(await processor.waitFor(2, patience)).toBe(true);
    expect(journal.positions).toStrictEqual([0, 1, 2]);
    expect(waits).toStrictEqual([75, 150, 300, 75, 75]);
    expect(drops).toHaveLength(5);
    expect(processor.state).toBe('running');
  });

  it('stops loudly when the log that comes back was restored: what is recorded in it now would be passed over (P4)', async () => {
    const restored = createMemoryEventStore();
    await append(restored, [opened]);
    await append(store, [opened, shut, shut]);
    let current = store;
    const exchanged: EventStore = {
      ...store,
      head: () => current.head(),
      readAt: (position) => current.readAt(position),
      subscribe: (after, options) => current.subscribe(after, options),
    };
    let processor!: Processor;
    const failing = failureOf(
      (options) => (processor = processorOf({ store: exchanged, timing: noWaiting([]), ...options })),
    );
    expect(await processor.waitFor(2, patience)).toBe(true);
    current = restored;
    await store.close();
    expect(await failing).toBeInstanceOf(LogExchanged);
    expect(processor.state).toBe('stopped');
    await restored.close();
  });

  it('goes on where a log that comes back did not find its events at first', async () => {
    await append(store, [opened, shut]);
    let misses = 0;
    const waking: EventStore = {
      ...dropping(store, ['after one batch']),
      readAt: async (position) => (++misses <= 2 ? undefined : store.readAt(position)),
    };
    const processor = processorOf({ store: waking, timing: noWaiting([]) });
    processor.start();
    expect(await processor.waitFor(1, patience)).toBe(true);
    expect(await processor.waitFor(await append(store, [opened]), patience)).toBe(true);
    expect([misses, processor.error]).toStrictEqual([3, undefined]);
  });

  it('waits five seconds at most for a store that stays away, and stops when it is told to', async () => {
    const waits: number[] = [];
    const processor = processorOf({
      store: dropping(store, Array<Drop>(1_000).fill('at once')),
      timing: noWaiting(waits),
      onDropped: () => waits.length === 20 && void processor.stop(),
    });
    processor.start();
    expect(await processor.waitFor(0, patience)).toBe(false);
    expect(Math.max(...waits)).toBe(3_750);
  });

  it('is caught up by what it handled, not by what it was given', async () => {
    await append(store, [opened, shut]);
    const processor = processorOf({ batchSize: 1 });
    const seen: [number, boolean][] = [];
    journal.handle = (events) => seen.push([events[0]!.position, processor.isCaughtUp]);
    processor.start();
    await processor.waitFor(1, patience);
    expect(seen).toStrictEqual([
      [0, false],
      [1, false],
    ]);
    expect(processor.isCaughtUp).toBe(true);
  });

  it('is behind for as long as the oldest event that it did not handle is in the log, however far its position', async () => {
    await append(store, [{ ...opened, at: noon }]);
    const processor = processorOf({ store: withGaps(store, 1_000_000) });
    expect(await processor.behindMs(noon + 5_000)).toBe(5_000);
    processor.start();
    expect(await processor.waitFor(0, patience)).toBe(true);
    expect(await processor.behindMs(noon + 5_000)).toBe(0);
    await processor.stop();
    await append(store, [
      { ...shut, at: noon + 2_000 },
      { ...shut, at: noon + 4_000 },
    ]);
    expect(await processor.behindMs(noon + 5_000)).toBe(3_000);
    expect(await processor.behindMs(noon)).toBe(0);
  });

  it('counts how long it is interrupted until it goes on, also when it finds nothing new', async () => {
    let drops = 0;
    const held = new AbortController();
    const away = {
      wait: async (_ms: number, signal: AbortSignal) => {
        if (drops === 2) await once(held.signal, 'abort', { signal });
      },
      random: () => 0,
    };
    const processor = processorOf({
      store: dropping(store, ['at once', 'at once']),
      timing: away,
      onDropped: () => (drops += 1),
    });
    expect(processor.interruptedForMs).toBe(0);
    processor.start();
    while (drops < 2) await nextTurn();
    expect(processor.interruptedForMs).toBeGreaterThan(0);
    held.abort();
    while (!processor.isCaughtUp) await nextTurn();
    expect(processor.interruptedForMs).toBe(0);
  });

  describe('that is waited for', () => {
    it('answers at once for a position that was handled', async () => {
      const processor = processorOf();
      processor.start();
      expect(await processor.waitFor(START, { timeoutMs: 0 })).toBe(true);
    });

    it('gives up after the time allowed', async () => {
      const processor = processorOf();
      processor.start();
      expect(await processor.waitFor(0, { timeoutMs: 1 })).toBe(false);
    });

    it('gives up when the asker goes away', async () => {
      const processor = processorOf();
      processor.start();
      const asker = new AbortController();
      const reached = processor.waitFor(0, { ...patience, signal: asker.signal });
      asker.abort();
      expect(await reached).toBe(false);
      expect(await processor.waitFor(0, { ...patience, signal: asker.signal })).toBe(false);
    });

    it('gives up when it stops', async () => {
      const processor = processorOf();
      processor.start();
      const reached = processor.waitFor(0, patience);
      await processor.stop();
      expect(await reached).toBe(false);
      expect(await processor.waitFor(0, patience)).toBe(false);
    });
  });

  async function failed(make: (options: Partial<ProcessorOptions>) => Processor): Promise<[Processor, Error]> {
    const failures = new EventTarget();
    const failure = once(failures, 'failed');
    const processor = make({ onFailed: () => failures.dispatchEvent(new Event('failed')) });
    processor.start();
    await failure;
    await processor.stop();
    return [processor, processor.error!];
  }

  async function failureOf(make: (options: Partial<ProcessorOptions>) => Processor): Promise<Error> {
    return (await failed(make))[1];
  }
});

type Drop = 'at once' | 'after one batch';

/** A store whose subscriptions drop so, one after the other; those that come then hold. */
function dropping(store: EventStore, drops: Drop[]): EventStore {
  const left = [...drops];
  return {
    ...store,
    async *subscribe(after, options): AsyncGenerator<Batch> {
      const drop = left.shift();
      if (drop === 'at once') throw new Error('The connection was reset.');
      for await (const batch of store.subscribe(after, options)) {
        yield batch;
        if (drop === 'after one batch') throw new Error('The connection was reset.');
      }
    },
  };
}

/** The same log with positions that are so far apart, as where they count bytes. */
function withGaps(store: EventStore, gap: number): EventStore {
  const within = (position: number) => (position === START ? START : position / gap);
  const apart = (event: RecordedEvent) => ({ ...event, position: event.position * gap });
  return {
    ...store,
    readAll: async (after, limit) => (await store.readAll(within(after), limit)).map(apart),
    async *subscribe(after, options) {
      for await (const batch of store.subscribe(within(after), options))
        yield { ...batch, events: batch.events.map(apart) };
    },
  };
}

function noWaiting(waits: number[]): Timing {
  return {
    random: () => 0.5,
    wait: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}
