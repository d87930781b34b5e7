import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START } from '@consent-ledger/event-store';
import Database from 'better-sqlite3';
import { openLogOf } from './engines.js';
import { eventually, type TestService } from './service.js';

/** All that a service keeps: the rows of every table of every file, and the names of the files beside them. */
export type Stored = Readonly<Record<string, readonly unknown[]>>;

/** What a service keeps once nothing is under way any more. */
export function settled(service: Pick<TestService, 'directory'>): Promise<Stored> {
  return eventually(async () => {
    const [before, after] = [await storedBy(service), await storedBy(service)];
    const head = (after['log events']!.at(-1) as { position: number }).position;
    const checkpoints = after['read-models.sqlite checkpoints'] as readonly { position: number }[];
    if (checkpoints.some(({ position }) => position !== head)) throw new Error('The read models are behind.');
    if (JSON.stringify(before) !== JSON.stringify(after)) throw new Error('Something is under way.');
    return after;
  });
}

/** What a service keeps now. Its files are read from a copy: it holds a lock on some of them. */
export async function storedBy({ directory }: Pick<TestService, 'directory'>): Promise<Stored> {
  const names = await readdir(directory, { recursive: true });
  const copies = await mkdtemp(join(tmpdir(), 'consent-ledger-copy-'));
  try {
    const databases = names.filter((name) => name.endsWith('.sqlite'));
    // No shared memory: it is made anew from the write-ahead log.
    const files = names.filter((name) => /\.sqlite(-wal)?$/.test(name));
    await Promise.all(files.map((name) => copyFile(join(directory, name), join(copies, name))));
    const tables = databases.flatMap((name) =>
      rowsOf(join(copies, name)).map(([table, rows]) => [`${name} ${table}`, rows]),
    );
    const log = await logOf(directory);
    return {
      ...Object.fromEntries(tables),
      'log events': log,
      files: names.filter((name) => !/\.sqlite-/.test(name)).sort(),
    };
  } finally {
    await rm(copies, { recursive: true });
  }
}

/** The log is asked for: it may be in no file. */
async function logOf(directory: string): Promise<readonly unknown[]> {
  const store = await openLogOf(directory);
  try {
    return await store.readAll(START, 1_000_000);
  } finally {
    await store.close();
  }
}

function rowsOf(path: string): [table: string, rows: unknown[]][] {
  const db = new Database(path);
  try {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
    return tables.map((table) => [table, db.prepare(`SELECT * FROM "${table}"`).all()]);
  } finally {
    db.close();
  }
}
