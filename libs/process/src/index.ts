export * from './first-admin-key.js';
export * from './listening.js';
export * from './nest-logger.js';
export * from './open-service.js';
export * from './operations-server.js';
export * from './run-process.js';
export * from './start-background.js';
