import { setTimeout as delay } from 'node:timers/promises';
import {
  refusedMessage,
  type IncomingMessage,
  type MessageBroker,
  type Read,
  type RefusalReason,
  type TopicMessages,
} from '@consent-ledger/messaging';
import { Problem, storageFaultIn, type Clock, type Logger, type ProblemCode } from '@consent-ledger/platform';
import { InvalidAddress } from '@consent-ledger/privacy';

export interface IntakeOptions<T> {
  readonly broker: MessageBroker;
  readonly group: string;
  readonly topic: string;
  /** Where it is told what was not taken. */
  readonly refusedTopic: string;
  readonly read: (text: string | undefined) => Read<T>;
  /** What is about the same is dealt with in its order. Throws `InvalidAddress`. */
  readonly subjectOf: (request: T) => string;
  /**
   * Resolves to what is to be told of the request, if anything is. Rejects with a `Problem` for what is refused, or once
   * `signal` aborts; what else it rejects with is tried again.
   */
  readonly execute: (request: T, signal: AbortSignal) => Promise<TopicMessages | undefined>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 5_000;
/** How often a request is tried that fails by no fault of a store, or whose refusal may pass; then others come after it. */
const MOST_TRIES = 5;

/** Refusals that may pass: others write to the contact just now, or another process has published what is meant. */
const MAY_PASS: ReadonlySet<ProblemCode> = new Set(['CONFLICT', 'UNKNOWN_PURPOSE', 'UNKNOWN_STATEMENT']);

/** A message that can be dealt with. */
interface Readable<T> {
  readonly message: IncomingMessage;
  readonly request: T;
}

/**
 * Takes requests from a topic. One is acknowledged once its effect is durable, or once it is told why it is refused; while a
 * store is away it waits. Several workers share the partitions; the same request may come to two, and counts once.
 */
export class Intake<T extends { readonly id: string }> {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: IntakeOptions<T>) {}

  start(): void {
    const { broker, group, topic } = this.options;
    const take = (messages: readonly IncomingMessage[], signal: AbortSignal) => this.take(messages, signal);
    this.running = broker.take({ group, topic }, take, this.stopping.signal);
  }

  /** Finishes nothing more: what was not acknowledged comes again. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Those about one contact one after another, and the contacts together. */
  async take(messages: readonly IncomingMessage[], signal: AbortSignal): Promise<void> {
    const queues = new Map<string, Readable<T>[]>();
    const refusals: Promise<void>[] = [];
    for (const message of messages) {
      const read = this.read(message);
      if ('refused' in read) {
        refusals.push(this.tell(this.refusalOf(message, read.refused, read.id), signal));
        continue;
      }
      const { subject, request } = read;
      const queue = queues.get(subject);
      if (queue) queue.push({ message, request });
      else queues.set(subject, [{ message, request }]);
    }
    const taken = [...queues.values()].map(async (queue) => {
      for (const one of queue) await this.takeOne(one, signal);
    });
    await Promise.all([...refusals, ...taken]);
  }

  private read({ value }: IncomingMessage) {
    const read = this.options.read(value);
    if ('refused' in read) return read;
    try {
      return { request: read.request, subject: this.options.subjectOf(read.request) };
    } catch (error) {
      if (!(error instanceof InvalidAddress)) throw error;
      return { refused: { code: 'VALIDATION', fields: ['data.address'] }, id: read.request.id };
    }
  }

  private async takeOne(one: Readable<T>, signal: AbortSignal): Promise<void> {
    const outcome = await this.outcomeOf(one, signal);
    if (outcome) await this.tell(outcome, signal);
  }

  /** What is to be told of a request that was dealt with: what came of it, or why it is refused. */
  private async outcomeOf({ message, request }: Readable<T>, signal: AbortSignal): Promise<TopicMessages | undefined> {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      try {
        return await this.options.execute(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        const reason = reasonOf(error, tries);
        if (reason) return this.refusalOf(message, reason, request.id);
        // What a problem says may repeat what was sent.
        const why = error instanceof Problem ? { code: error.code } : { error };
        this.options.logger.warn('A request from Kafka could not be recorded, and is tried again', why);
        await pause(tries, signal);
      }
    }
  }

  private refusalOf(message: IncomingMessage, reason: RefusalReason, id: string | undefined): TopicMessages {
    const { refusedTopic: topic, clock, logger } = this.options;
    logger.info('A message from Kafka is refused', { code: reason.code });
    return { topic, messages: [refusedMessage(message, reason, { id, at: clock.now() })] };
  }

  /** However often that fails: what was done must not be told as refused. */
  private async tell(outcome: TopicMessages, signal: AbortSignal): Promise<void> {
    const { broker, logger } = this.options;
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      try {
        return await broker.send(outcome);
      } catch (error) {
        logger.warn('What came of a message could not be told to Kafka, and is tried again', { error });
        await pause(tries, signal);
      }
    }
  }
}

/** Why it is refused for good; `undefined` where it may be taken yet. */
function reasonOf(error: unknown, tries: number): RefusalReason | undefined {
  const isLast = tries >= MOST_TRIES;
  if (error instanceof Problem && error.status < 500)
    return MAY_PASS.has(error.code) && !isLast
      ? undefined
      : { code: error.code, fields: [...new Set(error.errors?.map(({ field }) => `data.${field}`))] };
  // What ails a store, such as a user whom the log lets in no more, ails every request: each would be refused in turn (P4).
  if (storageFaultIn(error) !== undefined || (error instanceof Problem && error.code === 'UNAVAILABLE'))
    return undefined;
  return isLast ? { code: 'INTERNAL' } : undefined;
}

async function pause(tries: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1));
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
