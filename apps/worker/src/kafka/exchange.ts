import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from '@consent-ledger/application';
import {
  openMessageBroker,
  readConsentRequest,
  readMailJob,
  Relay,
  topicSettings,
  topicsOf,
  type ConsentRequest,
  type MailJob,
  type MessageBroker,
} from '@consent-ledger/messaging';
import type { Logger } from '@consent-ledger/platform';
import type { CommandBus } from '@nestjs/cqrs';
import { Intake } from './intake.js';
import { knownContacts } from './known-contacts.js';
import { mailingOf, takeMailJob, type MailJobDependencies } from './take-mail-job.js';
import { commandOf, factOf } from './request-commands.js';

/** Milliseconds between two tries to make the topics, while the broker is away, and while it refuses. */
const PATIENCE = 1_000;
const LONG_PATIENCE = 60_000;
/** The groups in which all workers of a log share what comes in: one a topic, or members would be assigned what they do not read. */
const REQUESTS_GROUP = 'consent-ledger.requests';
const MAIL_JOBS_GROUP = 'consent-ledger.mail-jobs';

/** What a worker does with Kafka for as long as it runs. While the broker is away everything else goes on. */
export class Exchange {
  private readonly stopping = new AbortController();
  private starting: Promise<void> = Promise.resolve();

  private constructor(
    private readonly broker: MessageBroker,
    private readonly makeTopics: () => Promise<void>,
    private readonly parts: readonly { start(): void; stop(): Promise<void> }[],
    private readonly logger: Logger,
  ) {}

  /** What the settings ask for; `undefined` where they name no broker. */
  static open(
    ledger: Ledger,
    {
      commands,
      templates,
      recipients,
    }: Pick<MailJobDependencies, 'templates' | 'recipients'> & { commands: CommandBus },
  ): Exchange | undefined {
    const { configuration, logger, metrics, store, policies, clock, preferences, contactIds } = ledger;
    const broker = openMessageBroker(configuration, {
      onState: (state) => {
        if (state === 'connected') logger.info('The Kafka broker answers');
        else logger.warn('The Kafka broker does not answer: it is asked again until it does');
      },
    });
    if (!broker) return undefined;
    const prefix = configuration.KAFKA_TOPIC_PREFIX ?? '';
    const topics = topicsOf(prefix);
    const contacts = knownContacts(preferences);
    const findDelivery = (deliveryId: string) => ledger.mailings.view.delivery(deliveryId);
    const relay = new Relay({
      broker,
      topics,
      name: topics.relay,
      store,
      contacts,
      findDelivery,
      policies,
      clock,
      logger,
    });
    const requests = new Intake<ConsentRequest>({
      broker,
      group: prefix + REQUESTS_GROUP,
      topic: topics.requests,
      refusedTopic: topics.requestsRefused,
      read: readConsentRequest,
      subjectOf: (request) => factOf(request, contactIds).contactId,
      execute: (request) => commands.execute(commandOf(request, factOf(request, contactIds))),
      clock,
      logger,
    });
    const jobs = new Intake<MailJob>({
      broker,
      group: prefix + MAIL_JOBS_GROUP,
      topic: topics.mailJobs,
      refusedTopic: topics.mailJobsRefused,
      read: readMailJob,
      subjectOf: mailingOf,
      execute: (job) =>
        takeMailJob(job, { commands, templates, recipients, broker, outcomes: topics.mailOutcomes, clock }),
      clock,
      logger,
    });
    metrics.watchLag('kafka-relay', async () => (await relay.behindMs()) / 1000);
    ledger.otherChecks.set('kafka', () => told(broker));
    return new Exchange(broker, () => broker.ensureTopics(topicSettings(topics)), [relay, requests, jobs], logger);
  }

  /** Returns at once: the service does not wait for the broker. */
  start(): void {
    this.starting = this.begin();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.starting;
    await Promise.all(this.parts.map((part) => part.stop()));
    await this.broker.close();
  }

  private async begin(): Promise<void> {
    const { signal } = this.stopping;
    let hasBegun = false;
    while (!signal.aborted) {
      const isMade = await this.topicsAreThere();
      // A cluster may refuse to make topics: what has its topic works, and the rest waits for whoever makes them.
      if (!hasBegun && this.broker.state() === 'connected') {
        hasBegun = true;
        for (const part of this.parts) part.start();
      }
      if (isMade) return;
      await delay(hasBegun ? LONG_PATIENCE : PATIENCE, undefined, { signal }).catch(() => undefined);
    }
  }

  private async topicsAreThere(): Promise<boolean> {
    try {
      await this.makeTopics();
      return true;
    } catch (error) {
      if (this.broker.state() === 'connected')
        this.logger.warn('Topics could not be made on the Kafka cluster: make those that are missing', { error });
      return false;
    }
  }
}

function told(broker: MessageBroker): string {
  return broker.state() === 'connected' ? 'ok' : 'the broker does not answer: what is published and taken waits';
}
