/** A message on its way out: `null` is a tombstone. */
export interface OutgoingMessage {
  readonly key: string;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Messages of one topic, in their order. */
export interface TopicMessages {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

/** A message that came in. */
export interface IncomingMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string | undefined;
  readonly value: string | undefined;
}

/** A topic as it is made where the cluster has none of that name. */
export interface TopicSettings {
  readonly topic: string;
  /** As the cluster has it, when absent. */
  readonly partitions?: number;
  readonly configuration?: Readonly<Record<string, string>>;
}

/** The right to publish, which one process has at a time: the broker gives it, and fences off whoever had it before. */
export interface Turn {
  /** The note that was published last, by whoever had the turn then; `undefined` before the first. */
  readonly note: string | undefined;
  /** Aborts when the turn is over. */
  readonly signal: AbortSignal;
  /** Publishes all or nothing, the note with it. Rejects when the turn is over or the broker is away: nothing more may be sent. */
  publish(batches: readonly TopicMessages[], note: string): Promise<void>;
}

/** How far a group of consumers has acknowledged a topic: at most so many messages it has not, over all partitions. */
export interface ConsumerProgress {
  readonly consumer: string;
  readonly topic: string;
  readonly behind: number;
}

/**
 * `away` while the broker does not answer; `hangs-up` where it never did more than end the connection, as one does that asks
 * for TLS or a log-in. Whatever it is, it is asked again until it answers.
 */
export type BrokerState = 'connecting' | 'connected' | 'away' | 'hangs-up' | 'login-refused' | 'certificate-refused';

/**
 * What a broker that answers does not do all the same: for whom (a group, a topic, …), and by what code of the protocol; or
 * `NOT_COMPACTED`, or `COORDINATOR_NOT_FOUND`, which may be for want of a right.
 */
export interface BrokerRefusal {
  readonly what: string;
  readonly code: string;
}

/** Told once of each change. */
export interface BrokerListener {
  readonly onState?: (state: BrokerState) => void;
  readonly onRefusal?: (refusal: BrokerRefusal) => void;
}

/** Takes messages of one partition, in their order; resolves once the effect of all of them is durable. */
export type TakeMessages = (messages: readonly IncomingMessage[], signal: AbortSignal) => Promise<void>;

/** Topics, as this service uses them. What fails for now is tried again until `signal` aborts; nothing is lost by it. */
export interface MessageBroker {
  /** Whether it answered last. */
  state(): BrokerState;
  /** What it answers and does not do, until it does. */
  refusals(): readonly BrokerRefusal[];
  /** Takes turns with the other processes that share the name, and does `work` in each; ends when `signal` aborts. */
  takeTurns(name: TurnName, work: (turn: Turn) => Promise<void>, signal: AbortSignal): Promise<void>;
  /**
   * Takes the messages of a topic for a group, some of a partition at a time; they are acknowledged once `take` has resolved,
   * and come again when it rejects. Ends when `signal` aborts.
   */
  take(
    what: { readonly group: string; readonly topic: string },
    take: TakeMessages,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * The keys that are wanted under which a message stands on a topic that no tombstone has followed, as far as the topic goes
   * now. Rejects when `signal` aborts.
   */
  keysOf(
    what: { readonly group: string; readonly topic: string; readonly isWanted: (key: string) => boolean },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Sends messages; resolves once every replica in sync has them. */
  send(batch: TopicMessages): Promise<void>;
  /** Makes the topics that are not there yet; one that is there and is not compacted as it should be is told as a refusal. */
  ensureTopics(topics: readonly TopicSettings[]): Promise<void>;
  /** Every group that has acknowledged something of these topics, and how far it is behind (P11). */
  progressOf(topics: readonly string[]): Promise<readonly ConsumerProgress[]>;
  close(): Promise<void>;
}

/** What turns are taken at: a topic of one partition that keeps the notes, and an id of the publisher for the broker. */
export interface TurnName {
  readonly topic: string;
  readonly id: string;
}
