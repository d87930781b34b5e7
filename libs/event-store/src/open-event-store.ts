import type { ConnectionState } from './eventstoredb/connection.js';
import { AppendOutcomeUnknown, LogRefused, LogUnavailable } from './eventstoredb/errors.js';
import type { EventStoreDb } from './eventstoredb/eventstoredb-event-store.js';
import { openEventStoreDb } from './eventstoredb/open-eventstoredb.js';
import type { EventStore, NewEvent } from './event-store.js';
import type { CommitStats } from './sqlite/group-commit.js';
import { openSqliteEventStore } from './sqlite/sqlite-event-store.js';

/** The log, and whether it can be reached. */
export interface ConnectedEventStore extends EventStore {
  /** `connecting` while the server of the log does not answer; a file is always `connected`. */
  connection(): ConnectionState;
}

export interface OpenEventStoreOptions {
  /** The server (`esdb://…`, `esdb+discover://…`); a file where there is none. */
  readonly url?: string | undefined;
  /** The file that the log is in where no server is named. */
  readonly path: string;
  /** How the names of all streams of the log begin: a server may hold those of others too. */
  readonly streamPrefixes: readonly string[];
  /** Called after every commit that wrote events; on a server each append is one. */
  readonly onCommit?: (stats: CommitStats) => void;
  /** Called after every commit that failed, whether it wrote nothing or nobody said what became of it. */
  readonly onFailed?: (cause: unknown) => void;
  /** Hears when the server begins or stops to answer. */
  readonly onConnection?: (state: ConnectionState) => void;
}

/**
 * Opens the log where the configuration has it. Rejects with `UnusableLogFile` or `UnusableConnectionString`; whether a
 * server is there shows when it is first asked.
 */
export async function openEventStore(options: OpenEventStoreOptions): Promise<ConnectedEventStore> {
  const { url, path, streamPrefixes, onCommit, onFailed, onConnection } = options;
  if (url !== undefined) {
    const server = await openEventStoreDb({
      connectionString: url,
      streamPrefixes,
      ...(onConnection && { onConnection }),
    });
    return watched(server, options);
  }
  const file = openSqliteEventStore({ path, ...(onCommit && { onCommit }), ...(onFailed && { onFailed }) });
  return Object.assign(file, { connection: () => 'connected' as const });
}

function watched(store: EventStoreDb, { onCommit, onFailed }: OpenEventStoreOptions): ConnectedEventStore {
  async function watch<T>(
    appends: readonly { readonly events: readonly NewEvent[] }[],
    work: () => Promise<T>,
  ): Promise<T> {
    const startedAt = performance.now();
    try {
      const answer = await work();
      const events = appends.reduce((sum, append) => sum + append.events.length, 0);
      onCommit?.({ appends: appends.length, events, seconds: (performance.now() - startedAt) / 1000 });
      return answer;
    } catch (error) {
      if (isFaultOfTheLog(error)) onFailed?.(error);
      throw error;
    }
  }
  return {
    ...store,
    append: (streamId, expected, events) => watch([{ events }], () => store.append(streamId, expected, events)),
    appendEach: (appends) => watch(appends, () => store.appendEach(appends)),
  };
}

/** A conflict, or an append that is too large, says nothing of whether the log can be written. */
function isFaultOfTheLog(error: unknown): boolean {
  return [LogUnavailable, AppendOutcomeUnknown, LogRefused].some((fault) => error instanceof fault);
}
