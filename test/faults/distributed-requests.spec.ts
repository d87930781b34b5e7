import { topicsOf } from '@consent-ledger/messaging';
import { createContactIds, normaliseAddress } from '@consent-ledger/privacy';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { SECRETS } from '../support/secrets.js';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt } from './built-service.js';
import { describeDistributed, startDistributedProfile, type DistributedProfile } from './distributed-profile.js';
import { grouped, ReplayedLog } from './replayed-log.js';

/** Processes start three times in the test, on a machine that may be busy. */
jest.setTimeout(240_000);

const PEOPLE = Array.from({ length: 10 }, (_, number) => `vraag${number}@example.nl`);
const ROUNDS = 16;
const BEGUN_AT = Date.now() - 3_600_000;
const POISON = ['{"half', 'null', '[]', '{"specversion":"1.0"}', '"vraag0@example.nl"'];

const contactIds = createContactIds(Buffer.from(SECRETS.LEDGER_PEPPER, 'base64'));
const source = { kind: 'web-form' };
const statement = { id: 'signup-form', version: 1, language: 'nl' };

/** Each person asks in and out by turns. */
function requestOf(address: string, round: number): string {
  const optsIn = round % 2 === 0;
  return JSON.stringify({
    specversion: '1.0',
    id: `${PEOPLE.indexOf(address)}-${round}`,
    source: 'urn:crm',
    time: new Date(BEGUN_AT + round * 1000).toISOString(),
    type: optsIn ? 'consent-ledger.OptIn' : 'consent-ledger.OptOut',
    data: { address, purposes: ['newsletter'], source, ...(optsIn && { statement }) },
  });
}

describeDistributed('two workers that take requests and relay facts in processes of their own', () => {
  let profile: DistributedProfile;

  beforeEach(async () => {
    profile = await startDistributedProfile();
  });
  afterEach(async () => {
    await cleanUp();
    await profile.stop();
  });

  it('record each request once and in its order past poison, cuts and a kill, and publish it so (P3, P4, P11)', async () => {
    const { log, wire, prefix, environment: shared } = profile;
    const start = async (directory?: string) => startBuilt(directory ?? (await newDirectory()), shared, 'worker');
    const contactIdOf = (address: string) => contactIds.of(normaliseAddress(address));
    const topics = topicsOf(prefix);
    const [worker] = await Promise.all([start(), start()]);
    await wire.read(topics.requests, 0);
    const send = async (from: number, to: number) => {
      for (let round = from; round < to; round += 1) {
        const messages = PEOPLE.map((address) => ({ key: contactIdOf(address), value: requestOf(address, round) }));
        const poison = { key: contactIdOf(PEOPLE[round % PEOPLE.length]!), value: POISON[round % POISON.length]! };
        await wire.send(topics.requests, [poison, ...messages]);
      }
    };
    const facts = () => log.log.records.filter(({ stream }) => stream.startsWith('contact-'));

    await send(0, ROUNDS / 2);
    await eventually(() => expect(facts().length).toBeGreaterThan(PEOPLE.length), 60);
    log.failNextAppends('cut-after-writing', 'timeout-after-writing', 'cut-before-writing');
    await send(ROUNDS / 2, ROUNDS);
    await worker.end('SIGKILL');
    await start(worker.directory);
    await eventually(() => expect(facts().length).toBeGreaterThanOrEqual(PEOPLE.length * ROUNDS), 90);

    const refused = await eventually(async () => {
      const messages = await wire.read(topics.requestsRefused, ROUNDS);
      const places = new Set(messages.map(({ body }) => `${body.data.partition} ${body.data.offset}`));
      expect(places.size).toBeGreaterThanOrEqual(ROUNDS);
      return { messages, places };
    }, 60);
    expect(refused.places.size).toBe(ROUNDS);
    expect(JSON.stringify(refused.messages)).not.toContain('@example');

    const replayed = await ReplayedLog.read(shared);
    expect(replayed.broken()).toStrictEqual([]);
    const published = grouped(await wire.read(topics.events, PEOPLE.length * ROUNDS), ({ key }) => key);
    const inTurns = Array.from({ length: ROUNDS }, (_, round) => (round % 2 === 0 ? 'OptedIn' : 'OptedOut'));
    for (const contactId of PEOPLE.map(contactIdOf)) {
      const events = replayed.eventsOf(contactId);
      expect(events.map(({ type }) => type)).toStrictEqual(inTurns);
      expect(published.get(contactId)?.map(({ body }) => body.id)).toStrictEqual(events.map(({ id }) => id));
    }
  });
});
