import { setTimeout as delay } from 'node:timers/promises';
import type { EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import type { IncomingMessage, TakeMessages } from '../message-broker.js';
import { holdSession } from './consumer-session.js';
import type { Hearing } from './hearing.js';
import { Aborted } from './patience.js';
import { consumerConfiguration } from './settings.js';

/** How many messages of a partition are handed over at a time, and acknowledged together. */
const AT_ONCE = 100;

/** Takes a topic for a group until `signal` aborts: acknowledged is what was taken, and what was not comes again. */
export function takeMessages(
  kafka: Kafka,
  { group, topic }: { readonly group: string; readonly topic: string },
  take: TakeMessages,
  hearing: Hearing,
  signal: AbortSignal,
): Promise<void> {
  const eachBatch = (payload: EachBatchPayload) => takeBatch(payload, take, signal);
  return holdSession(
    kafka,
    { groupId: group, topic, run: { eachBatch, eachBatchAutoResolve: false }, hearing },
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

/**
 * Tells the group that this member is there while the work goes on. Once it is one no more the work is called off, and what
 * the group said is thrown: the client joins again at once then, and would else begin the same work anew.
 */
async function whileBeating(
  payload: EachBatchPayload,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const off = new AbortController();
  const ended = new AbortController();
  const beating = beat(payload, off, ended.signal);
  try {
    await work(AbortSignal.any([signal, off.signal]));
  } catch (error) {
    throw off.signal.aborted ? off.signal.reason : error;
  } finally {
    ended.abort();
    await beating;
  }
}

/** Also while work that was called off comes to its end: a member that is silent would be missed. */
async function beat(
  { heartbeat, isRunning }: EachBatchPayload,
  off: AbortController,
  ended: AbortSignal,
): Promise<void> {
  for (;;) {
    await delay(consumerConfiguration.heartbeatInterval, undefined, { signal: ended }).catch(() => undefined);
    if (ended.aborted) return;
    if (isRunning()) await heartbeat().catch((error: unknown) => off.abort(error));
    else off.abort(new Aborted());
  }
}

function incomingOf({ key, value, offset }: KafkaMessage, topic: string, partition: number): IncomingMessage {
  return { topic, partition, offset, key: key?.toString(), value: value?.toString() };
}
