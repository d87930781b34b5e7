import Database from 'better-sqlite3';

const SCHEMA_VERSION = 1;

/** Positions are given by the writer, from 0 on; a scan of the log follows the table, a stream its index. */
const SCHEMA = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX events_by_stream ON events (stream_id, revision);
`;

const BUSY_TIMEOUT_MS = 5_000;
const MIB = 1024 * 1024;
const PAGE_BYTES = 4096;

/** The file cannot serve as the log; the message says what to do about it. */
export class UnusableLogFile extends Error {
  readonly code = 'UNUSABLE_LOG_FILE';
  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`The event log at ${path} ${why}`, options);
  }
}

/**
 * Opens the SQLite file of a log, or creates it: write-ahead log, every commit synced to disk. Throws `UnusableLogFile`
 * when the file cannot be written, is damaged, holds something else or was written by a newer version.
 */
export function openLogFile(path: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    refuseForeignFile(db, path);
    configure(db);
    writeSchema(db);
    return db;
  } catch (error) {
    db?.close();
    throw error instanceof UnusableLogFile ? error : new UnusableLogFile(path, whatToDo(error), { cause: error });
  }
}

function refuseForeignFile(db: Database.Database, path: string): void {
  // One transaction: another process may be creating the schema between the two questions.
  const { version, empty } = db.transaction(() => ({ version: schemaVersion(db), empty: isEmpty(db) }))();
  if (version > SCHEMA_VERSION)
    throw new UnusableLogFile(
      path,
      `has schema version ${version}; this release knows versions up to ${SCHEMA_VERSION}. Run the release that wrote it, or a later one.`,
    );
  if (version === 0 && !empty)
    throw new UnusableLogFile(path, 'is the database of another program. Configure another path for the log.');
}

/**
 * SQLite syncs a write-ahead log only at checkpoints unless it is told FULL: an acknowledged event must survive power loss.
 * The file is not mapped into memory: pages that are read between commits would then not stay in the cache.
 */
function configure(db: Database.Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`cache_size = ${-64 * 1024}`);
  db.pragma(`wal_autocheckpoint = ${(16 * MIB) / PAGE_BYTES}`);
  db.pragma(`journal_size_limit = ${64 * MIB}`);
}

/** Writes the version in any case: a file that cannot be written is refused now, not at the first append. */
function writeSchema(db: Database.Database): void {
  db.transaction(() => {
    if (schemaVersion(db) === 0) db.exec(SCHEMA);
    db.pragma(`user_version = ${SCHEMA_VERSION}`);
  }).immediate();
}

function schemaVersion(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

function isEmpty(db: Database.Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function whatToDo(error: unknown): string {
  const { code = '' } = error as { readonly code?: string };
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT'))
    return 'is damaged or not an SQLite file. Restore it from a backup, or configure another path.';
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_PERM'))
    return 'cannot be written. Give this user the right to write the file and the folder it lies in.';
  if (code.startsWith('SQLITE_BUSY'))
    return `was locked by another program for ${BUSY_TIMEOUT_MS / 1000} seconds. Stop that program, then start again.`;
  if (code.startsWith('SQLITE_FULL')) return 'cannot be created: the disk is full. Make room, then start again.';
  return 'cannot be opened. Check that its folder exists, and that this user may read and write it.';
}
