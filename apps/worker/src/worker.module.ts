import {
  AddRecipients,
  CLOCK,
  CONFIGURATION,
  DueDates,
  EraseStrangers,
  LEDGER,
  LINKS,
  LOGGER,
  MailingTemplates,
  ReceiveMail,
  RETURN_PATHS,
  SettleDue,
  type Ledger,
} from '@consent-ledger/application';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import { newId, type Clock, type Configuration, type Logger } from '@consent-ledger/platform';
import { Inject, Module, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Exchange } from './kafka/exchange.js';
import { openExchange } from './kafka/open-exchange.js';
import type { MailListener } from './mail-listener.js';
import { openMailListener } from './open-mail-listener.js';
import { Purger } from './purger.js';
import { Worker } from './worker.js';

/** Does what must happen without a request, takes mail, and publishes to Kafka what is recorded, and takes requests from it. Needs the ApplicationModule beside it. */
@Module({})
export class WorkerModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly worker: Worker;
  private readonly purger: Purger;
  private readonly mailListener: MailListener | undefined;
  private readonly exchange: Exchange | undefined;

  constructor(
    @Inject(LEDGER) ledger: Ledger,
    @Inject(CONFIGURATION) configuration: Configuration,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) logger: Logger,
    @Inject(LINKS) links: Links,
    @Inject(RETURN_PATHS) returnPaths: ReturnPaths,
    dueDates: DueDates,
    settleDue: SettleDue,
    eraseStrangers: EraseStrangers,
    receiveMail: ReceiveMail,
    commands: CommandBus,
    templates: MailingTemplates,
    recipients: AddRecipients,
  ) {
    this.worker = new Worker({ name: newId(), dueDates, settleDue, eraseStrangers, clock, logger });
    this.purger = new Purger({ vault: ledger.vault, logger });
    this.mailListener = openMailListener(configuration, { receiveMail, links, returnPaths, clock, logger });
    this.exchange = openExchange(ledger, { commands, templates, recipients });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.mailListener?.start();
    this.worker.start();
    this.purger.start();
    this.exchange?.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.exchange?.stop();
    await this.mailListener?.stop();
    await this.purger.stop();
    await this.worker.stop();
  }
}
