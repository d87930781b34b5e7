import {
  contract,
  openKafkaBroker,
  Relay,
  topicSettings,
  topicsOf,
  type KnownContacts,
  type MessageBroker,
} from '@consent-ledger/messaging';
import {
  anna,
  bram,
  by,
  createTestLedger,
  erase,
  nextPolicy,
  optIn,
  optOut,
  person,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { knownContacts } from '../../apps/worker/src/kafka/known-contacts.js';
import { describeWithKafka, kafkaBrokers } from '../services/kafka/shared-broker.js';
import { createWire, newPrefix, type Wire } from '../services/kafka/wire.js';
import { eventually } from '../support/service.js';

let brokers: string[];
beforeAll(async () => void (brokers = await kafkaBrokers()), 90_000);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A ledger with topics of its own, and what another program sees of them. */
async function setUp({ relayPartitions = 1 } = {}) {
  const ledger = await createTestLedger();
  const topics = topicsOf(newPrefix());
  const wire = createWire(brokers);
  const broker = openBroker();
  await broker.ensureTopics([{ topic: topics.relay, partitions: relayPartitions }]);
  await broker.ensureTopics(topicSettings(topics));
  closing.push(() => wire.close());
  const start = () => startRelay(ledger, openBroker(), topics);
  return { ledger, topics, wire, broker, start };
}

function openBroker(): MessageBroker {
  const broker = openKafkaBroker({ brokers });
  closing.push(() => broker.close());
  return broker;
}

function startRelay(
  ledger: TestLedger,
  broker: MessageBroker,
  topics: ReturnType<typeof topicsOf>,
  contacts: KnownContacts = knownContacts(ledger.preferences),
) {
  const { store, policies, clock, logger } = ledger;
  const findDelivery = (deliveryId: string) => ledger.mailings.view.delivery(deliveryId);
  const name = topics.relay;
  const relay = new Relay({ broker, topics, name, store, contacts, findDelivery, policies, clock, logger });
  relay.start();
  closing.push(() => relay.stop());
  return relay;
}

/** The newsletter's verdict of the last message that a contact has on the compacted topic. */
async function lastVerdict(wire: Wire, topic: string, contactId: string) {
  const mine = (await wire.read(topic, 0)).filter(({ key }) => key === contactId);
  const last = mine.at(-1);
  return last && (last.value === null ? 'erased' : last.body.data.purposes.newsletter);
}

describeWithKafka('The relay', () => {
  it('publishes every fact of a contact in the order of the log, as CloudEvents keyed by the contact (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    await ledger.execute(optIn(by(anna)));
    start();
    await ledger.execute(optOut(by(anna)));
    await ledger.execute(optIn(by(anna)));
    const messages = await wire.read(topics.events, 3);
    const events = await ledger.eventsOf(anna.contactId);
    expect(messages.map(({ key, body }) => [key, body.id, body.type, body.sequence])).toStrictEqual(
      events.map(({ id, type, position }) => [anna.contactId, id, `consent-ledger.${type}`, String(position)]),
    );
    expect(messages[0]!.headers).toStrictEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
    expect(messages[1]!.body).toMatchObject({
      specversion: '1.0',
      source: 'urn:consent-ledger',
      subject: anna.contactId,
      data: { purposes: ['newsletter'] },
    });
  });

  it('keeps the current verdict per purpose on the compacted topic, and a tombstone once the person is erased (P7, P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    start();
    await ledger.execute(optIn(by(anna)));
    await eventually(async () =>
      expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toStrictEqual({
        eligible: true,
        reason: 'CONSENT',
        basis: 'consent',
        validUntil: '2027-03-31T11:00:00.000Z',
      }),
    );
    await ledger.execute(optOut(by(anna)));
    await eventually(async () =>
      expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toMatchObject({ reason: 'OPTED_OUT' }),
    );
    await ledger.execute(erase(by(anna)));
    await eventually(async () => expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toBe('erased'));
  });

  it('puts no personal data on the wire, neither in keys nor headers nor anywhere else (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const evidence = {
      ip: '203.0.113.77',
      userAgent: 'Mozilla/Telltale',
      url: 'https://example.org/tell',
      note: 'tell-note',
    };
    const agent = { kind: 'agent', id: 'tell-agent' } as const;
    const source = { kind: 'customer-service', reference: 'tell-ticket' } as const;
    await ledger.execute(optIn(by(anna, { source, actor: agent, idempotencyKey: 'tell-key' }), { evidence }));
    await ledger.execute(startCustomer(by(bram)));
    await ledger.execute(erase(by(bram)));
    start();
    await wire.read(topics.events, 3);
    await eventually(async () => expect(await lastVerdict(wire, topics.preferences, bram.contactId)).toBe('erased'));
    const all = [topics.events, topics.preferences, topics.relay];
    const isEvent = contract('consent.events.v1');
    for (const { body } of await wire.read(topics.events, 3))
      expect([isEvent(body), isEvent.errors]).toStrictEqual([true, null]);
    const isPreferences = contract('consent.preferences.v1');
    for (const { body } of await wire.read(topics.preferences, 2))
      if (body !== null) expect([isPreferences(body), isPreferences.errors]).toStrictEqual([true, null]);
    const wired = JSON.stringify(await Promise.all(all.map((topic) => wire.readRaw(topic))));
    expect(wired).toContain(anna.contactId);
    expect(wired).not.toMatch(/@example|anna|bram|203\.0|telltale|tell-|sealed|fingerprint/i);
  });

  it('publishes a long log in parts that a broker takes, without leaving anybody out (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'ab'.repeat(32) };
    const optedIn = { type: 'OptedIn', occurredAt: '2024-02-01T12:00:00.000Z' } as const;
    const people = Array.from({ length: 2_500 }, (_, index) => person(`p${index}`).contactId);
    for (const contactId of people)
      await ledger.lay(contactId, { ...optedIn, data: { purposes: ['newsletter'], statement, actOf: 'person' } });
    start();
    const told = (await wire.read(topics.preferences, people.length)).map(({ key }) => key);
    expect(told.sort()).toStrictEqual([...people].sort());
    expect(await wire.read(topics.events, people.length)).toHaveLength(people.length);
  });

  it('goes on where the one before stopped, without a gap and without saying a thing twice (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const first = start();
    await ledger.execute(optIn(by(anna)));
    await wire.read(topics.events, 1);
    await first.stop();
    await ledger.execute(optOut(by(anna)));
    await ledger.execute(optIn(by(bram)));
    start();
    const messages = await wire.read(topics.events, 3);
    await ledger.execute(optOut(by(bram)));
    expect(messages.map(({ body }) => body.type).sort()).toStrictEqual(
      ['OptedIn', 'OptedIn', 'OptedOut'].map((type) => `consent-ledger.${type}`),
    );
    expect(await wire.read(topics.events, 4)).toHaveLength(4);
  });

  it('is one at a time however many were started, and another takes over from one that stops (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const relays = [start(), start(), start()];
    await eventually(() => expect(relays.filter(({ role }) => role === 'relaying')).toHaveLength(1));
    for (let number = 0; number < 30; number++) {
      if (number === 10) await relays.find(({ role }) => role === 'relaying')?.stop();
      await ledger.execute(number % 2 === 0 ? optIn(by(anna)) : optOut(by(anna)));
    }
    const messages = await wire.read(topics.events, 30);
    const log = await ledger.eventsOf(anna.contactId);
    expect(messages.map(({ body }) => body.id)).toStrictEqual(log.map(({ id }) => id));
    const verdicts = await wire.read(topics.preferences, 1);
    const known = verdicts.map(({ body }) => Number(body.sequence));
    expect(known).toStrictEqual([...known].sort((a, b) => a - b));
  });

  it('that another process has overtaken publishes nothing more, until it has learnt how far that one came (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    start();
    await ledger.execute(optIn(by(anna)));
    await wire.read(topics.events, 1);
    for (let times = 0; times < 3; times++) {
      await wire.takeOver(topics.relay, topics.relay);
      await ledger.execute(times % 2 === 0 ? optOut(by(anna)) : optIn(by(anna)));
      await wire.read(topics.events, times + 2);
    }
    const log = await ledger.eventsOf(anna.contactId);
    const messages = await wire.read(topics.events, log.length);
    expect(messages.map(({ body }) => body.id)).toStrictEqual(log.map(({ id }) => id));
    const warnings = ledger.logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings.length).toBeGreaterThanOrEqual(3);
  });

  it('does not say that the broker is away when the log does not answer', async () => {
    const { ledger, topics, wire } = await setUp();
    const states: string[] = [];
    const broker = openKafkaBroker({ brokers, onState: (state) => void states.push(state) });
    closing.push(() => broker.close());
    let failures = 0;
    const contacts = knownContacts(ledger.preferences);
    const { reach } = contacts;
    contacts.reach = async (position) => {
      if (++failures <= 3) throw new Error('The log does not answer.');
      await reach(position);
    };
    await ledger.execute(optIn(by(anna)));
    startRelay(ledger, broker, topics, contacts);
    await wire.read(topics.events, 1);
    expect([failures > 3, states]).toStrictEqual([true, ['connected']]);
  });

  it('begins anew on a log that is not the one it relayed, and says so (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    await ledger.execute(optIn(by(anna)));
    const first = start();
    await wire.read(topics.events, 1);
    await first.stop();
    const other = await createTestLedger();
    await other.execute(optIn(by(bram)));
    await other.execute(optOut(by(bram)));
    startRelay(other, openBroker(), topics);
    const messages = await wire.read(topics.events, 3);
    expect(messages.filter(({ key }) => key === bram.contactId)).toHaveLength(2);
    expect(other.logger.lines.map(({ message }) => message)).toContain(
      'The log is not the one that was relayed before: it is relayed from its beginning',
    );
  });

  it('takes back what it said of people whom the log that came back does not know (P4, P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const first = start();
    for (const someone of [anna, bram]) await ledger.execute(optIn(by(someone)));
    await wire.read(topics.preferences, 2);
    await first.stop();
    const restored = await createTestLedger();
    await restored.execute(optIn(by(bram)));
    startRelay(restored, openBroker(), topics);
    await eventually(async () => expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toBe('erased'));
    await wire.read(topics.events, 3);
    expect(await lastVerdict(wire, topics.preferences, bram.contactId)).toMatchObject({ reason: 'CONSENT' });
  });

  it('publishes the verdict that time alone has changed (P2, P5)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    await ledger.execute(optIn(by(anna)));
    start();
    await wire.read(topics.preferences, 1);
    ledger.clock.set('2027-03-31T11:00:00.500Z');
    await eventually(async () =>
      expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toMatchObject({
        eligible: false,
        reason: 'CONSENT_LAPSED',
      }),
    );
    expect(await wire.read(topics.events, 1)).toHaveLength(1);
  });

  it('publishes what time changed while the process was stopped for years (P2, P5)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    await ledger.execute(optIn(by(anna)));
    start();
    await wire.read(topics.preferences, 1);
    ledger.clock.set('2029-03-31T11:00:00.000Z');
    await wire.read(topics.preferences, 2);
    expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toMatchObject({ reason: 'CONSENT_LAPSED' });
  });

  it('publishes all verdicts anew where a clock that was years ahead decided the last (P5)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const [right, wrong] = [new Date(ledger.clock.now()).toISOString(), '2029-03-31T11:00:00.500Z'];
    const published = async (reason: string) =>
      eventually(async () =>
        expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toMatchObject({ reason }),
      );
    await ledger.execute(optIn(by(anna)));
    const first = start();
    await published('CONSENT');
    ledger.clock.set(wrong);
    await published('CONSENT_LAPSED');
    await first.stop();
    ledger.clock.set(right);
    start();
    await published('CONSENT');
    ledger.clock.set(wrong);
    await published('CONSENT_LAPSED');
    ledger.clock.set(right);
    await published('CONSENT');
  });

  it('goes on where the one before stopped also where somebody made its topic with several partitions (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp({ relayPartitions: 3 });
    const relays = [start(), start(), start()];
    const relaying = () => relays.filter(({ role }) => role === 'relaying');
    for (let number = 0; number < 9; number++) {
      await ledger.execute(number % 2 === 0 ? optIn(by(anna)) : optOut(by(anna)));
      await wire.read(topics.events, number + 1);
      expect(relaying()).toHaveLength(1);
      if (number % 3 === 2) await relaying()[0]!.stop();
    }
    const log = await ledger.eventsOf(anna.contactId);
    const messages = await wire.read(topics.events, log.length);
    expect(messages.map(({ body }) => body.id)).toStrictEqual(log.map(({ id }) => id));
  });

  it('publishes what time changed while no relay ran (P2, P5)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    await ledger.execute(optIn(by(anna)));
    const first = start();
    await wire.read(topics.preferences, 1);
    await first.stop();
    ledger.clock.set('2027-03-31T11:00:02.000Z');
    start();
    await eventually(async () =>
      expect(await lastVerdict(wire, topics.preferences, anna.contactId)).toMatchObject({ reason: 'CONSENT_LAPSED' }),
    );
  });

  it('publishes the verdicts of everyone anew under a policy that was published meanwhile (P11)', async () => {
    const { ledger, topics, wire, start } = await setUp();
    const people = [anna, bram, person('cor')];
    for (const someone of people) await ledger.execute(optIn(by(someone)));
    const first = start();
    await wire.read(topics.preferences, 3);
    await first.stop();
    ledger.policies.publish(nextPolicy('2024-03-01T12:00:00.000Z', {}), ledger.clock.now());
    start();
    const keys = (await wire.read(topics.preferences, 6)).map(({ key }) => key);
    expect(keys.sort()).toStrictEqual(people.flatMap(({ contactId }) => [contactId, contactId]).sort());
  });
});
