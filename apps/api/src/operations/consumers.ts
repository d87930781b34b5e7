import { CLOCK, CONFIGURATION, METRICS } from '@consent-ledger/application';
import {
  openMessageBroker,
  publishedTopics,
  topicsOf,
  type ConsumerProgress,
  type MessageBroker,
} from '@consent-ledger/messaging';
import { Problem, type Clock, type Configuration, type Metrics } from '@consent-ledger/platform';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';

/** For how long the metrics show what was found before: they are read often, and must not wait for a broker. */
const FRESH_MS = 10_000;

/** Who has received what is published, and how far each is (P11). */
@Injectable()
export class Consumers implements OnApplicationShutdown {
  private readonly broker: MessageBroker | undefined;
  private readonly topics: readonly string[];
  private found: readonly ConsumerProgress[] = [];
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(
    @Inject(CONFIGURATION) configuration: Configuration,
    @Inject(METRICS) metrics: Pick<Metrics, 'watchConsumers'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.broker = openMessageBroker(configuration);
    this.topics = publishedTopics(topicsOf(configuration.KAFKA_TOPIC_PREFIX));
    if (this.broker) metrics.watchConsumers(() => this.latest());
  }

  /** Asks the broker. Throws the problem `UNAVAILABLE` when it does not answer. */
  async look(): Promise<readonly ConsumerProgress[]> {
    if (!this.broker) return [];
    try {
      this.found = byName(await this.broker.progressOf(this.topics));
      return this.found;
    } catch {
      throw new Problem('UNAVAILABLE', 'The Kafka broker does not answer. Ask again later.');
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.broker?.close();
  }

  private latest(): readonly ConsumerProgress[] {
    const now = this.clock.now();
    if (now < this.lookedAt + FRESH_MS) return this.found;
    this.lookedAt = now;
    this.look().catch(() => (this.found = []));
    return this.found;
  }
}

function byName(consumers: readonly ConsumerProgress[]): ConsumerProgress[] {
  const name = ({ consumer, topic }: ConsumerProgress) => `${consumer} ${topic}`;
  return [...consumers].sort((a, b) => (name(a) < name(b) ? -1 : 1));
}
