import { START, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import Database from 'better-sqlite3';
import { CheckpointMismatch, PoisonEvent, type Projection } from './projection.js';

const KIBIBYTES_CACHED = 128 * 1024;
const BYTES_MAPPED = 2 ** 31;
const LOCK_TIMEOUT_MS = 2_000;

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
   * Lets each projection handle the events after its own checkpoint, and stores all effects and checkpoints in one
   * transaction. Throws `CheckpointMismatch` when a checkpoint is not where `checkpoints` says, `HandlerFailed` when a
   * projection throws; nothing is stored then.
   */
  apply(checkpoints: Checkpoints, events: readonly RecordedEvent[]): void;
  close(): void;
}

/** How far each projection has come. `apply` moves it along with what it stored. */
export type Checkpoints = Map<Projection, Position>;

/** A projection threw; which event it was at is not known yet. */
export class HandlerFailed extends Error {
  constructor(
    readonly projection: string,
    cause: unknown,
  ) {
    super(`Projection "${projection}" failed.`, { cause });
  }
}

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
  const put = db.prepare('INSERT OR REPLACE INTO checkpoints (name, version, position) VALUES (?, ?, ?)');
  const advance = db.prepare('UPDATE checkpoints SET position = ? WHERE name = ? AND version = ? AND position = ?');
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
    apply(checkpoints, events) {
      const last = events.at(-1);
      if (!last) return;
      inTransaction(() => {
        for (const [projection, position] of checkpoints) {
          if (position >= last.position) continue;
          handle(projection, eventsAfter(events, position));
          const { changes } = advance.run(last.position, projection.name, projection.version, position);
          if (changes === 0) throw new CheckpointMismatch(projection.name, position);
        }
      });
      for (const [projection, position] of checkpoints)
        if (position < last.position) checkpoints.set(projection, last.position);
      for (const projection of checkpoints.keys()) projection.afterCommit?.();
    },
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
    db.pragma(`cache_size = ${-KIBIBYTES_CACHED}`);
    db.pragma(`mmap_size = ${BYTES_MAPPED}`);
    db.exec(`CREATE TABLE IF NOT EXISTS checkpoints (
      name TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL
    ) WITHOUT ROWID`);
    return db;
  } catch (error) {
    db.close();
    throw isBusy(error) ? new ReadModelsInUse(path, error) : error;
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

/**
 * Applies events as `ReadModels.apply` does; when a projection throws, goes on event by event, so that what came before
 * is stored and the event that it cannot handle is known. Throws `PoisonEvent` with it.
 */
export function applyOrFindPoison(
  readModels: ReadModels,
  checkpoints: Checkpoints,
  events: readonly RecordedEvent[],
): void {
  try {
    readModels.apply(checkpoints, events);
  } catch (error) {
    if (!(error instanceof HandlerFailed)) throw error;
    for (const event of events) applyAlone(readModels, checkpoints, event);
  }
}

function applyAlone(readModels: ReadModels, checkpoints: Checkpoints, event: RecordedEvent): void {
  try {
    readModels.apply(checkpoints, [event]);
  } catch (error) {
    if (!(error instanceof HandlerFailed)) throw error;
    throw new PoisonEvent(error.projection, event.position, event.type, error.cause);
  }
}

function handle(projection: Projection, events: readonly RecordedEvent[]): void {
  try {
    projection.handle(events);
  } catch (error) {
    throw new HandlerFailed(projection.name, error);
  }
}

function eventsAfter(events: readonly RecordedEvent[], position: Position): readonly RecordedEvent[] {
  const first = events[0];
  return first && first.position > position ? events : events.filter((event) => event.position > position);
}
