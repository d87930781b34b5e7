import { EventStoreAway, takingRequests } from './taking-requests.js';
import { contract } from '@consent-ledger/messaging';
import { anna, bram, by, optOut, person, START_OF_STORY } from '@consent-ledger/testing';
import { afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeWithKafka, kafkaBrokers } from '../services/kafka/shared-broker.js';
import { eventually } from '../support/service.js';

let brokers: string[];
beforeAll(async () => void (brokers = await kafkaBrokers()), 90_000);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const setUp = () => takingRequests(brokers, closing);

const statement = { id: 'signup-form', version: 1, language: 'nl' };
const source = { kind: 'web-form' };
let number = 0;

/** A request as another system sends it. */
function request(type: string, data: Record<string, unknown>, attributes: Record<string, unknown> = {}) {
  number += 1;
  return {
    specversion: '1.0',
    id: `r-${number}`,
    source: 'urn:crm',
    type: `consent-ledger.${type}`,
    data,
    ...attributes,
  };
}

const optInOf = ({ address }: { address: string }, more: Record<string, unknown> = {}) =>
  request('OptIn', { address, purposes: ['newsletter'], statement, source, ...more }, { time: START_OF_STORY });
const optOutOf = ({ address }: { address: string }) => request('OptOut', { address, purposes: 'all', source });

describeWithKafka('What others ask for by Kafka', () => {
  it('is recorded as the act that it is: opt-ins, opt-outs, relationships, deliverability (P2, P3, P4)', async () => {
    const { ledger, send, start } = await setUp();
    const { address, contactId } = anna;
    const told = [
      optInOf(anna, { evidence: { ip: '203.0.113.7' } }),
      request('Relationship', { contactId, kind: 'customer-started', optOutOffered: true, source: { kind: 'crm' } }),
      request('Deliverability', { address, kind: 'bounced', permanent: true, source: { kind: 'mail-provider' } }),
      optOutOf(anna),
    ];
    await send(told.map((body) => [contactId, body]));
    start();
    await eventually(async () => expect(await ledger.eventsOf(contactId)).toHaveLength(4));
    const events = await ledger.eventsOf(contactId);
    expect(events.map(({ type }) => type)).toStrictEqual(['OptedIn', 'CustomerStarted', 'MailBounced', 'OptedOut']);
    expect(events[0]!.metadata).toMatchObject({ actor: { kind: 'person', id: 'kafka' }, source });
    expect(events[0]!.data).toHaveProperty('sealed');
  });

  it('counts once however often and by whichever worker it is taken (P3)', async () => {
    const { ledger, send, start } = await setUp();
    const [first, second] = [optInOf(anna), optOutOf(anna)];
    start();
    start();
    await send([first, second, first, second].map((body, copy) => [`copy ${copy}`, body]));
    await send([[anna.contactId, optInOf(person('last'))]]);
    await eventually(async () => expect(await ledger.eventsOf(person('last').contactId)).toHaveLength(1));
    await eventually(async () => expect(await ledger.eventsOf(anna.contactId)).toHaveLength(2));
    expect(ledger.logger.lines.filter(({ level }) => level === 'error')).toStrictEqual([]);
  });

  it('is refused on a topic of its own with the reason, and what comes after it is taken (P3, P4, P10)', async () => {
    const { ledger, wire, topics, send, start } = await setUp();
    await ledger.execute(optOut(by(bram), 'all'));
    const refused: [unknown, string][] = [
      ['no JSON of anna@example.org', 'NOT_JSON'],
      [optInOf(anna, { purposes: ['anna@example.org'] }), 'UNKNOWN_PURPOSE'],
      [optInOf(bram, { source: { kind: 'import' } }), 'OPTED_OUT'],
      [optInOf({ address: 'anna at example.org' }), 'VALIDATION'],
      [optInOf(anna, { statement: { ...statement, id: 'none' } }), 'UNKNOWN_STATEMENT'],
      [{ ...optInOf(anna, { occurredAt: '2999-01-01T00:00:00Z' }), id: 'anna-of-example' }, 'OCCURRED_IN_FUTURE'],
    ];
    await send([...refused.map(([body]) => [anna.contactId, body] as const), [anna.contactId, optInOf(anna)]]);
    start();
    await eventually(async () => expect(await ledger.eventsOf(anna.contactId)).toHaveLength(1));
    const messages = await wire.read(topics.requestsRefused, refused.length);
    const validate = contract('refused.v1');
    for (const { body } of messages) expect(validate(body)).toBe(true);
    const inOrder = [...messages].sort((a, b) => a.body.data.offset - b.body.data.offset);
    expect(inOrder.map(({ body }) => body.data.code)).toStrictEqual(refused.map(([, code]) => code));
    expect(inOrder.map(({ body }) => body.data.fields)).toStrictEqual([
      undefined,
      ['data.purposes'],
      ['data.purposes'],
      ['data.address'],
      undefined,
      ['data.occurredAt'],
    ]);
    expect(JSON.stringify(messages)).not.toMatch(/anna|example/);
  });

  it('waits while the log is away, and is then recorded in its order (P4)', async () => {
    const { ledger, wire, topics, send, start } = await setUp();
    ledger.store.beforeAppend(() => Promise.reject(new EventStoreAway()), 7);
    await send([optInOf(anna), optOutOf(anna), optInOf(bram)].map((body) => [anna.contactId, body]));
    start();
    await eventually(async () => expect(await ledger.eventsOf(anna.contactId)).toHaveLength(2), 20);
    expect((await ledger.eventsOf(anna.contactId)).map(({ type }) => type)).toStrictEqual(['OptedIn', 'OptedOut']);
    await eventually(async () => expect(await ledger.eventsOf(bram.contactId)).toHaveLength(1));
    expect(await wire.readRaw(topics.requestsRefused)).toStrictEqual([]);
  });

  it('that fails by a fault of ours is refused after some tries, and holds up nothing (P4)', async () => {
    const { ledger, wire, topics, send, start } = await setUp();
    ledger.store.beforeAppend(
      (streamId) => (streamId.endsWith(anna.contactId) ? Promise.reject(new TypeError('a fault')) : Promise.resolve()),
      100,
    );
    await send([optInOf(anna), optInOf(bram)].map((body) => ['one', body]));
    start();
    const [message] = await wire.read(topics.requestsRefused, 1);
    expect(message!.body.data).toMatchObject({ code: 'INTERNAL' });
    await eventually(async () => expect(await ledger.eventsOf(bram.contactId)).toHaveLength(1));
  });

  it('is taken where the worker before left it, and what that one had not acknowledged counts once', async () => {
    const { ledger, send, start } = await setUp();
    const people = Array.from({ length: 300 }, (_, index) => person(`p${index}`));
    await send(people.map((someone) => [someone.contactId, optInOf(someone)]));
    const first = start();
    await eventually(async () => expect((await ledger.eventsOf(people[0]!.contactId)).length).toBe(1));
    await first.stop();
    start();
    await eventually(async () => {
      const counts = await Promise.all(people.map(({ contactId }) => ledger.eventsOf(contactId)));
      expect(counts.every(({ length }) => length === 1)).toBe(true);
    }, 20);
  });
});
