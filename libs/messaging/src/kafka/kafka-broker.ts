import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka, type Producer } from 'kafkajs';
import type { BrokerState, MessageBroker, TopicMessages, TopicSettings } from '../message-broker.js';
import { keysOf } from './keys-of.js';
import { progressOf } from './progress.js';
import { clientConfiguration, producerConfiguration, type KafkaSettings } from './settings.js';
import { takeMessages } from './take-messages.js';
import { Turns } from './turns.js';

/** How long topics that were made may take to be known. */
const LOOK_EVERY_MS = 50;
const MOST_LOOKS = 100;

export interface KafkaBrokerOptions extends KafkaSettings {
  /** Told when the broker answers again, and when it does not any more. */
  readonly onState?: (state: BrokerState) => void;
}

/** Topics on a Kafka cluster. Nothing is connected before it is used. */
export function openKafkaBroker({ onState, ...settings }: KafkaBrokerOptions): MessageBroker {
  const kafka: Kafka = new kafkajs.Kafka(clientConfiguration(settings));
  let state: BrokerState = 'connecting';
  const hear = (isHeard: boolean) => {
    const now = isHeard ? 'connected' : 'away';
    if (now === state) return;
    state = now;
    onState?.(now);
  };
  const admin = connection(() => kafka.admin(), hear);
  const producer = connection(() => kafka.producer(producerConfiguration), hear);

  return {
    state: () => state,
    takeTurns: (name, work, signal) => new Turns(kafka, name, work, hear).take(signal),
    take: (what, take, signal) => takeMessages(kafka, what, take, hear, signal),
    keysOf: (wanted, signal) => keysOf(kafka, wanted, hear, signal),
    send: ({ topic, messages }: TopicMessages) =>
      producer.use(async (one) => void (await one.send({ topic, messages: [...messages] }))),
    ensureTopics: (topics) => admin.use((one) => ensureTopics(one, topics)),
    progressOf: (topics) => admin.use((one) => progressOf(one, topics)),
    async close() {
      await Promise.all([admin.close(), producer.close()]);
    },
  };
}

/** Makes the topics that are not there yet, as the cluster makes them where nothing else is said. */
async function ensureTopics(admin: Admin, wanted: readonly TopicSettings[]): Promise<void> {
  const there = new Set(await admin.listTopics());
  const missing = wanted.filter(({ topic }) => !there.has(topic));
  if (missing.length === 0) return;
  await admin.createTopics({
    waitForLeaders: false,
    topics: missing.map(({ topic, partitions, configuration = {} }) => ({
      topic,
      ...(partitions !== undefined && { numPartitions: partitions }),
      configEntries: Object.entries(configuration).map(([name, value]) => ({ name, value })),
    })),
  });
  await appeared(admin, missing);
}

/** Made is not yet known: kafkajs itself waits for leaders, but throws where a broker has not heard of a topic so far. */
async function appeared(admin: Admin, topics: readonly TopicSettings[]): Promise<void> {
  for (let tries = 0; tries < MOST_LOOKS; tries++) {
    const there = new Set(await admin.listTopics());
    if (topics.every(({ topic }) => there.has(topic))) return;
    await delay(LOOK_EVERY_MS);
  }
}

/** One connection for all who use it; one that failed is replaced by a new one at the next use. */
function connection<C extends Admin | Producer>(make: () => C, onHeard: (isHeard: boolean) => void) {
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
    async use<T>(work: (client: C) => Promise<T>): Promise<T> {
      const using = connect();
      try {
        const client = await using.catch((error: unknown) => {
          onHeard(false);
          throw error;
        });
        onHeard(true);
        return await work(client);
      } catch (error) {
        if (connected === using) await close();
        throw error;
      }
    },
    close,
  };
}
