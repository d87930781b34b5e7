import type { ConsumerConfig, ConsumerRunConfig, Kafka } from 'kafkajs';
import { comeToEnd, unlessAborted, waitAfter } from './patience.js';
import { consumerConfiguration } from './settings.js';

export interface Session {
  readonly groupId: string;
  readonly topic: string;
  readonly run: Pick<ConsumerRunConfig, 'eachBatch' | 'eachBatchAutoResolve'>;
  readonly configuration?: Partial<ConsumerConfig>;
  /** Whether a partition was assigned to this process, whenever the members of the group changed. */
  readonly onJoined?: (isAssigned: boolean) => void;
  /** Everything of a partition up to an offset was read, whether or not any of it was handed over. */
  readonly onPassed?: (partition: number, offset: bigint) => void;
  /** The consumer has failed, or is to stop. */
  readonly onLeft?: () => Promise<void>;
  /** Whether the broker answered last. */
  readonly onHeard: (isHeard: boolean) => void;
}

/** Is a member of a consumer group until `signal` aborts; a member that fails is replaced by a new one. */
export async function holdSession(kafka: Kafka, session: Session, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    await runConsumer(kafka, session, signal, () => (failures = 0)).catch(() => undefined);
    await session.onLeft?.();
    if (signal.aborted) return;
    session.onHeard(false);
    await waitAfter(++failures, signal);
  }
}

/** Rejects when the consumer fails or `signal` aborts. */
async function runConsumer(kafka: Kafka, session: Session, signal: AbortSignal, onJoined: () => void): Promise<never> {
  const { groupId, topic, run, configuration } = session;
  const consumer = kafka.consumer({ ...consumerConfiguration, ...configuration, groupId });
  const failed = new Promise<never>((_, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
  });
  failed.catch(() => undefined);
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    onJoined();
    session.onHeard(true);
    session.onJoined?.((payload.memberAssignment[topic] ?? []).length > 0);
  });
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    session.onPassed?.(payload.partition, BigInt(payload.lastOffset));
  });
  consumer.on(consumer.events.HEARTBEAT, () => session.onHeard(true));
  const begin = async () => {
    await consumer.connect();
    signal.throwIfAborted();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    signal.throwIfAborted();
    await consumer.run({ ...run, autoCommit: false });
  };
  const begun = begin();
  try {
    await unlessAborted(begun, signal);
    return await unlessAborted(failed, signal);
  } finally {
    await comeToEnd(begun);
    await consumer.disconnect().catch(() => undefined);
  }
}
