import type { Ledger } from '@consent-ledger/application';
import {
  brokerTrouble,
  openMessageBroker,
  readConsentRequest,
  readMailJob,
  refusalAdvice,
  Relay,
  stateAdvice,
  topicsOf,
  type BrokerListener,
  type ConsentRequest,
  type MailJob,
  type MessageBroker,
  type Topics,
} from '@consent-ledger/messaging';
import type { Logger } from '@consent-ledger/platform';
import type { CommandBus } from '@nestjs/cqrs';
import { Exchange } from './exchange.js';
import { Intake } from './intake.js';
import { knownContacts } from './known-contacts.js';
import { commandOf, factOf } from './request-commands.js';
import { mailingOf, takeMailJob, type MailJobDependencies } from './take-mail-job.js';

/**
 * The groups in which all workers of a log share what comes in: one for each topic, because kafkajs assigns the topics of one
 * member to all members of its group.
 */
const REQUESTS_GROUP = 'consent-ledger.requests';
const MAIL_JOBS_GROUP = 'consent-ledger.mail-jobs';

/** What requests and jobs are carried out by. */
export interface ExchangeDependencies extends Pick<MailJobDependencies, 'templates' | 'recipients'> {
  readonly commands: CommandBus;
}

/** Where everything is taken from and published to. */
interface Place {
  readonly broker: MessageBroker;
  readonly topics: Topics;
  readonly prefix: string;
}

/** The exchange that the settings ask for; `undefined` where they name no broker. */
export function openExchange(ledger: Ledger, dependencies: ExchangeDependencies): Exchange | undefined {
  const { configuration, logger, metrics } = ledger;
  const broker = openMessageBroker(configuration, teller(logger));
  if (!broker) return undefined;
  const { KAFKA_TOPIC_PREFIX: prefix = '' } = configuration;
  const place = { broker, topics: topicsOf(prefix), prefix };
  const relay = relayOf(ledger, place);
  metrics.watchLag('kafka-relay', async () => (await relay.behindMs()) / 1000);
  ledger.otherChecks.set('kafka', () => brokerTrouble(broker) ?? 'ok');
  const parts = [relay, requestsOf(ledger, place, dependencies), mailJobsOf(ledger, place, dependencies)];
  return new Exchange(broker, place.topics, parts, logger);
}

function relayOf({ store, policies, clock, logger, preferences, mailings }: Ledger, { broker, topics }: Place): Relay {
  return new Relay({
    broker,
    topics,
    name: topics.relay,
    store,
    contacts: knownContacts(preferences),
    findDelivery: (deliveryId) => mailings.view.delivery(deliveryId),
    policies,
    clock,
    logger,
  });
}

/** Takes requests from their topic and carries them out. */
export function requestsOf(
  { contactIds, clock, logger }: Pick<Ledger, 'contactIds' | 'clock' | 'logger'>,
  { broker, topics, prefix }: Place,
  { commands }: { readonly commands: Pick<CommandBus, 'execute'> },
): Intake<ConsentRequest> {
  return new Intake<ConsentRequest>({
    broker,
    group: prefix + REQUESTS_GROUP,
    topic: topics.requests,
    refusedTopic: topics.requestsRefused,
    read: readConsentRequest,
    subjectOf: (request) => factOf(request, contactIds).contactId,
    async execute(request) {
      await commands.execute(commandOf(request, factOf(request, contactIds)));
      return undefined;
    },
    clock,
    logger,
  });
}

function mailJobsOf(
  { clock, logger }: Ledger,
  { broker, topics, prefix }: Place,
  dependencies: ExchangeDependencies,
): Intake<MailJob> {
  return new Intake<MailJob>({
    broker,
    group: prefix + MAIL_JOBS_GROUP,
    topic: topics.mailJobs,
    refusedTopic: topics.mailJobsRefused,
    read: readMailJob,
    subjectOf: mailingOf,
    execute: (job, signal) => takeMailJob(job, { ...dependencies, outcomes: topics.mailOutcomes, clock }, signal),
    clock,
    logger,
  });
}

function teller(logger: Logger): BrokerListener {
  return {
    onState(state) {
      if (state === 'connected') logger.info('The Kafka broker answers');
      else if (state === 'away') logger.warn('The Kafka broker does not answer: it is asked again until it does');
      else logger.error(`Kafka: ${stateAdvice(state)}`);
    },
    onRefusal: (refusal) => logger.warn(`Kafka: ${refusalAdvice(refusal)}`),
  };
}
