import type { ConnectionState } from './eventstoredb/connection.js';
import { openEventStoreDb } from './eventstoredb/open-eventstoredb.js';
import type { EventStore } from './event-store.js';
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
  /** Called after every commit to the file that wrote events. */
  readonly onCommit?: (stats: CommitStats) => void;
  /** Called after every commit to the file that failed and so wrote nothing. */
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
  if (url !== undefined)
    return openEventStoreDb({ connectionString: url, streamPrefixes, ...(onConnection && { onConnection }) });
  const file = openSqliteEventStore({ path, ...(onCommit && { onCommit }), ...(onFailed && { onFailed }) });
  return Object.assign(file, { connection: () => 'connected' as const });
}
