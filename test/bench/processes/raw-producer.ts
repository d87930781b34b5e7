import { readFileSync } from 'node:fs';
import { openKafkaBroker, topicSettings, topicsOf, type TopicMessages } from '@consent-ledger/messaging';
import { newId } from '@consent-ledger/platform';
import kafkajs, { type Producer } from 'kafkajs';
import { answer } from './answering.js';

/** So many messages of each topic are in one request at most: brokers take a megabyte of one partition. */
const IN_A_REQUEST = 250;

const brokers = process.env['BROKERS']!.split(',');
/** The broker refuses the first request of a transaction while it still ends the one before: it is asked again soon. */
const retry = { retries: 6, initialRetryTime: 10, maxRetryTime: 1_000 };
const kafka = new kafkajs.Kafka({ brokers, retry, logLevel: kafkajs.logLevel.NOTHING });
const topics = openKafkaBroker({ brokers });
const transactions = readFileSync(process.env['MESSAGES']!, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as TopicMessages[]);

/** Sends what the relay sent, with the producer that it has, in as many transactions. */
async function sendAll(): Promise<number> {
  const prefix = `floor-${newId()}.`;
  await topics.ensureTopics(topicSettings(topicsOf(prefix)));
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    transactionalId: prefix,
    retry,
  });
  await producer.connect();
  await send(producer, prefix, [transactions.at(-1)!.at(-1)!]);
  const startedAt = performance.now();
  for (const transaction of transactions) await send(producer, prefix, transaction);
  const took = performance.now() - startedAt;
  await producer.disconnect();
  return took;
}

async function send(producer: Producer, prefix: string, batches: readonly TopicMessages[]): Promise<void> {
  const transaction = await producer.transaction();
  for (let first = 0; batches.some(({ messages }) => first < messages.length); first += IN_A_REQUEST)
    await transaction.sendBatch({ topicMessages: requestOf(prefix, batches, first) });
  await transaction.commit();
}

function requestOf(prefix: string, batches: readonly TopicMessages[], first: number) {
  return batches.flatMap(({ topic, messages }) => {
    const some = messages.slice(first, first + IN_A_REQUEST);
    return some.length > 0 ? [{ topic: prefix + topic, messages: some }] : [];
  });
}

answer({}, { send: async () => ({ milliseconds: await sendAll() }) });
