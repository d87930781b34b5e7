export * from './api.module.js';
export * from './http/nest-logger.js';
export * from './http/server.js';
