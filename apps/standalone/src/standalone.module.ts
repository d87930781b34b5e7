import { ApiModule } from '@consent-ledger/api';
import { ApplicationModule, type Ledger } from '@consent-ledger/application';
import { catalogueOf, type Templates } from '@consent-ledger/mail';
import { MailerModule } from '@consent-ledger/mailer';
import { WorkerModule } from '@consent-ledger/worker';
import { publishedSource } from '@consent-ledger/projections';
import { Module, type DynamicModule } from '@nestjs/common';

/** The api, the worker and the mailer in one process over the embedded ledger. */
@Module({})
export class StandaloneModule {
  static over(ledger: Ledger, loaded: Templates): DynamicModule {
    const templates = loaded.withPublished((reference) => publishedSource(ledger.templates, reference));
    const names = templates.names.filter((name) => name !== 'confirm-opt-in');
    const catalogue = { ...catalogueOf(templates), names };
    return {
      module: StandaloneModule,
      imports: [ApplicationModule.over(ledger, catalogue), ApiModule, WorkerModule, MailerModule.with(templates)],
    };
  }
}
