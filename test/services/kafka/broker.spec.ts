import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { startBroker, type Broker } from './broker.js';
import { describeWithKafka, describeWithOwnBroker, kafkaBrokers } from './shared-broker.js';

const { Kafka, logLevel } = kafkajs;

let own: Broker | undefined;
let directory: string | undefined;
afterEach(async () => {
  await own?.end('SIGKILL');
  if (directory) await rm(directory, { recursive: true, force: true });
});

function clientOf(brokers: string[]) {
  return new Kafka({ brokers, logLevel: logLevel.NOTHING });
}

describeWithKafka('the broker of the tests', () => {
  it('is one for all who ask in a run', async () => {
    expect(await Promise.all([kafkaBrokers(), kafkaBrokers()])).toStrictEqual(Array(2).fill(await kafkaBrokers()));
  });
});

describeWithOwnBroker('a broker of a spec', () => {
  it('keeps its topics when it is cut off, and is found again at the same port', async () => {
    directory = await mkdtemp(join(tmpdir(), 'ledger-broker-'));
    own = await startBroker({ directory });
    const admin = clientOf([own.brokers]).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept' }] });
    await own.end('SIGKILL');
    own = await startBroker({ directory, port: Number(own.brokers.split(':')[1]) });
    expect(await admin.listTopics()).toStrictEqual(['kept']);
    await admin.disconnect();
  });
});
