import { setTimeout as delay } from 'node:timers/promises';
import type { EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { IncomingMessage, TakeMessages } from '../message-broker.js';
import { holdSession } from './consumer-session.js';
import { consumerConfiguration } from './settings.js';

/** How many messages of a partition are handed over at a time, and acknowledged together. */
const AT_ONCE = 100;

/** Takes a topic for a group until `signal` aborts: acknowledged is what was taken, and what was not comes again. */
export function takeMessages(
  kafka: Kafka,
  { group, topic }: { readonly group: string; readonly topic: string },
  take: TakeMessages,
  onHeard: (isHeard: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  const eachBatch = (payload: EachBatchPayload) => takeBatch(payload, take, signal);
  return holdSession(
    kafka,
    { groupId: group, topic, run: { eachBatch, eachBatchAutoResolve: false }, onHeard },
    signal,
  );
}

async function takeBatch(payload: EachBatchPayload, take: TakeMessages, signal: AbortSignal): Promise<void> {
  const { batch, resolveOffset, commitOffsetsIfNecessary, isRunning, isStale } = payload;
  const { topic, partition, messages } = batch;
  for (let from = 0; from < messages.length; from += AT_ONCE) {
    if (signal.aborted || !isRunning() || isStale()) return;
    const some = messages.slice(from, from + AT_ONCE);
    const incoming = some.map((message) => incomingOf(message, topic, partition));
    await whileBeating(payload, signal, (given) => take(incoming, given));
    const last = some.at(-1)!.offset;
    resolveOffset(last);
    const next = (BigInt(last) + 1n).toString();
    await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: next }] }] });
  }
}

/** Tells the group that this member is there while the work goes on; the work is called off when it is a member no more. */
async function whileBeating(
  { heartbeat, isRunning }: EachBatchPayload,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const off = new AbortController();
  let isDone = false;
  const done = work(AbortSignal.any([signal, off.signal])).finally(() => (isDone = true));
  const watch = new AbortController();
  const beating = beat();
  try {
    await done;
  } finally {
    watch.abort();
    await beating;
  }

  async function beat(): Promise<void> {
    while (!isDone) {
      await delay(consumerConfiguration.heartbeatInterval, undefined, { signal: watch.signal }).catch(() => undefined);
      if (isDone) return;
      const isMember =
        isRunning() &&
        (await heartbeat().then(
          () => true,
          () => false,
        ));
      if (!isMember) return off.abort();
    }
  }
}

function incomingOf({ key, value, offset }: KafkaMessage, topic: string, partition: number): IncomingMessage {
  return { topic, partition, offset, key: key?.toString(), value: value?.toString() };
}
