import { START, type Position } from '@consent-ledger/event-store';
import Database from 'better-sqlite3';
import { CheckpointMismatch, type Projection } from './projection.js';

const KIBIBYTES_CACHED = 128 * 1024;
const BYTES_MAPPED = 2 ** 31;
/** 16 MiB: what changed twice in between is copied, and the disk waited for, once. */
const PAGES_BETWEEN_CHECKPOINTS = 2048;
const LOCK_TIMEOUT_MS = 2_000;

/** An event of the log by its place and its id: the id tells the log apart from another one that reaches as far. */
export interface LogMark {
  readonly position: Position;
  readonly id: string;
}

/**
 * The file of read models of one process: every projection's tables beside the checkpoints that say how far each has
 * come. It holds nothing that the log does not, so it may be deleted at any time and comes back.
 */
export interface ReadModels {
  readonly db: Database.Database;
  /** Creates the tables of a projection from their DDL; those that another version of it left are dropped first. */
  createTables(name: string, version: number, tables: Readonly<Record<string, string>>): void;
  /** How far a projection has come. One that is new, or of another version, is cleared and stands at `START`. */
  openCheckpoint(projection: Projection): Position;
  /** Clears a projection and puts it back at `START`. */
  reset(projection: Projection): void;
  /**
   * Moves every checkpoint before `to` there, together with the effect that `write` has for its projection, in one
   * transaction. Throws `CheckpointMismatch` when one is not where `checkpoints` says; nothing is stored then, nor when
   * `write` throws.
   */
  commit(checkpoints: Checkpoints, to: LogMark, write: (projection: Projection, from: Position) => void): void;
  /** The last event that a projection handled; `undefined` when it stands at `START`. */
  lastHandled(projection: Projection): LogMark | undefined;
  close(): void;
}

/** How far each projection has come. `commit` moves it along with what it stored. */
export type Checkpoints = Map<Projection, Position>;

/** Two processes may not share one file of read models. */
export class ReadModelsInUse extends Error {
  readonly code = 'READ_MODELS_IN_USE';
  constructor(path: string, cause: unknown) {
    super(`The read models in ${path} are open in another process: stop it, or give this one a file of its own.`, {
      cause,
    });
  }
}

/**
 * Opens the read models, creating the file when it is not there (`:memory:` keeps them in memory). The file is locked for
 * as long as it is open, which spares every look-up two system calls. Throws `ReadModelsInUse` when it is open elsewhere.
 */
export function openReadModels(path: string): ReadModels {
  const db = openFile(path);
  const find = db.prepare<[string], { version: number; position: Position }>(
    'SELECT version, position FROM checkpoints WHERE name = ?',
  );
  const put = db.prepare(
    'INSERT OR REPLACE INTO checkpoints (name, version, position, event_id) VALUES (?, ?, ?, NULL)',
  );
  const advance = db.prepare(
    'UPDATE checkpoints SET position = ?, event_id = ? WHERE name = ? AND version = ? AND position = ?',
  );
  const findMark = db.prepare<[string], LogMark>(
    'SELECT position, event_id AS id FROM checkpoints WHERE name = ? AND event_id IS NOT NULL',
  );
  const transact = db.transaction((work: () => void) => work());
  const inTransaction = (work: () => void) => transact.immediate(work);

  const reset = (projection: Projection) => {
    inTransaction(() => {
      projection.clear();
      put.run(projection.name, projection.version, START);
    });
    projection.afterCommit?.();
  };

  return {
    db,
    createTables(name, version, tables) {
      const stored = find.get(name);
      inTransaction(() => {
        for (const [table, ddl] of Object.entries(tables)) {
          if (stored && stored.version !== version) db.exec(`DROP TABLE IF EXISTS ${table}`);
          db.exec(ddl);
        }
      });
    },
    openCheckpoint(projection) {
      const stored = find.get(projection.name);
      if (stored?.version === projection.version) return stored.position;
      reset(projection);
      return START;
    },
    reset,
    commit(checkpoints, to, write) {
      const behind = [...checkpoints].filter(([, from]) => from < to.position);
      inTransaction(() => {
        for (const [projection, from] of behind) {
          write(projection, from);
          const { changes } = advance.run(to.position, to.id, projection.name, projection.version, from);
          if (changes === 0) throw new CheckpointMismatch(projection.name, from);
        }
      });
      for (const [projection] of behind) checkpoints.set(projection, to.position);
      for (const [projection] of behind) projection.afterCommit?.();
    },
    lastHandled: ({ name }) => findMark.get(name),
    close: () => db.close(),
  };
}

function openFile(path: string): Database.Database {
  const db = new Database(path, { timeout: LOCK_TIMEOUT_MS });
  try {
    db.pragma('page_size = 8192');
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    // A power cut may take the last transactions, effect and checkpoint together; the log brings them back.
    db.pragma('synchronous = NORMAL');
    db.pragma(`wal_autocheckpoint = ${PAGES_BETWEEN_CHECKPOINTS}`);
    db.pragma(`cache_size = ${-KIBIBYTES_CACHED}`);
    db.pragma(`mmap_size = ${BYTES_MAPPED}`);
    db.exec(`CREATE TABLE IF NOT EXISTS checkpoints (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL, event_id TEXT
    ) WITHOUT ROWID`);
    return db;
  } catch (error) {
    db.close();
    throw isBusy(error) ? new ReadModelsInUse(path, error) : error;
  }
}

function isBusy(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'SQLITE_BUSY';
}
