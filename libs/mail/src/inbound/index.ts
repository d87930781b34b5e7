export * from './read-inbound.js';
