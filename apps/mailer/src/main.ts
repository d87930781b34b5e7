import 'reflect-metadata';
import { runProcess } from '@consent-ledger/process';
import { startMailer } from './start.js';

await runProcess(async (configuration) => {
  const mailer = await startMailer(configuration);
  return {
    announcement: [`consent-ledger mailer works; health and metrics on ${mailer.url}`],
    close: () => mailer.close(),
  };
});
