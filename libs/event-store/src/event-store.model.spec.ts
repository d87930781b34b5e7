import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, it, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  NO_STREAM,
  RevisionConflict,
  START,
  type Appended,
  type EventStore,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from './event-store.js';
import { startEventStoreDbServer } from '@consent-ledger/testing';
import { openEventStoreDb } from './eventstoredb/open-eventstoredb.js';
import { createMemoryEventStore } from './memory/memory-event-store.js';
import { openSqliteEventStore } from './sqlite/sqlite-event-store.js';

/** An append as the test makes it: `skew` is how far what it expects lies from where the stream is in the model. */
type Step =
  | { readonly kind: 'append'; readonly stream: string; readonly count: number; readonly skew: number }
  | { readonly kind: 'repeat'; readonly of: number; readonly from: number; readonly count: number };

interface Made {
  readonly stream: string;
  readonly expected: number;
  readonly events: readonly NewEvent[];
}

type Answer = Appended | { readonly expected: number; readonly actual: number };

/** The log, said as simply as it can be: one list. Its positions count from 0. */
class Model {
  readonly log: RecordedEvent[] = [];

  stream(streamId: string): RecordedEvent[] {
    return this.log.filter((event) => event.streamId === streamId);
  }

  append({ stream, expected, events }: Made): Answer {
    const present = this.stream(stream);
    const actual = present.length - 1;
    const last = expected + events.length;
    if (actual !== expected) {
      const same = events.every(({ id }, at) => present[expected + 1 + at]?.id === id);
      return same ? { revision: last, position: present[last]!.position } : { expected, actual };
    }
    for (const [at, event] of events.entries())
      this.log.push({ ...event, streamId: stream, revision: expected + 1 + at, position: this.log.length });
    return { revision: last, position: this.log.length - 1 };
  }
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      stream: fc.constantFrom('a', 'b', 'contact-é', 'contact-'),
      count: fc.integer({ min: 1, max: 4 }),
      skew: fc.oneof(
        { weight: 4, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: -3, max: 2 }) },
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('repeat' as const),
      of: fc.nat(50),
      from: fc.nat(3),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

/** Steps of one group are appended side by side, or all at once. */
const groupsOfSteps = fc.array(
  fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 8 }), together: fc.boolean() }),
  { maxLength: 8 },
);

describe.each([
  { adapter: 'memory', numRuns: 60, open: async () => createMemoryEventStore() },
  {
    adapter: 'SQLite',
    numRuns: 60,
    open: async () => openSqliteEventStore({ path: join(folder, `${randomUUID()}.db`) }),
  },
  { adapter: 'EventStoreDB', numRuns: 20, open: openOnNewServer },
])('the $adapter adapter against a model', ({ open, numRuns }) => {
  it('answers and holds what the model does, whatever is appended', async () => {
    await fc.assert(
      fc.asyncProperty(groupsOfSteps, fc.integer({ min: 1, max: 9 }), async (groups, pageSize) => {
        const store = await open();
        const model = new Model();
        const made: Made[] = [];
        const expected: Answer[] = [];
        const given: Answer[] = [];
        for (const { steps, together } of groups) {
          const appends = steps.map((wanted) => {
            const append = appendOf(wanted, model, made);
            made.push(append);
            expected.push(model.append(append));
            return append;
          });
          const oneByOne = () => Promise.all(appends.map((append) => answerOf(store, append)));
          given.push(...(await (together ? answersOf(store, appends) : oneByOne())));
        }

        const log = await readAll(store, pageSize);
        const counted = countedIn(log);
        expect(given.map(counted)).toStrictEqual(expected);
        expect(log.map(counted)).toStrictEqual(model.log);
        expect(await catchUp(store, pageSize)).toStrictEqual(log);
        for (const streamId of new Set(model.log.map((event) => event.streamId)))
          expect((await store.readStream(streamId)).map(counted)).toStrictEqual(model.stream(streamId));
        await store.close();
      }),
      { numRuns },
    );
  });
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'event-store-model-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A log of its own, on a server of its own, that goes when the log is closed. */
async function openOnNewServer(): Promise<EventStore> {
  const server = await startEventStoreDbServer();
  const { connectionString } = server;
  const store = await openEventStoreDb({ connectionString, streamPrefixes: ['a', 'b', 'contact-'] });
  const close = async () => {
    await store.close();
    await server.stop();
  };
  return { ...store, close };
}

/** Positions as the model counts them: whatever a log calls them, they have the order of its events. */
function countedIn(log: readonly RecordedEvent[]) {
  const numbers = new Map(log.map(({ position }, number) => [position, number]));
  return <T extends object>(placed: T): T =>
    'position' in placed ? { ...placed, position: numbers.get(placed.position as Position) } : placed;
}

function appendOf(wanted: Step, model: Model, made: readonly Made[]): Made {
  if (wanted.kind === 'append') return freshAppend(wanted, model);
  const before = made[wanted.of % Math.max(made.length, 1)];
  const events = before?.events.slice(wanted.from, wanted.from + wanted.count) ?? [];
  if (!before || events.length === 0) return freshAppend({ stream: 'a', count: wanted.count, skew: 0 }, model);
  return { stream: before.stream, expected: before.expected + wanted.from, events };
}

function freshAppend({ stream, count, skew }: { stream: string; count: number; skew: number }, model: Model): Made {
  const expected = Math.max(model.stream(stream).length - 1 + skew, NO_STREAM);
  return { stream, expected, events: Array.from({ length: count }, (_, n) => newEvent(n)) };
}

function newEvent(n: number): NewEvent {
  return { id: randomUUID(), type: `Type${n}`, data: { n, text: 'ë' }, metadata: { n: [n, null] } };
}

async function answerOf(store: EventStore, { stream, expected, events }: Made): Promise<Answer> {
  try {
    return await store.append(stream, expected, events);
  } catch (error) {
    return told(error as RevisionConflict);
  }
}

async function answersOf(store: EventStore, made: readonly Made[]): Promise<Answer[]> {
  const appends = made.map(({ stream, expected, events }) => ({ streamId: stream, expected, events }));
  return (await store.appendEach(appends)).map((answer) =>
    answer instanceof RevisionConflict ? told(answer) : answer,
  );
}

function told({ expected, actual }: RevisionConflict): Answer {
  return { expected, actual };
}

async function readAll(store: EventStore, pageSize: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  let position: Position = START;
  for (;;) {
    const page = await store.readAll(position, pageSize);
    if (page.length === 0) return events;
    events.push(...page);
    position = page.at(-1)!.position;
  }
}

async function catchUp(store: EventStore, batchSize: number): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of store.subscribe(START, { signal: new AbortController().signal, batchSize })) {
    events.push(...batch.events);
    if (batch.caughtUp) break;
  }
  return events;
}
