import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  NO_STREAM,
  RevisionConflict,
  START,
  type Batch,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type Position,
  type RecordedEvent,
} from './event-store.js';

/**
 * What every adapter of the log keeps to. `open` gives a store of its own to each test; its log may hold events already,
 * as that of a shared server does.
 */
export function eventStoreContract(name: string, open: () => Promise<EventStore>): void {
  describe(`${name} as an event store`, () => {
    let store: EventStore;
    let stream: string;
    let before: Position;

    beforeEach(async () => {
      store = await open();
      stream = `test-${randomUUID()}`;
      before = await store.head();
    });
    afterEach(() => store.close());

    describe('appending', () => {
      it('records events as they were given, with their place', async () => {
        const [first, second] = [event('First', { n: 1 }), event('Second', { n: 2 })];

        const appended = await store.append(stream, NO_STREAM, [first, second]);

        const recorded = await store.readStream(stream);
        expect(recorded).toStrictEqual([
          { ...first, streamId: stream, revision: 0, position: expect.any(Number) },
          { ...second, streamId: stream, revision: 1, position: appended.position },
        ]);
        expect(appended.revision).toBe(1);
        expect(recorded[0]!.position).toBeGreaterThan(before);
        expect(recorded[0]!.position).toBeLessThan(appended.position);
        expect(await store.head()).toBe(appended.position);
      });

      it('continues a stream at the revision that was expected', async () => {
        await store.append(stream, NO_STREAM, [event()]);

        expect((await store.append(stream, 0, [event(), event()])).revision).toBe(2);
        expect((await store.append(stream, 2, [event()])).revision).toBe(3);
        expect(revisions(await store.readStream(stream))).toStrictEqual([0, 1, 2, 3]);
      });

      it.each([
        { case: 'a stream that is there already', expected: NO_STREAM },
        { case: 'a revision that was overtaken', expected: 0 },
        { case: 'a revision that was not reached yet', expected: 2 },
      ])('refuses $case and writes nothing', async ({ expected }) => {
        const { position } = await store.append(stream, NO_STREAM, [event(), event()]);

        await expect(store.append(stream, expected, [event(), event()])).rejects.toMatchObject({
          code: 'REVISION_CONFLICT',
          streamId: stream,
          expected,
          actual: 1,
        });
        expect(await store.readStream(stream)).toHaveLength(2);
        expect(await store.head()).toBe(position);
      });

      it('refuses to continue a stream that is not there', async () => {
        await expect(store.append(stream, 0, [event()])).rejects.toMatchObject({ expected: 0, actual: NO_STREAM });
      });

      it('refuses an append without events', async () => {
        await expect(store.append(stream, NO_STREAM, [])).rejects.toThrow(RangeError);
        expect(await store.readStream(stream)).toStrictEqual([]);
      });

      it.each([-2, 0.5, Number.NaN])('refuses %d as a revision', async (expected) => {
        await expect(store.append(stream, expected, [event()])).rejects.toThrow(RangeError);
      });

      it.each([
        { case: 'a bigint', data: { big: 1n } },
        { case: 'nothing', data: undefined },
      ])('refuses $case as data and leaves the appends beside it alone', async ({ data }) => {
        const unwritable = { ...event('Unwritable'), data: data as unknown as JsonObject };

        const [refused, accepted] = await Promise.allSettled([
          store.append(`${stream}-a`, NO_STREAM, [event(), unwritable]),
          store.append(`${stream}-b`, NO_STREAM, [event()]),
        ]);

        expect([refused.status, accepted.status]).toStrictEqual(['rejected', 'fulfilled']);
        expect(await store.readStream(`${stream}-a`)).toStrictEqual([]);
        expect(await store.readStream(`${stream}-b`)).toHaveLength(1);
      });

      it('keeps an event as it was when it was appended', async () => {
        const purposes = ['newsletter'];
        const appending = store.append(stream, NO_STREAM, [event('OptedIn', { purposes })]);
        purposes.push('sales-contact');
        await appending;

        expect((await store.readStream(stream))[0]!.data).toStrictEqual({ purposes: ['newsletter'] });
      });
    });

    describe('appending again', () => {
      it('answers the same append as it did the first time', async () => {
        const events = [event(), event()];
        const first = await store.append(stream, NO_STREAM, events);
        await store.append(stream, 1, [event()]);

        expect(await store.append(stream, NO_STREAM, events)).toStrictEqual(first);
        expect(await store.readStream(stream)).toHaveLength(3);
      });

      it('answers the same append twice when both are under way', async () => {
        const events = [event(), event()];

        const [first, second] = await Promise.all([
          store.append(stream, NO_STREAM, events),
          store.append(stream, NO_STREAM, events),
        ]);

        expect(second).toStrictEqual(first);
        expect(await store.readStream(stream)).toHaveLength(2);
      });

      it('answers a part of an append with the place of that part', async () => {
        const [a, b, c] = [event(), event(), event()];
        await store.append(stream, NO_STREAM, [a, b, c]);
        const positions = (await store.readStream(stream)).map(({ position }) => position);

        expect(await store.append(stream, NO_STREAM, [a, b])).toStrictEqual({ revision: 1, position: positions[1] });
        expect(await store.append(stream, 0, [b, c])).toStrictEqual({ revision: 2, position: positions[2] });
      });

      it('refuses an append of which only the beginning stands', async () => {
        const [a, b] = [event(), event()];
        await store.append(stream, NO_STREAM, [a]);

        await expect(store.append(stream, NO_STREAM, [a, b])).rejects.toMatchObject({ code: 'REVISION_CONFLICT' });
        expect(await store.readStream(stream)).toHaveLength(1);
      });

      it('refuses the same events in another order', async () => {
        const [a, b] = [event(), event()];
        await store.append(stream, NO_STREAM, [a, b]);

        await expect(store.append(stream, NO_STREAM, [b, a])).rejects.toMatchObject({ code: 'REVISION_CONFLICT' });
      });
    });

    describe('appending side by side', () => {
      it('lets one of two writers win and tells the other where the stream is', async () => {
        const [first, second] = await Promise.allSettled([
          store.append(stream, NO_STREAM, [event('A')]),
          store.append(stream, NO_STREAM, [event('B')]),
        ]);

        const lost = [first, second].find((result) => result.status === 'rejected');
        expect([first.status, second.status].sort()).toStrictEqual(['fulfilled', 'rejected']);
        expect(lost!.reason).toMatchObject({ code: 'REVISION_CONFLICT', expected: NO_STREAM, actual: 0 });
        expect(await store.readStream(stream)).toHaveLength(1);
      });

      it('loses no event of writers who load, append and try again', async () => {
        const writers = Array.from({ length: 8 }, (_, writer) => [event(`W${writer}`), event(`W${writer}`)]);

        await Promise.all(writers.map((events) => appendSomehow(store, stream, events)));

        const recorded = await store.readStream(stream);
        expect(revisions(recorded)).toStrictEqual(Array.from({ length: 16 }, (_, revision) => revision));
        expect(new Set(ids(recorded))).toStrictEqual(new Set(writers.flatMap((events) => ids(events))));
        for (let at = 0; at < recorded.length; at += 2) expect(recorded[at]!.type).toBe(recorded[at + 1]!.type);
      });

      it('takes a thousand appends at once, to as many streams', async () => {
        const streams = Array.from({ length: 1000 }, (_, n) => `${stream}-${n}`);

        const appended = await Promise.all(
          streams.map((id, n) => store.append(id, NO_STREAM, n % 2 === 0 ? [event()] : [event(), event()])),
        );

        expect(new Set(appended.map(({ position }) => position)).size).toBe(1000);
        expect(await ours(store, before, stream)).toHaveLength(1500);
      });
    });

    describe('appending to many streams', () => {
      const appendTo = (streamId: string, ...events: NewEvent[]) => ({ streamId, expected: NO_STREAM, events });

      it('answers each in its order, and writes those that are not refused', async () => {
        await store.append(`${stream}-b`, NO_STREAM, [event()]);

        const [a, b, c] = await store.appendEach([
          appendTo(`${stream}-a`, event(), event()),
          appendTo(`${stream}-b`, event()),
          { streamId: `${stream}-b`, expected: 0, events: [event()] },
        ]);

        expect(a).toMatchObject({ revision: 1 });
        expect(b).toBeInstanceOf(RevisionConflict);
        expect(b).toMatchObject({ streamId: `${stream}-b`, expected: NO_STREAM, actual: 0 });
        expect(c).toMatchObject({ revision: 1, position: await store.head() });
        expect(revisions(await store.readStream(`${stream}-a`))).toStrictEqual([0, 1]);
        expect(revisions(await store.readStream(`${stream}-b`))).toStrictEqual([0, 1]);
      });

      it('answers the same appends as it did the first time', async () => {
        const appends = [appendTo(`${stream}-a`, event(), event()), appendTo(`${stream}-b`, event())];
        const first = await store.appendEach(appends);
        const head = await store.head();

        expect(await store.appendEach(appends)).toStrictEqual(first);
        expect(await store.head()).toBe(head);
      });

      it('takes none where one is no append', async () => {
        await expect(store.appendEach([appendTo(`${stream}-a`, event()), appendTo(stream)])).rejects.toThrow(
          RangeError,
        );
        expect(await store.readStream(`${stream}-a`)).toStrictEqual([]);
      });

      it('takes none at all', async () => {
        expect(await store.appendEach([])).toStrictEqual([]);
      });

      it('tells which streams there are', async () => {
        const [a, b, c] = [`${stream}-a`, `${stream}-'b"é`, `${stream}-c`];
        await store.appendEach([appendTo(a, event(), event()), appendTo(b, event())]);

        expect(await store.existing([c, b, stream, a, a])).toStrictEqual(new Set([a, b]));
        expect(await store.existing([])).toStrictEqual(new Set());
      });
    });

    describe('reading a stream', () => {
      it('is empty for a stream that is not there', async () => {
        expect(await store.readStream(stream)).toStrictEqual([]);
      });

      it('starts and stops where it is told', async () => {
        await store.append(stream, NO_STREAM, [event(), event(), event(), event(), event()]);

        expect(revisions(await store.readStream(stream, { from: 1, limit: 3 }))).toStrictEqual([1, 2, 3]);
        expect(revisions(await store.readStream(stream, { limit: 2 }))).toStrictEqual([0, 1]);
        expect(revisions(await store.readStream(stream, { from: 3 }))).toStrictEqual([3, 4]);
        expect(await store.readStream(stream, { from: 5 })).toStrictEqual([]);
      });

      it('keeps streams apart whose names begin alike', async () => {
        await store.append(stream, NO_STREAM, [event('Mine')]);
        await store.append(`${stream}-2`, NO_STREAM, [event('Other')]);

        expect((await store.readStream(stream)).map(({ type }) => type)).toStrictEqual(['Mine']);
      });

      it('gives back every character and number as it was', async () => {
        const data = {
          text: 'Zoë 🦊 "\\/\n\t\u0000\u2028 \ud800 नमस्ते',
          numbers: [0, -1, 1.5e-300, Number.MAX_SAFE_INTEGER],
          nested: { empty: {}, none: null, list: [[], [true, false]] },
          'a.b$c ': '',
        };
        await store.append(stream, NO_STREAM, [event('Geändert', data, data)]);

        const [recorded] = await store.readStream(stream);
        expect(recorded).toMatchObject({ type: 'Geändert' });
        expect([recorded!.data, recorded!.metadata]).toStrictEqual([data, data]);
      });

      it('gives back large data whole', async () => {
        const large = { text: 'é'.repeat(300_000) };
        await store.append(stream, NO_STREAM, [event('Large', large)]);

        expect((await store.readStream(stream))[0]!.data).toStrictEqual(large);
      });

      it.each([0, -1, 1.5])('refuses a limit of %d', async (limit) => {
        await expect(store.readStream(stream, { limit })).rejects.toThrow(RangeError);
        await expect(store.readAll(START, limit)).rejects.toThrow(RangeError);
      });
    });

    describe('reading the whole log', () => {
      it('has one order over all streams, in which each append stays together', async () => {
        const [a, b] = [`${stream}-a`, `${stream}-b`];
        const appends = [
          await store.append(a, NO_STREAM, [event(), event()]),
          await store.append(b, NO_STREAM, [event()]),
          await store.append(a, 1, [event()]),
        ];

        const recorded = await ours(store, before, stream);
        expect(recorded.map(({ streamId, revision }) => [streamId, revision])).toStrictEqual([
          [a, 0],
          [a, 1],
          [b, 0],
          [a, 2],
        ]);
        expectAscending(recorded);
        expect(recorded.slice(1).map(({ position }) => position)).toStrictEqual(
          appends.map(({ position }) => position),
        );
        expect(recorded[3]).toStrictEqual((await store.readStream(a, { from: 2 }))[0]);
      });

      it('reads page by page, each after the position of the last', async () => {
        for (let n = 0; n < 7; n += 1) await store.append(`${stream}-${n}`, NO_STREAM, [event()]);

        const whole = await ours(store, before, stream);
        expect(whole).toHaveLength(7);
        expect(await ours(store, before, stream, 1)).toStrictEqual(whole);
        expect(await ours(store, before, stream, 3)).toStrictEqual(whole);
        expect(await ours(store, before, stream, 7)).toStrictEqual(whole);
      });

      it('is empty after the head', async () => {
        const { position } = await store.append(stream, NO_STREAM, [event()]);

        expect(await store.readAll(position, 10)).toStrictEqual([]);
      });

      it('is never empty from the start once there is an event', async () => {
        await store.append(stream, NO_STREAM, [event()]);

        expect(await store.readAll(START, 1)).toHaveLength(1);
      });
    });

    describe('reading the event at a position', () => {
      it('finds the event that stands there', async () => {
        await store.append(stream, NO_STREAM, [event(), event()]);
        const [first, second] = await store.readStream(stream);

        expect(await store.readAt(first!.position)).toStrictEqual(first);
        expect(await store.readAt(second!.position)).toStrictEqual(second);
      });

      it('finds nothing where none stands, as with a position of another log', async () => {
        const { position } = await store.append(stream, NO_STREAM, [event()]);

        expect(await store.readAt(position + 1)).toBeUndefined();
        expect(await store.readAt(position + 1_000_000_007)).toBeUndefined();
        expect(await store.readAt(START)).toBeUndefined();
      });
    });

    describe('subscribing', () => {
      let stop: AbortController;

      beforeEach(() => {
        stop = new AbortController();
      });
      afterEach(() => stop.abort());

      const subscribe = (after: Position, batchSize = 500) =>
        store.subscribe(after, { signal: stop.signal, batchSize })[Symbol.asyncIterator]();

      it('says with an empty batch that there is nothing yet', async () => {
        expect(await nextBatch(subscribe(before))).toStrictEqual({ events: [], caughtUp: true });
      });

      it('hands out what is there, then what comes', async () => {
        await store.append(stream, NO_STREAM, [event(), event()]);
        const batches = subscribe(before);

        const there = await nextBatch(batches);
        const coming = nextBatch(batches);
        await store.append(stream, 1, [event()]);

        expect(there.events).toStrictEqual(await store.readStream(stream, { limit: 2 }));
        expect(there.caughtUp).toBe(true);
        expect(await coming).toStrictEqual({ events: await store.readStream(stream, { from: 2 }), caughtUp: true });
      });

      it('starts after the position it is given', async () => {
        await store.append(stream, NO_STREAM, [event(), event(), event()]);
        const [first] = await store.readStream(stream);

        expect(revisions((await nextBatch(subscribe(first!.position))).events)).toStrictEqual([1, 2]);
      });

      it('is caught up only with the batch behind which nothing stands', async () => {
        await store.append(stream, NO_STREAM, [event(), event(), event(), event()]);
        const batches = subscribe(before, 2);

        expect(await nextBatch(batches)).toMatchObject({ caughtUp: false });
        await store.append(stream, 3, [event()]);
        expect(await nextBatch(batches)).toMatchObject({ caughtUp: false });
        expect(await nextBatch(batches)).toMatchObject({ caughtUp: true });
      });

      it('never hands out more than the size of a batch', async () => {
        await store.append(stream, NO_STREAM, [event(), event(), event(), event(), event()]);

        const batches = await collect(store.subscribe(before, { signal: stop.signal, batchSize: 2 }), 5);

        expect(batches.flatMap(({ events }) => revisions(events))).toStrictEqual([0, 1, 2, 3, 4]);
        expect(Math.max(...batches.map(({ events }) => events.length))).toBeLessThanOrEqual(2);
      });

      it('loses and repeats nothing while writers race', async () => {
        const writers = Array.from({ length: 6 }, (_, writer) => `${stream}-${writer}`);
        await Promise.all(writers.map((id) => store.append(id, NO_STREAM, [event()])));
        const watching = [3, 50].map((batchSize) =>
          collect(store.subscribe(before, { signal: stop.signal, batchSize }), 6 * 41),
        );

        await Promise.all(writers.map((id) => appendOneByOne(store, id, 40)));

        const written = await ours(store, before, stream);
        expect(written).toHaveLength(6 * 41);
        for (const batches of await Promise.all(watching))
          expect(batches.flatMap(({ events }) => events)).toStrictEqual(written);
      });

      it('lets several follow the log at once', async () => {
        const followers = [subscribe(before), subscribe(before), subscribe(before)];
        await Promise.all(followers.map(nextBatch));
        const coming = followers.map(nextBatch);

        await store.append(stream, NO_STREAM, [event()]);

        const recorded = await store.readStream(stream);
        for (const { events } of await Promise.all(coming)) expect(events).toStrictEqual(recorded);
      });

      it('ends when its signal aborts while it waits', async () => {
        const batches = subscribe(before);
        await nextBatch(batches);
        const waiting = batches.next();
        stop.abort();

        expect((await waiting).done).toBe(true);
      });

      it('ends when its signal aborts while the consumer is at work', async () => {
        await store.append(stream, NO_STREAM, [event(), event()]);
        const seen: Batch[] = [];
        for await (const batch of store.subscribe(before, { signal: stop.signal, batchSize: 1 })) {
          seen.push(batch);
          stop.abort();
        }

        expect(seen).toHaveLength(1);
      });

      it('ends at once when its signal was aborted before', async () => {
        stop.abort();

        expect((await subscribe(before).next()).done).toBe(true);
      });
    });

    describe('closing', () => {
      it('settles the appends that were accepted', async () => {
        const appending = Promise.allSettled([
          store.append(stream, NO_STREAM, [event()]),
          store.append(stream, 0, [event()]),
          store.append(stream, NO_STREAM, [event()]),
        ]);
        await store.close();

        expect((await appending).map(({ status }) => status)).toStrictEqual(['fulfilled', 'fulfilled', 'rejected']);
      });

      it('ends the subscriptions', async () => {
        const batches = store.subscribe(before, { signal: new AbortController().signal })[Symbol.asyncIterator]();
        await nextBatch(batches);
        const waiting = batches.next();
        await store.close();

        expect((await waiting).done).toBe(true);
      });

      it('refuses what comes after it, and may be repeated', async () => {
        await store.close();
        await store.close();

        await expect(store.append(stream, NO_STREAM, [event()])).rejects.toThrow('closed');
        await expect(store.readStream(stream)).rejects.toThrow('closed');
        await expect(store.readAll(START, 1)).rejects.toThrow('closed');
        await expect(store.readAt(0)).rejects.toThrow('closed');
        await expect(store.head()).rejects.toThrow('closed');
      });
    });
  });
}

/**
 * What every adapter keeps to whose log several stores share, in one process or in many. `open` gives the log of the
 * test, to each caller through a store of its own.
 */
export function sharedLogContract(name: string, openLog: () => Promise<() => Promise<EventStore>>): void {
  describe(`${name} shared by several stores`, () => {
    let open: () => Promise<EventStore>;
    let one: EventStore;
    let other: EventStore;
    let stream: string;
    let before: Position;

    beforeEach(async () => {
      open = await openLog();
      one = await open();
      other = await open();
      stream = `test-${randomUUID()}`;
      before = await one.head();
    });
    afterEach(() => Promise.all([one.close(), other.close()]));

    it('shows each what the other appended', async () => {
      const appended = await one.append(stream, NO_STREAM, [event()]);

      expect(await other.head()).toBe(appended.position);
      expect(await other.readStream(stream)).toStrictEqual(await one.readStream(stream));
      await expect(other.append(stream, NO_STREAM, [event()])).rejects.toMatchObject({ actual: 0 });
    });

    it('answers in one the append that was made in the other', async () => {
      const events = [event(), event()];
      const first = await one.append(stream, NO_STREAM, events);

      expect(await other.append(stream, NO_STREAM, events)).toStrictEqual(first);
    });

    it('keeps its events when every store is closed', async () => {
      await one.append(stream, NO_STREAM, [event(), event()]);
      const recorded = await one.readStream(stream);
      await Promise.all([one.close(), other.close()]);

      one = await open();
      expect(await one.readStream(stream)).toStrictEqual(recorded);
      expect((await one.append(stream, 1, [event()])).revision).toBe(2);
    });

    it('wakes a subscription by what the other appended', async () => {
      const stop = new AbortController();
      const batches = one.subscribe(before, { signal: stop.signal })[Symbol.asyncIterator]();
      await nextBatch(batches);
      const coming = nextBatch(batches);

      await other.append(stream, NO_STREAM, [event()]);

      expect((await coming).events).toStrictEqual(await one.readStream(stream));
      stop.abort();
    });

    it('loses and repeats nothing for those who follow while both are written to', async () => {
      const stop = new AbortController();
      const watching = [one, other].map((store) =>
        collect(store.subscribe(before, { signal: stop.signal, batchSize: 7 }), 120),
      );

      await Promise.all(
        [one, other].flatMap((store, at) =>
          [0, 1, 2].map(async (writer) => {
            const id = `${stream}-${at}-${writer}`;
            await store.append(id, NO_STREAM, [event()]);
            await appendOneByOne(store, id, 19);
          }),
        ),
      );

      const written = await ours(one, before, stream);
      expectAscending(written);
      for (const batches of await Promise.all(watching))
        expect(batches.flatMap(({ events }) => events)).toStrictEqual(written);
      stop.abort();
    });

    it('lets writers in both contend for one stream without losing an event', async () => {
      const writers = Array.from({ length: 10 }, () => [event(), event()]);

      await Promise.all(writers.map((events, at) => appendSomehow(at % 2 === 0 ? one : other, stream, events)));

      const recorded = await one.readStream(stream);
      expect(revisions(recorded)).toStrictEqual(Array.from({ length: 20 }, (_, revision) => revision));
      expect(new Set(ids(recorded))).toStrictEqual(new Set(writers.flatMap((events) => ids(events))));
    });
  });
}

function event(type = 'Happened', data: JsonObject = {}, metadata: JsonObject = { schemaVersion: 1 }): NewEvent {
  return { id: randomUUID(), type, data, metadata };
}

function ids(events: readonly NewEvent[]): string[] {
  return events.map(({ id }) => id);
}

function revisions(events: readonly RecordedEvent[]): number[] {
  return events.map(({ revision }) => revision);
}

function expectAscending(events: readonly RecordedEvent[]): void {
  const positions = events.map(({ position }) => position);
  expect(positions).toStrictEqual([...new Set(positions)].sort((a, b) => a - b));
}

/** All events after a position that belong to the test: a shared log may get those of others meanwhile. */
async function ours(store: EventStore, after: Position, prefix: string, limit = 500): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  let position = after;
  for (;;) {
    const page = await store.readAll(position, limit);
    if (page.length === 0) return found;
    found.push(...page.filter(({ streamId }) => streamId.startsWith(prefix)));
    position = page.at(-1)!.position;
  }
}

/** Loads and appends until no other writer comes in between. */
async function appendSomehow(store: EventStore, stream: string, events: readonly NewEvent[]): Promise<void> {
  let expected = NO_STREAM;
  for (;;) {
    try {
      await store.append(stream, expected, events);
      return;
    } catch (error) {
      const { code, actual } = error as { code?: string; actual: number };
      if (code !== 'REVISION_CONFLICT') throw error;
      expected = actual;
    }
  }
}

async function appendOneByOne(store: EventStore, stream: string, times: number): Promise<void> {
  for (let revision = 0; revision < times; revision += 1) await store.append(stream, revision, [event()]);
}

async function nextBatch(batches: AsyncIterator<Batch>): Promise<Batch> {
  const { value, done } = await batches.next();
  if (done) throw new Error('The subscription ended.');
  return value;
}

/** The batches of a subscription up to the one that completes `count` events. */
async function collect(subscription: AsyncIterable<Batch>, count: number): Promise<Batch[]> {
  const batches: Batch[] = [];
  let collected = 0;
  for await (const batch of subscription) {
    batches.push(batch);
    collected += batch.events.length;
    if (collected >= count) break;
  }
  return batches;
}
