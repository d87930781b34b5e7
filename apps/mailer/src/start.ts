import type { Configuration } from '@consent-ledger/platform';
import { startBackground, type BackgroundProcess, type Overrides } from '@consent-ledger/process';
import { Module } from '@nestjs/common';
import { MailerModule } from './mailer.module.js';

/** The mailer alone in a process. */
@Module({})
class MailerProcessModule {}

/** Starts the mailer in a process of its own. Rejects with `ConfigurationError` where it would share no log with the others. */
export function startMailer(configuration: Configuration, overrides: Overrides = {}): Promise<BackgroundProcess> {
  return startBackground(
    'mailer',
    ({ application, templates }) => ({
      module: MailerProcessModule,
      imports: [application, MailerModule.with(templates)],
    }),
    configuration,
    overrides,
  );
}
