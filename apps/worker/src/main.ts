import 'reflect-metadata';
import { runProcess } from '@consent-ledger/process';
import { startWorker } from './start.js';

await runProcess(async (configuration) => {
  const worker = await startWorker(configuration);
  return {
    announcement: [`consent-ledger worker works; health and metrics on ${worker.url}`],
    close: () => worker.close(),
  };
});
