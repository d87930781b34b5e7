import { prepareAppend } from '../append.js';
import { refuseBadLimit } from '../event-row.js';
import { RevisionConflict, type EventStore } from '../event-store.js';
import { createGrowth } from '../growth.js';
import { DEFAULT_BATCH_SIZE, follow } from '../subscription.js';
import { openEventTable } from './event-table.js';
import { createGroupRead } from './group-read.js';
import { createGroupCommit, type CommitStats } from './group-commit.js';
import { openLogFile } from './log-file.js';

export interface SqliteEventStoreOptions {
  readonly path: string;
  /** How often, in milliseconds, a waiting subscription looks for what other processes appended (default 50). */
  readonly pollIntervalMs?: number;
  /** Called after every commit that wrote events. */
  readonly onCommit?: (stats: CommitStats) => void;
  /** Called after every commit that failed and so wrote nothing. */
  readonly onFailed?: (cause: unknown) => void;
}

/** Bounds how long one commit holds up the event loop. */
const MAX_EVENTS_PER_COMMIT = 1024;

/**
 * The log in one SQLite file, for one machine; several processes may have it open. An append that resolved survives a
 * kill and power loss. Throws `UnusableLogFile` when the file cannot serve.
 */
export function openSqliteEventStore({
  path,
  pollIntervalMs = 50,
  onCommit,
  onFailed,
}: SqliteEventStoreOptions): EventStore {
  const db = openLogFile(path);
  const table = openEventTable(db);
  const growth = createGrowth({ intervalMs: pollIntervalMs, changed: changeOf(table.dataVersion) });
  const commits = createGroupCommit({
    maxEvents: MAX_EVENTS_PER_COMMIT,
    commit: table.commit,
    onFailed,
    onCommit: (stats) => {
      growth.announce();
      onCommit?.(stats);
    },
  });
  const reads = createGroupRead(table.inOneState);
  const log = { read: table.readAll, head: table.head, growth };
  const closing = new AbortController();

  return {
    async append(streamId, expected, events) {
      closing.signal.throwIfAborted();
      const [answer] = await commits.add([prepareAppend({ streamId, expected, events })]);
      if (answer instanceof RevisionConflict) throw answer;
      return answer!;
    },
    async appendEach(appends) {
      closing.signal.throwIfAborted();
      return appends.length === 0 ? [] : commits.add(appends.map(prepareAppend));
    },
    async existing(streamIds) {
      closing.signal.throwIfAborted();
      return reads.add(() => table.existing(streamIds));
    },
    async readStream(streamId, { from = 0, limit = Number.MAX_SAFE_INTEGER } = {}) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return reads.add(() => table.readStream(streamId, from, limit));
    },
    async readAll(after, limit) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return table.readAll(after, limit);
    },
    async readAt(position) {
      closing.signal.throwIfAborted();
      return table.readAll(position - 1, 1).find((event) => event.position === position);
    },
    subscribe(after, { signal, batchSize = DEFAULT_BATCH_SIZE }) {
      refuseBadLimit(batchSize);
      return follow(log, after, batchSize, AbortSignal.any([signal, closing.signal]));
    },
    async head() {
      closing.signal.throwIfAborted();
      return table.head();
    },
    async close() {
      if (closing.signal.aborted) return;
      reads.flush();
      commits.flush();
      closing.abort(new Error('The event store is closed.'));
      db.close();
    },
  };
}

/** Whether a number has changed since it was last asked for, counted from now on. */
function changeOf(read: () => number): () => boolean {
  let seen = read();
  return () => {
    const before = seen;
    seen = read();
    return seen !== before;
  };
}
