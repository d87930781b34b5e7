import 'reflect-metadata';
import { announcementOf } from '@consent-ledger/api';
import { runProcess } from '@consent-ledger/process';
import { startStandalone } from './start.js';

await runProcess(async (configuration) => {
  const service = await startStandalone(configuration);
  const outbox = configuration.SMTP_URL ? 'the SMTP server of SMTP_URL' : `${configuration.DATA_DIR}/outbox`;
  return {
    announcement: announcementOf(service, `mail goes to             ${outbox}`),
    close: () => service.close(),
  };
});
