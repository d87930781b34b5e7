import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Consumer, type Kafka, type KafkaMessage } from 'kafkajs';

/** A message as any program reads it off a topic. */
export interface WireMessage {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** The value, parsed; `null` for a tombstone. */
  readonly body: any;
}

/** What another program on the cluster does, through the client alone. */
export interface Wire {
  /** All that was committed to a topic, once there are so many messages, in the order of each partition. */
  read(topic: string, count: number): Promise<readonly WireMessage[]>;
  /** All that is on a topic at the end, committed or not. */
  readRaw(topic: string): Promise<readonly WireMessage[]>;
  send(topic: string, messages: readonly { key: string; value: string }[]): Promise<void>;
  /** Begins to publish under a transactional id, as a process does that takes it over from another. */
  takeOver(transactionalId: string, topic: string): Promise<void>;
  /** Acknowledges everything on a topic as a group of that name. */
  acknowledge(group: string, topic: string): Promise<void>;
  /** Joins a group, takes one message of a topic, and then no more: a member that hangs. Resolves once it has the first. */
  hang(group: string, topic: string): Promise<Hanging>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** A member of a group that hangs at its second message. */
export interface Hanging {
  /** The messages that it took, in order. */
  readonly taken: readonly WireMessage[];
  goOn(): void;
}

const LONGEST_WAIT_MS = 25_000;

/** A program beside the service, on the same cluster. */
export function createWire(brokers: readonly string[]): Wire {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
  const readers = new Map<string, Promise<Reader>>();
  const hanging: (() => Promise<void>)[] = [];
  const reader = (topic: string, uncommitted: boolean) => {
    const name = `${topic} ${uncommitted}`;
    const found = readers.get(name) ?? openReader(kafka, topic, uncommitted);
    readers.set(name, found);
    return found;
  };
  return {
    read: async (topic, count) => (await reader(topic, false)).atLeast(count),
    async readRaw(topic) {
      const admin = kafka.admin();
      await admin.connect();
      const heads = await admin.fetchTopicOffsets(topic);
      await admin.disconnect();
      return (await reader(topic, true)).upTo(heads);
    },
    async send(topic, messages) {
      const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
      await producer.connect();
      await producer.send({ topic, messages: [...messages] });
      await producer.disconnect();
    },
    async takeOver(transactionalId, topic) {
      const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ key: 'claim', value: 'of another process' }] });
      await transaction.commit();
      await producer.disconnect();
    },
    async acknowledge(groupId, topic) {
      const admin = kafka.admin();
      await admin.connect();
      const partitions = (await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => ({
        partition,
        offset: high,
      }));
      await admin.setOffsets({ groupId, topic, partitions });
      await admin.disconnect();
    },
    async hang(groupId, topic) {
      const { leave, ...member } = await openHanging(kafka, groupId, topic);
      hanging.push(leave);
      return member;
    },
    async close() {
      await Promise.all(hanging.map((leave) => leave()));
      await Promise.all(
        [...readers.values()].map((open) => open.then((reader) => reader.close()).catch(() => undefined)),
      );
    },
  };
}

/** A prefix under which a spec has topics and groups of its own. */
export function newPrefix(): string {
  return `t${randomUUID().slice(0, 8)}.`;
}

interface Reader {
  atLeast(count: number): Promise<readonly WireMessage[]>;
  upTo(heads: readonly { partition: number; high: string }[]): Promise<readonly WireMessage[]>;
  close(): Promise<void>;
}

async function openReader(kafka: Kafka, topic: string, readUncommitted: boolean): Promise<Reader> {
  const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 100, readUncommitted });
  const messages: WireMessage[] = [];
  const read = new Map<number, number>();
  await consumer.connect();
  await subscribeOnceThere(consumer, topic);
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch }) => {
      read.set(batch.partition, Number(batch.lastOffset()) + 1);
      for (const message of batch.messages) messages.push(wireMessage(topic, batch.partition, message));
    },
  });
  return {
    atLeast: (count) =>
      until(
        () => messages.length >= count,
        messages,
        () => `${messages.length} of ${count}`,
      ),
    upTo: (heads) =>
      until(
        // A marker of a transaction may stand last, and is handed to nobody.
        () =>
          heads.every(({ partition, high }) => Number(high) === 0 || (read.get(partition) ?? 0) >= Number(high) - 1),
        messages,
        () => 'not all',
      ),
    close: () => consumer.disconnect(),
  };
}

function wireMessage(
  topic: string,
  partition: number,
  { key, value, offset, headers = {} }: KafkaMessage,
): WireMessage {
  const text = value === null ? null : value.toString();
  return {
    topic,
    partition,
    offset: Number(offset),
    key: key?.toString() ?? '',
    value: text,
    headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, String(header)])),
    body: text === null ? null : parsed(text),
  };
}

async function openHanging(
  kafka: Kafka,
  groupId: string,
  topic: string,
): Promise<Hanging & { leave(): Promise<void> }> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100, maxBytes: 16_384 });
  const taken: WireMessage[] = [];
  let goOn = () => {};
  const released = new Promise<void>((resolve) => (goOn = resolve));
  await consumer.connect();
  await subscribeOnceThere(consumer, topic);
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ partition, message }) => {
      if (taken.length > 0) await released;
      taken.push(wireMessage(topic, partition, message));
    },
  });
  await until(
    () => taken.length > 0,
    taken,
    () => 'none',
  );
  return {
    taken,
    goOn,
    async leave() {
      goOn();
      await consumer.disconnect();
    },
  };
}

/** The service makes its topics while it is used already. */
async function subscribeOnceThere(consumer: Consumer, topic: string): Promise<void> {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    try {
      return await consumer.subscribe({ topics: [topic], fromBeginning: true });
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(50);
    }
  }
}

async function until(isThere: () => boolean, messages: readonly WireMessage[], told: () => string) {
  const deadline = Date.now() + LONGEST_WAIT_MS;
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error(`Waited too long: ${told()} messages came.`);
    await delay(20);
  }
  return [...messages];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
