import { ApiModule } from '@consent-ledger/api';
import { ApplicationModule, type Ledger } from '@consent-ledger/application';
import type { Templates } from '@consent-ledger/mail';
import { MailerModule } from '@consent-ledger/mailer';
import { WorkerModule } from '@consent-ledger/worker';
import { Module, type DynamicModule } from '@nestjs/common';

/** The api, the worker and the mailer in one process over the embedded ledger. */
@Module({})
export class StandaloneModule {
  static over(ledger: Ledger, templates: Templates): DynamicModule {
    const names = templates.names.filter((name) => name !== 'confirm-opt-in');
    return {
      module: StandaloneModule,
      imports: [
        ApplicationModule.over(ledger),
        ApiModule.with({ names, kind: (name) => templates.kind(name) }),
        WorkerModule,
        MailerModule.with(templates),
      ],
    };
  }
}
