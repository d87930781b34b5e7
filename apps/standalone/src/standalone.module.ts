import { ApiModule } from '@consent-ledger/api';
import { MailerModule } from '@consent-ledger/mailer';
import type { OpenedService } from '@consent-ledger/process';
import { WorkerModule } from '@consent-ledger/worker';
import { Module, type DynamicModule } from '@nestjs/common';

/** The api, the worker and the mailer in one process over one ledger. */
@Module({})
export class StandaloneModule {
  static over({ application, templates }: OpenedService): DynamicModule {
    return {
      module: StandaloneModule,
      imports: [application, ApiModule, WorkerModule, MailerModule.with(templates)],
    };
  }
}
