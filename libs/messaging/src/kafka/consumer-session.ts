import type { ConsumerConfig, ConsumerRunConfig, Kafka } from 'kafkajs';
import type { Hearing } from './hearing.js';
import { comeToEnd, unlessAborted, waitAfter } from './patience.js';
import { consumerConfiguration } from './settings.js';

export interface Session {
  readonly groupId: string;
  readonly topic: string;
  readonly run: Pick<ConsumerRunConfig, 'eachBatch' | 'eachBatchAutoResolve'>;
  readonly configuration?: Partial<ConsumerConfig>;
  /** The partitions that are assigned to this process, whenever the members of the group changed. */
  readonly onJoined?: (partitions: readonly number[]) => void;
  /** Everything of a partition up to an offset was read, whether or not any of it was handed over. */
  readonly onPassed?: (partition: number, offset: bigint) => void;
  /** The consumer has failed, or is to stop. */
  readonly onLeft?: () => Promise<void>;
  readonly hearing: Hearing;
}

/** Is a member of a consumer group until `signal` aborts; a member that fails is replaced by a new one. */
export async function holdSession(kafka: Kafka, session: Session, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const failure = await runConsumer(kafka, session, signal, () => (failures = 0)).catch((error: unknown) => error);
    await session.onLeft?.();
    if (signal.aborted) return;
    await session.hearing.failed(nameOf(session), failure);
    await waitAfter(++failures, signal);
  }
}

function nameOf({ groupId, topic }: Session): string {
  return `the group ${groupId} at the topic ${topic}`;
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
    session.hearing.heard(nameOf(session));
    session.onJoined?.(payload.memberAssignment[topic] ?? []);
  });
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    session.onPassed?.(payload.partition, BigInt(payload.lastOffset));
  });
  consumer.on(consumer.events.HEARTBEAT, () => session.hearing.heard(nameOf(session)));
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
