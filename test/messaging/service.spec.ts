import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicsOf } from '@consent-ledger/messaging';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cleanUp, newDirectory, startBuilt } from '../faults/built-service.js';
import { startBroker, type Broker } from '../services/kafka/broker.js';
import { describeWithKafka, describeWithOwnBroker, kafkaBrokers } from '../services/kafka/shared-broker.js';
import { createWire, newPrefix, type Wire } from '../services/kafka/wire.js';
import { eventually, startService, type TestService } from '../support/service.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await cleanUp();
});

const signUp = (address: string) => ({
  address,
  purposes: ['newsletter'],
  statement: { id: 'signup-form', version: 1, language: 'nl' },
  source: { kind: 'web-form' },
});

function wireTo(brokers: readonly string[]): Wire {
  const wire = createWire(brokers);
  closing.push(() => wire.close());
  return wire;
}

describeWithKafka('A service with KAFKA_BROKERS', () => {
  it('publishes every acknowledged fact, each contact in order, whenever it is killed (P11)', async () => {
    const brokers = await kafkaBrokers();
    const prefix = newPrefix();
    const directory = await newDirectory();
    const environment = { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix };
    const acknowledged = new Map<string, string[]>();
    for (let life = 0; life < 3; life++) {
      const service = await startBuilt(directory, environment);
      let isOver = false;
      const acting = Array.from({ length: 8 }, async (_, person) => {
        const address = `p${person}@example.org`;
        for (let turn = 0; !isOver; turn++) {
          const fact = { address, purposes: ['newsletter'], source: { kind: 'web-form' } };
          const path = turn % 2 === 0 ? '/v1/opt-ins' : '/v1/opt-outs';
          const { body } = await service.post(path, turn % 2 === 0 ? signUp(address) : fact);
          const told = acknowledged.get(body.contactId) ?? [];
          acknowledged.set(body.contactId, [...told, ...body.recorded.map(({ eventId }: any) => eventId)]);
        }
      });
      const settled = Promise.allSettled(acting);
      const count = () => [...acknowledged.values()].flat().length;
      const before = count();
      await eventually(() => expect(count()).toBeGreaterThan(before + 150));
      isOver = life === 2;
      await service.end(life === 2 ? 'SIGTERM' : 'SIGKILL');
      isOver = true;
      await settled;
    }
    await startBuilt(directory, environment);
    const topics = topicsOf(prefix);
    const wire = wireTo(brokers);
    const all = [...acknowledged.values()].flat();
    await eventually(async () => {
      const ids = new Set((await wire.read(topics.events, all.length)).map(({ body }) => body.id));
      expect(all.filter((id) => !ids.has(id))).toStrictEqual([]);
    }, 20);
    const messages = await wire.read(topics.events, 0);
    for (const contactId of acknowledged.keys()) {
      const sequence = messages.filter(({ key }) => key === contactId).map(({ body }) => Number(body.sequence));
      expect(sequence).toStrictEqual([...new Set(sequence)].sort((a, b) => a - b));
    }
  }, 120_000);
});

describeWithKafka('A request by Kafka', () => {
  it('counts for who asks the service, and comes back as a fact and a verdict (P3, P11)', async () => {
    const brokers = await kafkaBrokers();
    const prefix = newPrefix();
    const service = await startService({
      environment: { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix },
    });
    closing.push(() => service.stop());
    const topics = topicsOf(prefix);
    const wire = wireTo(brokers);
    await wire.read(topics.requests, 0);
    const type = 'consent-ledger.OptIn';
    const time = new Date().toISOString();
    const request = { specversion: '1.0', id: 'r-1', source: 'urn:crm', type, time, data: signUp('a@example.org') };
    await wire.send(topics.requests, [{ key: 'a', value: JSON.stringify(request) }]);
    const [fact] = await wire.read(topics.events, 1);
    expect(fact!.body.type).toBe(type.replace('OptIn', 'OptedIn'));
    const [verdicts] = await wire.read(topics.preferences, 1);
    expect(verdicts!.body.data.purposes.newsletter).toMatchObject({ eligible: true });
    const asked = { address: 'a@example.org', purpose: 'newsletter', consistency: 'strong' };
    expect((await service.post('/v1/eligibility', asked)).body).toMatchObject({ eligible: true, reason: 'CONSENT' });
  });
});

describeWithKafka('GET /v1/consumers', () => {
  it('shows who has received what, how far each is, and nobody who has received nothing (P11)', async () => {
    const brokers = await kafkaBrokers();
    const prefix = newPrefix();
    const service = await startService({
      environment: { KAFKA_BROKERS: brokers.join(','), KAFKA_TOPIC_PREFIX: prefix },
    });
    closing.push(() => service.stop());
    const { events } = topicsOf(prefix);
    const wire = wireTo(brokers);
    await service.post('/v1/opt-ins', signUp('a@example.org'));
    await wire.read(events, 1);
    expect((await service.get('/v1/consumers')).body).toStrictEqual({ consumers: [] });
    await wire.acknowledge(`${prefix}crm`, events);
    expect((await service.get('/v1/consumers')).body).toStrictEqual({
      consumers: [{ consumer: `${prefix}crm`, topic: events, behind: 0 }],
    });
    await service.post('/v1/opt-ins', signUp('b@example.org'));
    await wire.read(events, 2);
    const [{ behind }] = (await service.get('/v1/consumers')).body.consumers;
    expect(behind).toBeGreaterThan(0);
    await eventually(async () => {
      const { text } = await service.get('/metrics');
      expect(text).toContain(`consent_ledger_consumer_behind{consumer="${prefix}crm",topic="${events}"}`);
    }, 15);
  });

  it('answers 503 while the broker is away, and shows nobody where none is set', async () => {
    const away = await startService({ environment: { KAFKA_BROKERS: '127.0.0.1:1' } });
    closing.push(() => away.stop());
    expect((await away.get('/v1/consumers')).status).toBe(503);
    const without = await startService();
    closing.push(() => without.stop());
    expect((await without.get('/v1/consumers')).body).toStrictEqual({ consumers: [] });
  });
});

describeWithOwnBroker('A service whose broker is away', () => {
  let directory: string;
  let broker: Broker;
  let service: TestService;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ledger-broker-'));
    broker = await startBroker({ directory });
    service = await startService({ environment: { KAFKA_BROKERS: broker.brokers } });
    closing.push(
      () => rm(directory, { recursive: true, force: true }),
      () => broker.end('SIGKILL'),
      () => service.stop(),
    );
  }, 90_000);

  const kafkaHealth = async () => (await service.get('/health/ready')).body;

  it('goes on and says so, and publishes what was recorded meanwhile once it is back (P4, P11)', async () => {
    const { events } = topicsOf();
    await service.post('/v1/opt-ins', signUp('a@example.org'));
    const before = wireTo([broker.brokers]);
    await before.read(events, 1);
    await eventually(async () => expect(await kafkaHealth()).toMatchObject({ status: 'ok', checks: { kafka: 'ok' } }));
    await broker.end('SIGKILL');
    await eventually(async () => expect(await kafkaHealth()).toMatchObject({ status: 'degraded' }), 30);
    const optOut = { address: 'a@example.org', purposes: 'all', source: { kind: 'web-form' } };
    expect((await service.post('/v1/opt-outs', optOut)).status).toBe(201);
    broker = await startBroker({ directory, port: Number(broker.brokers.split(':')[1]) });
    const messages = await wireTo([broker.brokers]).read(events, 2);
    expect(messages.map(({ body }) => body.type)).toStrictEqual(['consent-ledger.OptedIn', 'consent-ledger.OptedOut']);
    await eventually(async () => expect(await kafkaHealth()).toMatchObject({ status: 'ok' }), 20);
  }, 120_000);
});
