import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicsOf } from '@consent-ledger/messaging';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { verdictOf } from '../mail/steps.js';
import { signedPath } from '../recipients/pages.js';
import { startBroker, type Broker } from '../services/kafka/broker.js';
import { describeWithOwnBroker } from '../services/kafka/shared-broker.js';
import { createWire, type Wire } from '../services/kafka/wire.js';
import { startPostgres, type PostgresServer } from '../services/postgres/server.js';
import { describeWithOwnPostgres } from '../services/postgres/shared-server.js';
import { SECRETS, secretsFile } from '../support/secrets.js';
import { eventually, type Reply } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { probe, type Prober } from './prober.js';
import { ReplayedLog, type Acknowledged } from './replayed-log.js';

/** Engines stop and start in a test, on a machine that may be busy. */
jest.setTimeout(180_000);

const CLICK = {
  method: 'POST',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: 'List-Unsubscribe=One-Click',
};
const PEOPLE = Array.from({ length: 6 }, (_, number) => `mens${number}@example.nl`);
const [STAYS, LEAVES, CLICKS] = PEOPLE as [string, string, string];

describeWithOwnPostgres('an api and a worker in processes of their own', () => {
  describeWithOwnBroker('whose engines go away one after another', () => {
    let kafka: string;
    let postgres: string;
    let broker: Broker;
    let vault: PostgresServer;
    let log: EventStoreDbServer;
    let shared: Record<string, string>;
    let api: BuiltService;
    let worker: BuiltService;
    let wire: Wire;
    let prober: Prober;
    let acknowledged: Acknowledged[];
    const contactIds = new Map<string, string>();
    const topics = topicsOf();

    beforeAll(async () => {
      kafka = await mkdtemp(join(tmpdir(), 'ledger-kafka-'));
      postgres = await mkdtemp(join(tmpdir(), 'ledger-postgres-'));
      [broker, vault, log] = await Promise.all([
        startBroker({ directory: kafka }),
        startPostgres({ directory: postgres }),
        startEventStoreDbServer(),
      ]);
      shared = {
        ...SECRETS,
        EVENT_STORE_URL: log.connectionString,
        KEY_VAULT_URL: vault.url,
        KAFKA_BROKERS: broker.brokers,
        PUBLIC_URL: 'http://localhost:3000',
      };
      const directories = await Promise.all([newDirectory(), newDirectory()]);
      // Where a spec that signs a link looks for the keys.
      await writeFile(join(directories[0], 'secrets.json'), secretsFile);
      api = await startBuilt(directories[0], shared, 'api');
      worker = await startBuilt(directories[1], shared, 'worker');
      wire = createWire([broker.brokers]);
    });
    afterAll(async () => {
      await cleanUp();
      await wire.close();
      await Promise.all([broker.end('SIGKILL'), vault.end('SIGQUIT'), log.stop()]);
      for (const directory of [kafka, postgres]) await rm(directory, { recursive: true, force: true });
    });
    beforeEach(async () => {
      acknowledged = [];
      for (const address of PEOPLE) contactIds.set(address, (await recorded(optIn(address))).contactId);
      prober = probe(() => [api], PEOPLE);
    });
    /** Whatever the fault was, the log bears out all that was said. */
    afterEach(async () => {
      await prober.stop();
      const replayed = await ReplayedLog.read(shared);
      expect(replayed.broken()).toStrictEqual([]);
      expect(replayed.lost(acknowledged)).toStrictEqual([]);
      expect(replayed.unsupported(prober.answers)).toStrictEqual([]);
      expect(replayed.outdated(prober.answers, acknowledged)).toStrictEqual([]);
      expect(prober.answers).toContainEqual(expect.objectContaining({ eligible: true, consistency: 'projected' }));
    });

    const source = { kind: 'web-form' };
    const statement = { id: 'signup-form', version: 1, language: 'nl' };
    const purposes = ['newsletter'];
    const optIn = (address: string) => api.post('/v1/opt-ins', { address, purposes, statement, source });
    const optOut = (address: string) => api.post('/v1/opt-outs', { address, purposes, source });
    const ask = (address: string) => api.post('/v1/eligibility', { address, purpose: 'newsletter' });

    async function recorded(acting: Promise<Reply>): Promise<Acknowledged> {
      const { status, body, text } = await acting;
      if (status !== 201) throw new Error(`Answered ${status}: ${text}`);
      acknowledged.push({ ...body, at: Date.now() });
      return body;
    }

    async function click(address: string): Promise<{ status: number; text: string }> {
      const claims = { contactId: contactIds.get(address)!, purpose: 'newsletter', mailing: 'spring' };
      const path = await signedPath(api, { kind: 'unsubscribe', ...claims });
      const answer = await fetch(new URL(path, api.url), CLICK);
      return { status: answer.status, text: await answer.text() };
    }

    it('go on without the broker, and publish what was recorded meanwhile once it is back (P4, P11)', async () => {
      await wire.read(topics.events, PEOPLE.length);
      await wire.close();
      await broker.end('SIGKILL');
      await eventually(async () => expect((await worker.get('/health/ready')).body.status).toBe('degraded'), 30);
      await recorded(optOut(LEAVES));
      expect(await verdictOf(api, LEAVES)).toMatchObject({ reason: 'OPTED_OUT' });
      expect((await api.get('/health/ready')).body.status).toBe('ok');

      broker = await startBroker({ directory: kafka, port: Number(broker.brokers.split(':')[1]) });
      wire = createWire([broker.brokers]);
      const of = (key: string) => (messages: readonly { key: string; body: any }[]) =>
        messages.filter((message) => message.key === key).map(({ body }) => body.type);
      const mine = of(contactIds.get(LEAVES)!);
      await eventually(async () => {
        const types = mine(await wire.read(topics.events, 1));
        expect(types).toStrictEqual(['consent-ledger.OptedIn', 'consent-ledger.OptedOut']);
      }, 60);
    });

    it('count opt-outs without the key vault and refuse opt-ins, until it is back (P3, P4)', async () => {
      await vault.end('SIGQUIT');
      await recorded(optOut(LEAVES));
      expect((await click(CLICKS)).status).toBe(200);
      for (const address of [LEAVES, CLICKS])
        expect(await verdictOf(api, address)).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
      const refused = await api.post('/v1/opt-ins', {
        ...{ address: 'nieuw@example.nl', purposes, statement, source },
        evidence: { ip: '203.0.113.94' },
      });
      expect([refused.status, refused.body.code]).toStrictEqual([503, 'UNAVAILABLE']);
      expect(await verdictOf(api, 'nieuw@example.nl')).toMatchObject({ reason: 'UNKNOWN_CONTACT' });

      vault = await startPostgres({ directory: postgres, port: vault.port });
      await recorded(optIn('nieuw@example.nl'));
      expect(await verdictOf(api, 'nieuw@example.nl')).toMatchObject({ reason: 'CONSENT' });
    });

    it('write once what a cut connection left in doubt, and say so (P3, P4)', async () => {
      log.failNextAppends('cut-after-writing', 'timeout-after-writing', 'cut-before-writing', 'no-position');
      const strangers = PEOPLE.map((address) => `twijfel.${address}`);
      const acts = await Promise.all([...strangers.map(optIn), ...PEOPLE.map(optOut)].map(recorded));
      const replayed = await ReplayedLog.read(shared);
      for (const { contactId } of acts.slice(0, strangers.length))
        expect(replayed.eventsOf(contactId).map(({ type }) => type)).toStrictEqual(['OptedIn']);
      for (const address of PEOPLE)
        expect(replayed.eventsOf(contactIds.get(address)!).at(-1)).toMatchObject({ type: 'OptedOut' });
    });

    it('refuse what they cannot know without the log, tell who clicks that it did not count, and go on once it is back (P4)', async () => {
      await log.goAway();
      const goneAt = Date.now();
      const acts = Promise.all([optIn(STAYS), optOut(LEAVES)]);
      const clicking = click(CLICKS);
      const strong = await api.post('/v1/eligibility', {
        ...{ address: STAYS, purpose: 'newsletter' },
        consistency: 'strong',
      });
      expect(strong.status).toBe(503);
      expect(await ask(STAYS)).toMatchObject({ status: 200 });
      for (const { status, body } of await acts) expect([status, body.code]).toStrictEqual([503, 'UNAVAILABLE']);
      const page = await clicking;
      expect([page.status, /afgemeld|unsubscribed/i.test(page.text)]).toStrictEqual([503, false]);
      await eventually(async () => expect((await ask(STAYS)).status).toBe(503), 15);
      expect(prober.answers.at(-1)!.answeredAt - goneAt).toBeLessThan(12_000);

      await log.comeBack();
      const backAt = Date.now();
      await eventually(async () => expect((await ask(STAYS)).status).toBe(200), 60);
      expect(Date.now() - backAt).toBeLessThan(10_000);
      expect((await click(CLICKS)).status).toBe(200);
      const { position } = await recorded(optOut(LEAVES));
      const asked = { address: LEAVES, purpose: 'newsletter', minPosition: position };
      expect((await api.post('/v1/eligibility', asked)).body).toMatchObject({ reason: 'OPTED_OUT' });
      await eventually(async () => expect((await worker.get('/health/ready')).body.status).toBe('ok'), 30);
    });
  });
});
