import { CLOCK, CONFIGURATION, METRICS } from '@consent-ledger/application';
import {
  brokerTrouble,
  openMessageBroker,
  publishedTopics,
  topicsOf,
  type ConsumerProgress,
  type MessageBroker,
  type Topics,
} from '@consent-ledger/messaging';
import { Problem, type Clock, type Configuration, type Metrics } from '@consent-ledger/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';

/** For how long the metrics show what was found before: they are read often, and must not wait for a broker. */
const FRESH_MS = 10_000;

/** Who has received what is published, and how far each is (P11). */
@Injectable()
export class Consumers implements OnApplicationShutdown {
  private readonly broker: MessageBroker | undefined;
  private readonly topics: Topics;
  private found: readonly ConsumerProgress[] = [];
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(CONFIGURATION) configuration: Configuration,
    @Inject(METRICS) metrics: Pick<Metrics, 'watchConsumers'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.broker = openMessageBroker(configuration);
    this.topics = topicsOf(configuration.KAFKA_TOPIC_PREFIX);
    if (this.broker) metrics.watchConsumers(() => this.latest());
  }

  /** Asks the broker. Throws the problem `UNAVAILABLE` when it does not answer. */
  async look(): Promise<readonly ConsumerProgress[]> {
    if (!this.broker) return [];
    try {
      return byName(await this.broker.progressOf(publishedTopics(this.topics)));
    } catch {
      const why = brokerTrouble(this.broker) ?? 'the broker does not answer';
      throw new Problem('UNAVAILABLE', `Kafka: ${why}. Ask again later.`);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.broker?.close();
  }

  /** Those who read what is published, and the service itself, which reads what it is asked. */
  private latest(): readonly ConsumerProgress[] {
    const now = this.clock.now();
    if (!this.broker || now < this.lookedAt + FRESH_MS) return this.found;
    this.lookedAt = now;
    const { requests, mailJobs } = this.topics;
    this.broker.progressOf([...publishedTopics(this.topics), requests, mailJobs]).then(
      (found) => (this.found = found),
      () => (this.found = []),
    );
    return this.found;
  }
}

function byName(consumers: readonly ConsumerProgress[]): ConsumerProgress[] {
  const name = ({ consumer, topic }: ConsumerProgress) => `${consumer} ${topic}`;
  return [...consumers].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
