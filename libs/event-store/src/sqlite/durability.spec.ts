import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_STREAM, START, type EventStore, type RecordedEvent } from '../event-store.js';
import { openSqliteEventStore } from './sqlite-event-store.js';

const STORM = join(process.cwd(), 'dist/libs/event-store/src/sqlite/fixtures/append-storm.js');
const ROUNDS = 5;

interface Acknowledged {
  readonly streamId: string;
  readonly revision: number;
  readonly id: string;
}

describe('a log whose writer is killed', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    if (!existsSync(STORM)) throw new Error('The writing process is not built: run "npm run build" first.');
    folder = mkdtempSync(join(tmpdir(), 'durability-'));
    path = join(folder, 'log.db');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('holds every event that was acknowledged, and each append whole', async () => {
    const acknowledged: Acknowledged[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const killAfter = 1 + Math.floor(Math.random() * 1500);
      acknowledged.push(...(await storm(path, round, killAfter)));
      const recorded = await readLog(path);

      expectHeld(acknowledged, recorded);
      expectUnbroken(recorded);
      expectWholeAppends(recorded);
    }
  });

  it('takes in the appends of several processes that start and write together', async () => {
    const storms = await Promise.all([0, 1, 2, 3].map((writer) => storm(path, writer, 100)));
    const recorded = await readLog(path);

    expectHeld(storms.flat(), recorded);
    expectUnbroken(recorded);
    expectWholeAppends(recorded);
  });

  it('goes on for those who follow and write from another process', async () => {
    const store = openSqliteEventStore({ path, pollIntervalMs: 5 });
    const stop = new AbortController();
    const followed = follow(store, stop.signal, 'last');
    const stormed = storm(path, 0, 1000);
    let revision = NO_STREAM;
    for (let n = 0; n < 50; n += 1) revision = (await append(store, 'mine', revision)).revision;
    await stormed;
    await append(store, 'last', NO_STREAM);

    expect(await followed).toStrictEqual(await store.readAll(START, 1_000_000));
    stop.abort();
    await store.close();
    expectUnbroken(await readLog(path));
  });
});

/** Runs the writing process and kills it once it has acknowledged so many events; answers all that it acknowledged. */
async function storm(path: string, round: number, killAfter: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [STORM, path, `${round}`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [streamId, revision, id] = line.split(' ');
    if (id?.length !== 36) continue;
    acknowledged.push({ streamId: streamId!, revision: Number(revision), id });
    if (acknowledged.length === killAfter) child.kill('SIGKILL');
  }
  if (acknowledged.length < killAfter) throw new Error('The writing process ended before it was killed.');
  return acknowledged;
}

async function readLog(path: string): Promise<readonly RecordedEvent[]> {
  const store = openSqliteEventStore({ path });
  const recorded = await store.readAll(START, 1_000_000);
  await store.close();
  return recorded;
}

function append(store: EventStore, stream: string, expected: number) {
  return store.append(stream, expected, [
    { id: randomUUID(), type: 'Happened', data: { append: randomUUID(), of: 1 }, metadata: {} },
  ]);
}

async function follow(store: EventStore, signal: AbortSignal, until: string): Promise<RecordedEvent[]> {
  const followed: RecordedEvent[] = [];
  for await (const { events } of store.subscribe(START, { signal, batchSize: 20 })) {
    followed.push(...events);
    if (events.some(({ streamId }) => streamId === until)) break;
  }
  return followed;
}

function expectHeld(acknowledged: readonly Acknowledged[], recorded: readonly RecordedEvent[]): void {
  const held = new Set(recorded.map(({ streamId, revision, id }) => `${streamId} ${revision} ${id}`));
  expect(acknowledged.filter(({ streamId, revision, id }) => !held.has(`${streamId} ${revision} ${id}`))).toStrictEqual(
    [],
  );
}

function expectUnbroken(recorded: readonly RecordedEvent[]): void {
  const next = new Map<string, number>();
  let position = START;
  for (const event of recorded) {
    const revision = next.get(event.streamId) ?? 0;
    if (event.revision !== revision || event.position <= position)
      throw new Error(`Position ${event.position} holds revision ${event.revision}, expected ${revision}.`);
    next.set(event.streamId, revision + 1);
    position = event.position;
  }
}

function expectWholeAppends(recorded: readonly RecordedEvent[]): void {
  const held = new Map<unknown, number>();
  for (const { data } of recorded) held.set(data.append, (held.get(data.append) ?? 0) + 1);
  expect(recorded.filter(({ data }) => held.get(data.append) !== data.of)).toStrictEqual([]);
}
