import { setTimeout as delay } from 'node:timers/promises';
import { topicSettings, type MessageBroker, type Topics } from '@consent-ledger/messaging';
import type { Logger } from '@consent-ledger/platform';

/** Milliseconds between two tries to make the topics, while the broker is away, and while it refuses. */
const PATIENCE = 1_000;
const LONG_PATIENCE = 60_000;

/** The relay, or what takes a topic: it finds the broker by itself, however often that goes away. */
export interface Part {
  start(): void;
  stop(): Promise<void>;
}

/** What a worker does with Kafka for as long as it runs. While the broker is away everything else goes on. */
export class Exchange {
  private readonly stopping = new AbortController();
  private starting: Promise<void> = Promise.resolve();

  constructor(
    private readonly broker: MessageBroker,
    private readonly topics: Topics,
    private readonly parts: readonly Part[],
    private readonly logger: Logger,
  ) {}

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
      if (isMade && this.broker.refusals().every(({ code }) => code !== 'NOT_COMPACTED')) return;
      await delay(hasBegun ? LONG_PATIENCE : PATIENCE, undefined, { signal }).catch(() => undefined);
    }
  }

  private async topicsAreThere(): Promise<boolean> {
    try {
      await this.broker.ensureTopics(topicSettings(this.topics));
      return true;
    } catch (error) {
      if (this.broker.state() === 'connected')
        this.logger.warn('Topics could not be made on the Kafka cluster: make those that are missing', { error });
      return false;
    }
  }
}
