export * from './worker.js';
export * from './worker.module.js';
