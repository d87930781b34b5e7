export * from './event-store.js';
export * from './memory/memory-event-store.js';
export type { CommitStats } from './sqlite/group-commit.js';
export { UnusableLogFile } from './sqlite/log-file.js';
export * from './sqlite/sqlite-event-store.js';
