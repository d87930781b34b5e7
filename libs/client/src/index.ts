export * from './client.js';
export * from './problem-error.js';
export type { components, operations, paths } from './schema.js';
