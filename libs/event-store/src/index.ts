export * from './event-store.js';
export { AppendOutcomeUnknown, LogRefused, LogUnavailable, UnusableConnectionString } from './eventstoredb/errors.js';
export type { ConnectionState } from './eventstoredb/connection.js';
export type { EventStoreDb, EventStoreDbOptions } from './eventstoredb/eventstoredb-event-store.js';
export * from './eventstoredb/open-eventstoredb.js';
export * from './memory/memory-event-store.js';
export type { CommitStats } from './sqlite/group-commit.js';
export { UnusableLogFile } from './sqlite/log-file.js';
export * from './sqlite/sqlite-event-store.js';
