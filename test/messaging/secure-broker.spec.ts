import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSettings, topicsOf, type Topics } from '@consent-ledger/messaging';
import { createRecordingLogger, selfSignedCertificate } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { createAdministrator, type Rights } from '../services/kafka/administrator.js';
import { startBroker, type Broker } from '../services/kafka/broker.js';
import { describeWithOwnBroker } from '../services/kafka/shared-broker.js';
import { createWire, newPrefix, type Wire } from '../services/kafka/wire.js';
import { eventually, startService, type TestService } from '../support/service.js';

const PASSWORD = 'the-password-of-ledger';
const GUEST_PASSWORD = 'the-password-of-guest';
const { key, certificate } = selfSignedCertificate();
const secure = {
  key,
  certificate,
  users: { ledger: PASSWORD, guest: GUEST_PASSWORD },
  superUsers: ['ledger'],
};

let directory: string;
let broker: Broker;
let authority: string;

const portOf = (brokers: string) => Number(brokers.split(':')[1]);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A service with the log-in of `ledger`, and whatever a test sets otherwise; `undefined` leaves a setting out. */
async function startSecure(settings: Readonly<Record<string, string | undefined>> = {}) {
  const prefix = newPrefix();
  const logger = createRecordingLogger();
  const all = {
    KAFKA_BROKERS: broker.secureBrokers,
    KAFKA_TOPIC_PREFIX: prefix,
    KAFKA_TLS: 'on',
    KAFKA_CA_PATH: authority,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_USERNAME: 'ledger',
    KAFKA_PASSWORD: PASSWORD,
    ...settings,
  };
  const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const service = await startService({ environment: Object.fromEntries(given), logger });
  const wire = createWire([broker.brokers]);
  closing.push(
    () => service.stop(),
    () => wire.close(),
  );
  return { service, wire, topics: topicsOf(all.KAFKA_TOPIC_PREFIX), logger };
}

const statement = { id: 'signup-form', version: 1, language: 'nl' };
const signUp = (address: string) => ({ address, purposes: ['newsletter'], statement, source: { kind: 'web-form' } });

/** Has somebody opt in by HTTP and somebody else by Kafka, and sees that both come out as facts. */
async function exchange(service: TestService, wire: Wire, topics: Topics): Promise<void> {
  await service.post('/v1/opt-ins', signUp('anna@example.org'));
  await wire.read(topics.events, 1);
  const envelope = { specversion: '1.0', id: 'r-1', source: 'urn:crm', type: 'consent-ledger.OptIn' };
  const request = { ...envelope, time: new Date().toISOString(), data: signUp('bram@example.org') };
  await wire.send(topics.requests, [{ key: 'bram', value: JSON.stringify(request) }]);
  expect(new Set((await wire.read(topics.events, 2)).map(({ key: contactId }) => contactId)).size).toBe(2);
}

const kafkaCheck = async (service: TestService) => (await service.get('/health/ready')).body.checks.kafka as string;

/** The rights that docs/how-to/publish-to-kafka.md lists, without that to make topics. */
function rightsOf(prefix: string): Rights {
  const groups = [
    'consent.relay.v1',
    'consent.relay.v1.restored',
    'consent-ledger.requests',
    'consent-ledger.mail-jobs',
  ];
  return {
    user: 'guest',
    topicPrefix: prefix,
    groups: groups.map((group) => prefix + group),
    transactionalIds: [`${prefix}consent.relay.v1`],
  };
}

const guest = { KAFKA_USERNAME: 'guest', KAFKA_PASSWORD: GUEST_PASSWORD };

describeWithOwnBroker('A broker that asks for TLS and a log-in', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ledger-broker-'));
    authority = join(directory, 'authority.pem');
    await writeFile(authority, certificate);
    broker = await startBroker({ directory, secure });
  }, 120_000);
  afterAll(async () => {
    await broker?.end('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'is published to and taken from by KAFKA_TLS and KAFKA_SASL_MECHANISM=%s (P11)',
    async (mechanism) => {
      const { service, wire, topics } = await startSecure({ KAFKA_SASL_MECHANISM: mechanism });
      await exchange(service, wire, topics);
      expect(await kafkaCheck(service)).toBe('ok');
    },
    60_000,
  );

  it.each([
    ['a wrong password', { KAFKA_PASSWORD: 'a-wrong-password' }, /refuses the log-in: check .*KAFKA_PASSWORD/],
    [
      'a wrong password by SCRAM',
      { KAFKA_PASSWORD: 'a-wrong-password', KAFKA_SASL_MECHANISM: 'scram-sha-512' },
      /refuses the log-in: check .*KAFKA_PASSWORD/,
    ],
    ['a certificate that nobody vouches for', { KAFKA_CA_PATH: undefined }, /not trusted: KAFKA_CA_PATH/],
    [
      'no log-in',
      { KAFKA_SASL_MECHANISM: undefined, KAFKA_USERNAME: undefined, KAFKA_PASSWORD: undefined },
      /ends the connection: .*KAFKA_SASL_MECHANISM/,
    ],
    ['no TLS', { KAFKA_TLS: 'off', KAFKA_CA_PATH: undefined }, /ends the connection: KAFKA_TLS/],
  ])(
    'is not reached with %s: health and log say what to do, and no password (P4)',
    async (_, settings, advice) => {
      const { service, logger } = await startSecure(settings);
      await eventually(async () => expect(await kafkaCheck(service)).toMatch(advice), 30);
      const { status, text } = await service.get('/v1/consumers');
      expect([status, text]).toStrictEqual([503, expect.stringMatching(advice)]);
      const optOut = { address: 'anna@example.org', purposes: 'all', source: { kind: 'web-form' } };
      expect((await service.post('/v1/opt-outs', optOut)).status).toBe(201);
      const logged = logger.lines.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`).join('\n');
      expect(logged).toMatch(advice);
      expect(text + logged).not.toMatch(/wrong-password|the-password/);
    },
    60_000,
  );

  it('is taken by who has no more than the rights that the manual lists (P11)', async () => {
    const prefix = newPrefix();
    const administrator = createAdministrator([broker.brokers]);
    await administrator.makeTopics(topicSettings(topicsOf(prefix)));
    await administrator.permit(rightsOf(prefix));
    const { service, wire, topics } = await startSecure({ ...guest, KAFKA_TOPIC_PREFIX: prefix });
    await exchange(service, wire, topics);
    expect(await kafkaCheck(service)).toBe('ok');
  }, 60_000);

  it('that refuses a group is told of by health, and all else goes on; once it permits it, that does too (P11)', async () => {
    const prefix = newPrefix();
    const refused = `${prefix}consent-ledger.requests`;
    const rights = rightsOf(prefix);
    const administrator = createAdministrator([broker.brokers]);
    await administrator.makeTopics(topicSettings(topicsOf(prefix)));
    await administrator.permit({ ...rights, groups: rights.groups.filter((group) => group !== refused) });
    const { service, wire, topics, logger } = await startSecure({ ...guest, KAFKA_TOPIC_PREFIX: prefix });
    await service.post('/v1/opt-ins', signUp('carla@example.org'));
    await wire.read(topics.events, 1);
    const advice = new RegExp(`the group ${refused} .*does not permit it.*give KAFKA_USERNAME the rights`);
    await eventually(async () => expect(await kafkaCheck(service)).toMatch(advice), 30);
    expect(logger.lines.filter(({ message }) => message.includes('does not answer'))).toStrictEqual([]);
    await administrator.permit(rights);
    await eventually(async () => expect(await kafkaCheck(service)).toBe('ok'), 30);
    expect(logger.lines.filter(({ message }) => advice.test(message))).toHaveLength(1);
  }, 90_000);

  it('that may not be asked to make topics is told of, with what is to be done (P11)', async () => {
    const { service } = await startSecure(guest);
    await eventually(
      async () => expect(await kafkaCheck(service)).toMatch(/making topics: the broker does not permit it/),
      30,
    );
  }, 60_000);

  it('is published to again once it is back, with what was recorded meanwhile (P4, P11)', async () => {
    const { service, wire, topics } = await startSecure({ KAFKA_SASL_MECHANISM: 'scram-sha-256' });
    await exchange(service, wire, topics);
    await wire.close();
    const ports = { port: portOf(broker.brokers), secure: { ...secure, port: portOf(broker.secureBrokers!) } };
    await broker.end('SIGKILL');
    await eventually(async () => expect(await kafkaCheck(service)).toMatch(/does not answer/), 40);
    await service.post('/v1/opt-outs', { ...signUp('anna@example.org'), statement: undefined });
    broker = await startBroker({ directory, ...ports });
    const after = createWire([broker.brokers]);
    closing.push(() => after.close());
    const types = (await after.read(topics.events, 3)).map(({ body }) => body.type);
    expect(types.sort()).toStrictEqual(['OptedIn', 'OptedIn', 'OptedOut'].map((type) => `consent-ledger.${type}`));
    await eventually(async () => expect(await kafkaCheck(service)).toBe('ok'), 40);
  }, 180_000);
});
