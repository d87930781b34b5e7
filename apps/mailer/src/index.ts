export * from './mailer.module.js';
