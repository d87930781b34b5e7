import Database from 'better-sqlite3';
import { join } from 'node:path';
import { CONNECTIONS } from '../sizes.js';
import { answer } from './answering.js';

/** Rows as the log keeps them, of the size of a recorded opt-in. */
const db = new Database(join(process.env['DIRECTORY']!, 'raw.sqlite'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, stream_id TEXT NOT NULL,
  revision INTEGER NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, data TEXT NOT NULL, metadata TEXT NOT NULL) STRICT`);
const insert = db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
const row = JSON.parse(process.env['SAMPLE_ROW']!) as [string, number, string, string, string, string];
const milliseconds = Number(process.env['SECONDS']) * 1000;

let position = 0;
const commit = db.transaction(() => {
  for (let i = 0; i < CONNECTIONS; i++) insert.run(++position, ...row);
}).immediate;

function commitForAWhile(): number {
  const startedAt = performance.now();
  const before = position;
  while (performance.now() - startedAt < milliseconds) commit();
  return (position - before) / ((performance.now() - startedAt) / 1000);
}

answer({}, { measure: () => ({ perSecond: commitForAWhile() }) });
