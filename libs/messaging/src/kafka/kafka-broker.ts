import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs';
import type { BrokerListener, MessageBroker, TopicMessages, TopicSettings } from '../message-broker.js';
import { Hearing } from './hearing.js';
import { keysOf } from './keys-of.js';
import { progressOf } from './progress.js';
import { clientConfiguration, producerConfiguration, type KafkaSettings } from './settings.js';
import { takeMessages } from './take-messages.js';
import { ensureTopics, notCompacted } from './topics.js';
import { Turns } from './turns.js';

export interface KafkaBrokerOptions extends KafkaSettings, BrokerListener {}

/** Topics on a Kafka cluster. Nothing is connected before it is used. */
export function openKafkaBroker(options: KafkaBrokerOptions): MessageBroker {
  const kafka: Kafka = new kafkajs.Kafka(clientConfiguration(options));
  const hearing = new Hearing(options, () => answers(kafka));
  const admin = connection(() => kafka.admin(), hearing);
  const producer = connection(() => kafka.producer(producerConfiguration), hearing);

  return {
    state: () => hearing.state,
    refusals: () => hearing.refusals,
    takeTurns: (name, work, signal) => new Turns(kafka, name, work, hearing).take(signal),
    take: (what, take, signal) => takeMessages(kafka, what, take, hearing, signal),
    keysOf: (wanted, signal) => keysOf(kafka, wanted, hearing, signal),
    send: ({ topic, messages }: TopicMessages) =>
      producer.use(`the topic ${topic}`, async (one) => void (await one.send({ topic, messages: [...messages] }))),
    ensureTopics: (topics) => admin.use('making topics', (one) => prepareTopics(one, topics, hearing)),
    progressOf: (topics) => admin.use('looking at groups', (one) => progressOf(one, topics)),
    async close() {
      await Promise.all([admin.close(), producer.close()]);
    },
  };
}

/** Makes the topics, and tells of those that somebody else has made so that they lose what they are to keep. */
async function prepareTopics(admin: Admin, wanted: readonly TopicSettings[], hearing: Hearing): Promise<void> {
  await ensureTopics(admin, wanted);
  const faulty = new Set(await notCompacted(admin, wanted));
  for (const { topic } of wanted)
    if (faulty.has(topic)) hearing.refused({ what: `compacting the topic ${topic}`, code: 'NOT_COMPACTED' });
    else hearing.heard(`compacting the topic ${topic}`);
}

async function answers(kafka: Kafka): Promise<boolean> {
  const admin = kafka.admin();
  const isReached = await admin.connect().then(
    () => true,
    () => false,
  );
  await admin.disconnect().catch(() => undefined);
  return isReached;
}

/** One connection for all who use it; one that failed is replaced by a new one at the next use. */
function connection<C extends Admin | Producer>(make: () => C, hearing: Hearing) {
  let connected: Promise<C> | undefined;
  const connect = () => {
    if (connected) return connected;
    const client = make();
    const connecting = client.connect().then(() => client);
    connected = connecting;
    return connecting;
  };
  const close = async () => {
    const closing = connected;
    connected = undefined;
    await closing?.then((client) => client.disconnect()).catch(() => undefined);
  };
  return {
    async use<T>(what: string, work: (client: C) => Promise<T>): Promise<T> {
      const using = connect();
      try {
        const done = await work(await using);
        hearing.heard(what);
        return done;
      } catch (error) {
        await hearing.failed(what, error);
        if (connected === using) await close();
        throw error;
      }
    },
    close,
  };
}
