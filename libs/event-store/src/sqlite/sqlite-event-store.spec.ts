import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventStoreContract, sharedLogContract } from '../event-store.contract.js';
import { NO_STREAM, START, type NewEvent } from '../event-store.js';
import type { CommitStats } from './group-commit.js';
import { openLogFile } from './log-file.js';
import { openSqliteEventStore } from './sqlite-event-store.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'event-store-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const newPath = () => join(folder, `${randomUUID()}.db`);
const event = (): NewEvent => ({ id: randomUUID(), type: 'Happened', data: {}, metadata: {} });

eventStoreContract('The SQLite adapter', async () => openSqliteEventStore({ path: newPath() }));

sharedLogContract('An SQLite file', async () => {
  const path = newPath();
  return async () => openSqliteEventStore({ path, pollIntervalMs: 5 });
});

describe('an SQLite log', () => {
  it('has its head at the start when it is empty', async () => {
    const store = openSqliteEventStore({ path: newPath() });

    expect(await store.head()).toBe(START);
    await store.close();
  });

  it('commits together what arrives together, and says so', async () => {
    const commits: CommitStats[] = [];
    const store = openSqliteEventStore({ path: newPath(), onCommit: (stats) => commits.push(stats) });

    await Promise.allSettled([
      store.append('a', NO_STREAM, [event(), event()]),
      store.append('b', NO_STREAM, [event()]),
      store.append('b', NO_STREAM, [event()]),
    ]);

    expect(commits).toStrictEqual([{ appends: 2, events: 3, seconds: expect.any(Number) }]);
    await store.close();
  });

  it('commits together what was decided after reads that arrived together', async () => {
    const commits: CommitStats[] = [];
    const store = openSqliteEventStore({ path: newPath(), onCommit: (stats) => commits.push(stats) });
    const record = async (stream: string) => {
      const standing = await store.readStream(stream);
      await store.append(stream, standing.at(-1)?.revision ?? NO_STREAM, [event()]);
    };

    await Promise.all(['a', 'b', 'c'].map(record));
    await Promise.all(['a', 'b', 'd'].map(record));

    expect(commits.map(({ appends }) => appends)).toStrictEqual([3, 3]);
    await store.close();
  });

  it('answers the reads that wait when it is closed', async () => {
    const store = openSqliteEventStore({ path: newPath() });
    await store.append('a', NO_STREAM, [event()]);

    const reading = store.readStream('a');
    await store.close();

    expect(await reading).toHaveLength(1);
  });

  it('fails the read of a damaged event alone, not those that it shared its transaction with', async () => {
    const path = newPath();
    const store = openSqliteEventStore({ path });
    await Promise.all(['a', 'b'].map((stream) => store.append(stream, NO_STREAM, [event()])));
    const saboteur = openLogFile(path);
    saboteur.exec(`UPDATE events SET data = '{"secret' WHERE stream_id = 'a'`);
    saboteur.close();

    const [damaged, sound] = await Promise.allSettled([store.readStream('a'), store.readStream('b')]);

    expect([damaged.status, sound.status]).toStrictEqual(['rejected', 'fulfilled']);
    await store.close();
  });

  it('bounds how much one commit takes', async () => {
    const commits: CommitStats[] = [];
    const store = openSqliteEventStore({ path: newPath(), onCommit: (stats) => commits.push(stats) });
    const thousand = () => Array.from({ length: 1000 }, event);

    await Promise.all(['a', 'b', 'c'].map((stream) => store.append(stream, NO_STREAM, thousand())));
    await store.append('d', NO_STREAM, Array.from({ length: 2000 }, event));

    expect(commits.map(({ events }) => events)).toStrictEqual([1000, 1000, 1000, 2000]);
    await store.close();
  });

  it('fails every append of a commit that fails, and keeps none of them', async () => {
    const path = newPath();
    const store = openSqliteEventStore({ path });
    const saboteur = openLogFile(path);
    saboteur.exec(
      `CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.stream_id = 'b' BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`,
    );
    const [a, b] = [[event()], [event()]];

    const failed = await Promise.allSettled([store.append('a', NO_STREAM, a), store.append('b', NO_STREAM, b)]);
    saboteur.exec('DROP TRIGGER full');
    saboteur.close();

    for (const result of failed)
      expect(result).toMatchObject({ status: 'rejected', reason: { cause: { message: 'disk full' } } });
    expect(await store.head()).toBe(START);
    expect(await store.append('a', NO_STREAM, a)).toStrictEqual({ revision: 0, position: 0 });
    expect(await store.append('b', NO_STREAM, b)).toStrictEqual({ revision: 0, position: 1 });
    await store.close();
  });

  it('names the position of an event that is damaged, and nothing of what it holds', async () => {
    const path = newPath();
    const store = openSqliteEventStore({ path });
    await store.append('a', NO_STREAM, [event()]);
    const saboteur = openLogFile(path);
    saboteur.exec(`UPDATE events SET data = '{"secret'`);
    saboteur.close();

    const reading = store.readAll(START, 1);
    await expect(reading).rejects.toThrow('position 0 is damaged');
    await expect(reading).rejects.not.toThrow('secret');
    await store.close();
  });
});
