import {
  CLOCK,
  CONFIGURATION,
  ContactRepository,
  currentPolicy,
  Deliver,
  DeliveryRepository,
  EVENT_STORE,
  LINKS,
  LOGGER,
  MailingProgress,
  METRICS,
  POLICIES,
  PUBLIC_URL,
  RETURN_PATHS,
} from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import type { Links, ReturnPaths } from '@consent-ledger/links';
import type { MailTransport, MessageSigner, Templates } from '@consent-ledger/mail';
import {
  dkimSettings,
  domainOf,
  isAligned,
  type Clock,
  type Configuration,
  type Logger,
  type Metrics,
} from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import {
  Inject,
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { createMailRoom } from './mail-room.js';
import { readMailerName } from './mailer-name.js';
import { Mailer } from './mailer.js';
import { openSigner } from './signer.js';
import { openTransport } from './transport.js';

const TRANSPORT = Symbol('MailTransport');
const SIGNER = Symbol('MessageSigner');
const TEMPLATES = Symbol('Templates');

/** Sends mailings and confirmations. Needs the ApplicationModule beside it. */
@Module({})
export class MailerModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly mailer: Mailer;

  static with(templates: Templates): DynamicModule {
    return {
      module: MailerModule,
      providers: [
        { provide: TEMPLATES, useValue: templates },
        { provide: TRANSPORT, useFactory: openTransport, inject: [CONFIGURATION] },
        { provide: SIGNER, useFactory: openSigner, inject: [CONFIGURATION] },
      ],
    };
  }

  constructor(
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(PUBLIC_URL) publicUrl: string,
    @Inject(TRANSPORT) private readonly transport: MailTransport,
    @Inject(SIGNER) sign: MessageSigner | undefined,
    @Inject(TEMPLATES) templates: Templates,
    @Inject(LINKS) links: Links,
    @Inject(RETURN_PATHS) returnPaths: ReturnPaths,
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) metrics: Metrics,
    @Inject(LOGGER) private readonly logger: Logger,
    contacts: ContactRepository,
    deliveries: DeliveryRepository,
    progress: MailingProgress,
  ) {
    const {
      PREFERENCE_HOURS,
      MAIL_FROM,
      MAIL_UNSUBSCRIBE,
      MAIL_BOUNCES,
      MAIL_ATTEMPTS,
      MAIL_RETRY_SECONDS,
      MAIL_CONCURRENCY,
      MAIL_RATE,
      MAIL_LEASE_SECONDS,
    } = configuration;
    const name = readMailerName(configuration.DATA_DIR);
    const mailRoom = createMailRoom({
      templates,
      transport,
      links,
      returnPaths,
      sign,
      publicUrl,
      from: MAIL_FROM,
      unsubscribeBy: MAIL_UNSUBSCRIBE,
      bouncesTo: MAIL_BOUNCES,
      preferenceLinkHours: PREFERENCE_HOURS,
    });
    const deliver = new Deliver(
      { store, contacts, deliveries, policies, mailRoom, clock, metrics, logger },
      { mailer: name, attempts: MAIL_ATTEMPTS, retryAfter: MAIL_RETRY_SECONDS * 1000 },
    );
    this.mailer = new Mailer({
      name,
      deliver,
      progress,
      clock,
      logger,
      concurrency: MAIL_CONCURRENCY,
      rate: MAIL_RATE,
      lease: MAIL_LEASE_SECONDS * 1000,
    });
  }

  /** The mail server may be away: nobody else waits for it, least of all a recipient who opts out. */
  onApplicationBootstrap(): void {
    this.transport.verify().catch((error: unknown) => {
      this.logger.warn('Mail cannot be handed over now; it is tried again as it falls due', { error });
    });
    this.warnOfUnalignedSignature();
    this.mailer.start();
  }

  /** The sender may come from a policy that changes while the service runs, so this must not stop a start. */
  private warnOfUnalignedSignature(): void {
    const settings = dkimSettings(this.configuration);
    const { document } = currentPolicy(this.policies, this.clock);
    const sender = domainOf(this.configuration.MAIL_FROM ?? document.controller.email);
    if (settings && !isAligned(settings.domain, sender))
      this.logger.warn(
        'DKIM_DOMAIN is not the domain that mails are from, nor above or below it: providers will not count the signature. Set MAIL_FROM or DKIM_DOMAIN',
      );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.mailer.stop();
    await this.transport.close();
  }
}
