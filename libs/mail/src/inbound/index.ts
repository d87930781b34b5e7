export * from './kept-mail.js';
export * from './mail-reader.js';
export * from './read-inbound.js';
