import { randomUUID } from 'node:crypto';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_STREAM, START, type EventStore, type NewEvent, type RecordedEvent } from '../event-store.js';
import { openEventStoreDb } from '../eventstoredb/open-eventstoredb.js';
import { createMemoryEventStore } from '../memory/memory-event-store.js';
import { compareLogs, migrateLog, type MigrationOptions } from './migrate-log.js';

const STREAMS = 400;
/** Three events a stream, in three rounds, so that streams are interleaved. */
const EVENTS = 3 * STREAMS;

async function fill(log: EventStore, streams = STREAMS): Promise<void> {
  for (let round = 0; round < 3; round += 1)
    await log.appendEach(
      Array.from({ length: streams }, (_, n) => ({
        streamId: `contact-${n}`,
        expected: round - 1,
        events: [event({ n, round })],
      })),
    );
}

function event(data: NewEvent['data'] = {}, type = 'OptedIn'): NewEvent {
  return { id: randomUUID(), type, data, metadata: { recordedAt: '2024-03-01T12:00:00.000Z' } };
}

/** What must be the same on both sides. */
async function contentOf(log: EventStore): Promise<readonly Omit<RecordedEvent, 'position'>[]> {
  return (await log.readAll(START, 100_000)).map(({ position, ...rest }) => rest);
}

const options = (more: Partial<MigrationOptions> = {}): MigrationOptions => ({
  signal: new AbortController().signal,
  ...more,
});

describe('moving a log', () => {
  let source: EventStore;
  let target: EventStore;
  beforeEach(async () => {
    source = createMemoryEventStore();
    target = createMemoryEventStore();
    await fill(source);
  });

  it('takes every event with its id, type, data, metadata, stream and revision, in the order of the log', async () => {
    const { hashes, ...moved } = await migrateLog(source, target, options());

    expect(await contentOf(target)).toStrictEqual(await contentOf(source));
    const position = await source.head();
    expect(moved).toStrictEqual({ events: EVENTS, copied: EVENTS, displaced: 0, position, isComplete: true });
    expect(hashes.source).toMatch(/^[\da-f]{64}$/);
    expect(hashes.target).toBe(hashes.source);
  });

  it('copies nothing twice, and takes what came since', async () => {
    await migrateLog(source, target, options());
    expect(await migrateLog(source, target, options())).toMatchObject({ events: EVENTS, copied: 0 });

    await source.append('contact-7', 2, [event(), event()]);
    expect(await migrateLog(source, target, options())).toMatchObject({ events: EVENTS + 2, copied: 2 });
    expect(await contentOf(target)).toStrictEqual(await contentOf(source));
  });

  it('goes on from wherever it was stopped', async () => {
    const stop = new AbortController();
    const onProgress: MigrationOptions['onProgress'] = ({ phase }) => phase === 'copying' && stop.abort();
    await expect(migrateLog(source, target, { signal: stop.signal, onProgress })).rejects.toThrow();
    const held = (await contentOf(target)).length;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(EVENTS);

    expect(await migrateLog(source, target, options())).toMatchObject({ copied: EVENTS - held, displaced: 0 });
    expect(await contentOf(target)).toStrictEqual(await contentOf(source));
  });

  it('takes what is appended to the source while it works', async () => {
    let late = 2;
    const onProgress: MigrationOptions['onProgress'] = ({ phase }) => {
      if (phase === 'copying' && late < 5) void source.append('contact-0', late++, [event()]);
    };
    expect(await migrateLog(source, target, options({ onProgress }))).toMatchObject({ events: EVENTS + 3 });
    expect(await contentOf(target)).toStrictEqual(await contentOf(source));
  });

  it('moves an empty log', async () => {
    const empty = createMemoryEventStore();
    const moved = await migrateLog(empty, createMemoryEventStore(), options());
    expect(moved).toMatchObject({ events: 0, copied: 0, position: START, isComplete: true });
    expect(moved.hashes).toStrictEqual({ source: '0'.repeat(64), target: '0'.repeat(64) });
  });

  it.each([
    ['that holds anything else', async () => void (await target.append('contact-x', NO_STREAM, [event()]))],
    [
      'that holds the event of another in a place of the source',
      async () => void (await target.append('contact-0', NO_STREAM, [event()])),
    ],
    [
      'that goes on after the source ends',
      async () => {
        await migrateLog(source, target, options());
        await target.append('contact-3', 2, [event()]);
      },
    ],
  ])('refuses a target %s, and writes nothing to it', async (_, given) => {
    await given();
    const before = await contentOf(target);
    await expect(migrateLog(source, target, options())).rejects.toMatchObject({ code: 'LOGS_DIFFER' });
    expect(await contentOf(target)).toStrictEqual(before);
  });

  describe('finds what is not the same', () => {
    const changes: readonly [string, (original: NewEvent) => NewEvent][] = [
      ['id', (original) => ({ ...original, id: randomUUID() })],
      ['type', (original) => ({ ...original, type: 'OptedOut' })],
      ['data', (original) => ({ ...original, data: { ...original.data, n: -1 } })],
      ['metadata', (original) => ({ ...original, metadata: { recordedAt: '2024-03-01T12:00:00.001Z' } })],
    ];

    /** A copy of a log in which one event in the middle is another, or absent with what follows it in its stream. */
    async function tampered(
      log: EventStore,
      change: (original: NewEvent) => NewEvent | undefined,
    ): Promise<EventStore> {
      const copy = createMemoryEventStore();
      for (const { streamId, revision, position, ...original } of await log.readAll(START, 100_000)) {
        const isMarked = streamId === 'contact-200' && revision === 2;
        const given = isMarked ? change(original) : original;
        if (given) await copy.append(streamId, revision - 1, [given]);
      }
      return copy;
    }

    it.each(changes)('one event of another %s in the target', async (_, change) => {
      const other = await tampered(source, change);
      const migrating = migrateLog(source, other, options());
      await expect(migrating).rejects.toMatchObject({ code: 'LOGS_DIFFER' });
      await expect(migrating).rejects.toThrow('at position 1000 of the source');
    });

    it.each(changes)('one event of another %s in the source', async (_, change) => {
      await migrateLog(source, target, options());
      const other = await tampered(source, change);
      await expect(migrateLog(other, target, options())).rejects.toMatchObject({ code: 'LOGS_DIFFER' });
    });

    it('an event that is missing in the source', async () => {
      await migrateLog(source, target, options());
      const other = await tampered(source, () => undefined);
      await expect(migrateLog(other, target, options())).rejects.toThrow('is not in the source');
    });

    it('an event that is missing in the target, which a check tells and a run puts back', async () => {
      const other = await tampered(source, () => undefined);
      const checked = await compareLogs(source, other, options());
      expect(checked).toMatchObject({ isComplete: false, events: EVENTS - 1, position: 999 });
      expect(checked.hashes.target).not.toBe(checked.hashes.source);
      expect((await contentOf(other)).length).toBe(EVENTS - 1);

      // It now stands at the end of the log, and that is told.
      expect(await migrateLog(source, other, options())).toMatchObject({ copied: 1, displaced: 1, isComplete: true });
    });

    it('a target that forgets what it took', async () => {
      const forgetful: EventStore = {
        ...target,
        appendEach: async (appends) => appends.map(() => ({ revision: 0, position: 0 })),
      };
      await expect(migrateLog(source, forgetful, options())).rejects.toMatchObject({ code: 'LOGS_DIFFER' });
    });
  });
});

describe('moving a log to EventStoreDB', () => {
  let server: EventStoreDbServer;
  let source: EventStore;
  let target: EventStore;
  beforeEach(async () => {
    server = await startEventStoreDbServer();
    source = createMemoryEventStore();
    await fill(source);
    const { connectionString } = server;
    target = await openEventStoreDb({
      connectionString,
      streamPrefixes: ['contact-'],
      retryForMs: 50,
      answerTimeoutMs: 200,
    });
  });
  afterEach(async () => {
    await target.close();
    await server.stop();
  });

  it('and back leaves the log that was there', async () => {
    server.log.writeOwn();
    await migrateLog(source, target, options());
    server.log.writeOwn();
    const again = createMemoryEventStore();
    const { hashes } = await migrateLog(target, again, options());

    expect(await again.readAll(START, 100_000)).toStrictEqual(await source.readAll(START, 100_000));
    expect((await compareLogs(source, again, options())).hashes).toStrictEqual(hashes);
  });

  it('lives through connections that are cut, and through a server that is away for a while', async () => {
    let away: Promise<void> | undefined;
    let isBack = false;
    let compared = 0;
    const onProgress: MigrationOptions['onProgress'] = ({ phase }) => {
      if (phase === 'copying') away ??= server.goAway();
      else if (++compared === EVENTS / 2) server.cut();
    };
    const onInterrupted = () => {
      if (!away || isBack) return;
      isBack = true;
      void away.then(() => server.comeBack());
    };
    server.failNextAppends('cut-after-writing', 'cut-before-writing');
    expect(await migrateLog(source, target, options({ onProgress, onInterrupted }))).toMatchObject({
      events: EVENTS,
    });
    expect(isBack).toBe(true);
    expect(byPlace(await contentOf(target))).toStrictEqual(byPlace(await contentOf(source)));
  });

  it('keeps every stream whole, and what must stand in order in its place, when the server is too busy for some appends', async () => {
    server.failNextAppends('busy', 'busy', 'busy');
    const isLandmark = ({ streamId }: RecordedEvent) => streamId === 'contact-300';
    const moved = await migrateLog(source, target, options({ isLandmark }));

    expect(moved).toMatchObject({ events: EVENTS });
    expect(moved.displaced).toBeGreaterThan(0);
    expect(moved.hashes.target).toBe(moved.hashes.source);
    const [before, after] = [await contentOf(source), await contentOf(target)];
    expect(byPlace(after)).toStrictEqual(byPlace(before));
    const whereLandmarksStand = (log: typeof before) =>
      log.flatMap(({ streamId }, index) => (streamId === 'contact-300' ? [index] : []));
    expect(whereLandmarksStand(after)).toStrictEqual(whereLandmarksStand(before));
    expect(after).not.toStrictEqual(before);
  });

  it('gives up when nothing comes of trying again, and says why', async () => {
    await server.goAway();
    await expect(migrateLog(source, target, options({ patienceMs: 1 }))).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    });
    await server.comeBack();
  });
});

function byPlace(events: readonly Omit<RecordedEvent, 'position'>[]) {
  return [...events].sort((a, b) =>
    a.streamId === b.streamId ? a.revision - b.revision : a.streamId < b.streamId ? -1 : 1,
  );
}
