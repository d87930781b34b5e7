import 'reflect-metadata';
import { openLedger, openLedgerBeside } from '@consent-ledger/application';
import { readConfiguration, silentLogger, systemClock } from '@consent-ledger/platform';
import Database from 'better-sqlite3';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { addressOf } from '../population.js';
import { answer } from './answering.js';

const ROWS = Number(process.env['ROWS']);
/** As many as an import has in hand at once. */
const AT_ONCE = 1024;
const directory = process.env['DATA_DIR']!;
const configuration = readConfiguration(process.env);
const clock = systemClock();
const request = {
  preset: 'csv',
  columns: { address: 'email', status: 'status', optedInAt: 'since' },
  purposes: ['newsletter'],
  statement: { id: 'signup-form', version: 1, language: 'nl' },
} as const;
const origin = { actor: { kind: 'system' }, correlationId: 'bench' } as const;

function* file(): Generator<Buffer> {
  let text = 'email,status,since\n';
  for (let row = 0; row < ROWS; row++) {
    text += `${addressOf(row)},subscribed,2025-03-${String(1 + (row % 28)).padStart(2, '0')} 10:00:00\n`;
    if (text.length < 65_536 && row < ROWS - 1) continue;
    yield Buffer.from(text);
    text = '';
  }
}

/** Imports into a ledger of its own, so that every round has as much to do. */
async function importOnce(): Promise<number> {
  rmSync(directory, { recursive: true, force: true });
  const ledger = await openLedger({ configuration, logger: silentLogger, publicUrl: 'http://localhost:3000' });
  await ledger.start();
  await ledger.close();
  const beside = await openLedgerBeside(configuration, clock);
  const startedAt = performance.now();
  const { recorded } = await beside.importContacts.run(chunks(), request, origin);
  const seconds = (performance.now() - startedAt) / 1000;
  await beside.close();
  if (recorded !== ROWS) throw new Error(`${recorded} of ${ROWS} rows were recorded.`);
  return recorded / seconds;
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  for (const chunk of file()) yield await Promise.resolve(chunk);
}

interface Left {
  readonly tables: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** What the last import left in a file, in the order in which it was written: one row a contact in either. */
function leftIn(name: 'log' | 'vault'): Left {
  const db = new Database(join(directory, `${name}.sqlite`), { readonly: true });
  db.prepare('ATTACH ? AS log').run(join(directory, 'log.sqlite'));
  const tables = db.prepare<[], string>("SELECT sql FROM main.sqlite_schema WHERE sql LIKE 'CREATE %'").pluck().all();
  const query =
    name === 'log'
      ? "SELECT * FROM events WHERE stream_id LIKE 'contact-%' ORDER BY position"
      : "SELECT k.* FROM data_keys k JOIN log.events e ON e.stream_id = 'contact-' || k.contact_id ORDER BY e.position";
  const rows = db.prepare<[], unknown[]>(query).raw().all();
  db.close();
  return { tables, rows };
}

/** Commits the rows to a new file with these tables, and nothing else, as many at once as an import does. */
function openRaw(name: string, table: string, { tables, rows }: Left) {
  const path = join(directory, `raw-${name}.sqlite`);
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('cache_size = -65536');
  db.pragma('wal_autocheckpoint = 4096');
  for (const sql of tables) db.exec(sql);
  const insert = db.prepare(`INSERT INTO ${table} VALUES (${rows[0]!.map(() => '?').join(', ')})`);
  const commit = db.transaction((from: number) => {
    for (const row of rows.slice(from, from + AT_ONCE)) insert.run(...row);
  }).immediate;
  return { commit, close: () => db.close() };
}

/** The rows of log and vault, durably into tables and indexes as those of log and vault are. */
function appendIndexed(): number {
  const [events, keys] = [leftIn('log'), leftIn('vault')];
  const log = openRaw('log', 'events', events);
  const vault = openRaw('vault', 'data_keys', keys);
  const startedAt = performance.now();
  for (let from = 0; from < events.rows.length; from += AT_ONCE) {
    vault.commit(from);
    log.commit(from);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  for (const file of [log, vault]) file.close();
  return events.rows.length / seconds;
}

/** The rows of the log alone, durably into a table without an index, as the row of opt-ins has it. */
function appendBare(): number {
  const { tables, rows } = leftIn('log');
  const log = openRaw('log', 'events', { tables: tables.filter((sql) => sql.startsWith('CREATE TABLE')), rows });
  const startedAt = performance.now();
  for (let from = 0; from < rows.length; from += AT_ONCE) log.commit(from);
  const seconds = (performance.now() - startedAt) / 1000;
  log.close();
  return rows.length / seconds;
}

answer(
  {},
  {
    import: async () => ({ perSecond: await importOnce() }),
    indexed: () => ({ perSecond: appendIndexed() }),
    bare: () => ({ perSecond: appendBare() }),
  },
);
