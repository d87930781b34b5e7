import { openSqliteEventStore } from '@consent-ledger/event-store';
import { openReadModels, PreferencesProjection, rebuild } from '@consent-ledger/projections';
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { answer } from './answering.js';

const directory = process.env['DATA_DIR']!;
const log = join(directory, 'log.sqlite');

/** Reads every row of the log in its order and parses the JSON in it: what any rebuild must do at least. */
function scan(): number {
  const db = new Database(log, { readonly: true });
  const startedAt = performance.now();
  let events = 0;
  for (const row of db.prepare<[], string[]>('SELECT * FROM events ORDER BY position').raw().iterate()) {
    JSON.parse(row[5]!);
    JSON.parse(row[6]!);
    events += 1;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  db.close();
  return events / seconds;
}

async function rebuildOnce(): Promise<number> {
  const path = join(directory, 'rebuilt.sqlite');
  const store = openSqliteEventStore({ path: log });
  const readModels = openReadModels(path);
  const startedAt = performance.now();
  const { handled } = await rebuild({ store, readModels, projections: [new PreferencesProjection(readModels)] });
  const seconds = (performance.now() - startedAt) / 1000;
  await store.close();
  readModels.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  return handled / seconds;
}

answer({}, { scan: () => ({ perSecond: scan() }), rebuild: async () => ({ perSecond: await rebuildOnce() }) });
