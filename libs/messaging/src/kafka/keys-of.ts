import type { Kafka } from 'kafkajs';
import { holdSession } from './consumer-session.js';
import type { Hearing } from './hearing.js';

export interface KeysWanted {
  readonly group: string;
  readonly topic: string;
  readonly isWanted: (key: string) => boolean;
}

/** The keys under which a message stands on a topic that no tombstone has followed, as far as the topic goes now. */
export async function keysOf(
  kafka: Kafka,
  { group, topic, isWanted }: KeysWanted,
  hearing: Hearing,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const unread = await lastOffsets(kafka, topic);
  const keys = new Set<string>();
  const done = new AbortController();
  if (unread.size === 0) done.abort();
  const session = {
    groupId: group,
    topic,
    run: {
      eachBatch: ({ batch }: { batch: { messages: readonly { key: Buffer | null; value: Buffer | null }[] } }) => {
        for (const { key, value } of batch.messages) note(keys, key?.toString() ?? '', value !== null, isWanted);
        return Promise.resolve();
      },
    },
    /** Also over what was aborted and the marks of transactions, with one of which most topics end. */
    onPassed: (partition: number, offset: bigint) => {
      if (offset >= (unread.get(partition) ?? offset)) unread.delete(partition);
      if (unread.size === 0) done.abort();
    },
    hearing,
  };
  await holdSession(kafka, session, AbortSignal.any([signal, done.signal]));
  signal.throwIfAborted();
  return [...keys];
}

function note(keys: Set<string>, key: string, stands: boolean, isWanted: (key: string) => boolean): void {
  if (!stands) keys.delete(key);
  else if (isWanted(key)) keys.add(key);
}

/** The last offset of each partition that holds anything. */
async function lastOffsets(kafka: Kafka, topic: string): Promise<Map<number, bigint>> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    const filled = offsets.filter(({ low, high }) => BigInt(high) > BigInt(low));
    return new Map(filled.map(({ partition, high }) => [partition, BigInt(high) - 1n]));
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
