import 'reflect-metadata';
import { runProcess } from '@consent-ledger/process';
import { announcementOf, startApi } from './start.js';

await runProcess(async (configuration) => {
  const api = await startApi(configuration);
  return { announcement: announcementOf(api), close: () => api.close() };
});
