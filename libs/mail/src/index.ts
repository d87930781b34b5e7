export * from './compose-message.js';
export * from './mail-transport.js';
export * from './message-refused.js';
export * from './outbox.transport.js';
export * from './smtp.transport.js';
export * from './templates.js';
