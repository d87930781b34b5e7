import { setTimeout as delay } from 'node:timers/promises';
import {
  brokerTrouble,
  openKafkaBroker,
  topicSettings,
  topicsOf,
  type IncomingMessage,
  type MessageBroker,
} from '@consent-ledger/messaging';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { createAdministrator } from '../services/kafka/administrator.js';
import { describeWithKafka, kafkaBrokers } from '../services/kafka/shared-broker.js';
import { createWire, newPrefix } from '../services/kafka/wire.js';
import { eventually } from '../support/service.js';

let brokers: string[];
beforeAll(async () => void (brokers = await kafkaBrokers()), 90_000);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function setUp() {
  const administrator = createAdministrator(brokers);
  const broker = openKafkaBroker({ brokers });
  const wire = createWire(brokers);
  closing.push(
    () => broker.close(),
    () => wire.close(),
  );
  const prefix = newPrefix();
  return { administrator, broker, wire, prefix, topics: topicsOf(prefix) };
}

/** Takes a topic until the test ends. */
function taking(
  broker: MessageBroker,
  what: { readonly group: string; readonly topic: string },
  take: (messages: readonly IncomingMessage[], signal: AbortSignal) => Promise<void>,
): void {
  const stopping = new AbortController();
  const taken = broker.take(what, take, stopping.signal);
  closing.push(async () => {
    stopping.abort();
    await taken;
  });
}

describeWithKafka('A topic', () => {
  it('that is not compacted, and should be, is told of until it is (P11)', async () => {
    const { administrator, broker, topics } = await setUp();
    const { preferences: topic } = topics;
    await administrator.makeTopics([{ topic }]);
    await broker.ensureTopics(topicSettings(topics));
    expect(broker.refusals()).toStrictEqual([{ what: `compacting the topic ${topic}`, code: 'NOT_COMPACTED' }]);
    expect(brokerTrouble(broker)).toMatch(/cleanup\.policy; set compact/);
    await administrator.configure(topic, { 'cleanup.policy': 'compact' });
    await eventually(async () => {
      await broker.ensureTopics(topicSettings(topics));
      expect(brokerTrouble(broker)).toBeUndefined();
    });
  });

  it('that is not there is told of, and is taken from once somebody has made it (P11)', async () => {
    const { administrator, broker, wire, prefix, topics } = await setUp();
    const { requests: topic } = topics;
    const values: (string | undefined)[] = [];
    taking(broker, { group: `${prefix}group`, topic }, async (messages) => {
      values.push(...messages.map(({ value }) => value));
    });
    await eventually(() => expect(brokerTrouble(broker)).toMatch(`${topic}: the topic is not there; make it`), 20);
    await administrator.makeTopics([{ topic }]);
    await wire.send(topic, [{ key: 'one', value: 'first' }]);
    await eventually(() => expect([values, brokerTrouble(broker)]).toStrictEqual([['first'], undefined]), 20);
  });

  it('that takes no message as large as one of ours is told of (P11)', async () => {
    const { administrator, broker, topics } = await setUp();
    const { mailOutcomes: topic } = topics;
    await administrator.makeTopics([{ topic, configuration: { 'max.message.bytes': '1000' } }]);
    const message = { key: 'one', value: 'a'.repeat(5_000) };
    await expect(broker.send({ topic, messages: [message] })).rejects.toThrow();
    expect(brokerTrouble(broker)).toMatch(/MESSAGE_TOO_LARGE.*max\.message\.bytes/);
  });

  it('is shared anew at once when another worker comes, whatever is in hand (P11)', async () => {
    const { broker, wire, prefix, topics } = await setUp();
    const { mailJobs: topic } = topics;
    await broker.ensureTopics([{ topic, partitions: 2 }]);
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await wire.send(
      topic,
      keys.map((key) => ({ key, value: key })),
    );
    const calls: string[] = [];
    const holding = (name: string) => async (_: readonly IncomingMessage[], signal: AbortSignal) => {
      calls.push(name);
      await delay(60_000, undefined, { signal });
    };
    taking(broker, { group: `${prefix}group`, topic }, holding('first'));
    await eventually(() => expect(calls).toStrictEqual(['first']), 20);
    taking(broker, { group: `${prefix}group`, topic }, holding('second'));
    await eventually(() => expect(calls).toContain('second'), 20);
    expect(calls.filter((name) => name === 'first').length).toBeLessThanOrEqual(5);
  });
});
