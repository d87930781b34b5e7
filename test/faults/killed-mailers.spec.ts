import { openLog } from '@consent-ledger/application';
import { START, type RecordedEvent } from '@consent-ledger/event-store';
import { readConfiguration } from '@consent-ledger/platform';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, deliveriesOf, optIn, startMailing } from '../mail/steps.js';
import { describeWithPostgres, newDatabase, type TestDatabase } from '../services/postgres/shared-server.js';
import { SECRETS } from '../support/secrets.js';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(180_000);

const READERS = Array.from({ length: 60 }, (_, number) => `lezer${number}@example.nl`);

describeWithPostgres('mailers in processes of their own on one log, over SMTP', () => {
  let database: TestDatabase;
  let log: EventStoreDbServer;
  let server: MailServer;
  let shared: Record<string, string>;

  beforeAll(async () => {
    database = await newDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    log = await startEventStoreDbServer();
    server = await startMailServer();
    shared = {
      ...SECRETS,
      EVENT_STORE_URL: log.connectionString,
      KEY_VAULT_URL: await database.newSchema(),
      PUBLIC_URL: 'http://localhost:3000',
      SMTP_URL: server.url,
    };
  });
  afterEach(async () => {
    await cleanUp();
    await server.close();
    await log.stop();
  });

  const startMailerIn = (directory: string, environment: Record<string, string> = {}) =>
    startBuilt(directory, { ...shared, ...environment }, 'mailer');
  const startApi = async () => startBuilt(await newDirectory(), shared, 'api');

  async function givenMailing(api: BuiltService): Promise<Map<string, string>> {
    const contacts = await Promise.all(READERS.map(async (address) => [address, await optIn(api, address)] as const));
    await startMailing(api, { id: 'spring', recipients: READERS.map((address) => ({ address })) });
    return new Map(contacts);
  }

  async function reportedOf(api: BuiltService, contacts: ReadonlyMap<string, string>): Promise<string[]> {
    const reported: string[] = [];
    for (const [address, contactId] of contacts)
      if ((await deliveriesOf(api, contactId))[0].status === 'unknown') reported.push(address);
    return reported;
  }

  async function startsOf(api: BuiltService): Promise<RecordedEvent[]> {
    const store = await openLog(readConfiguration({ DATA_DIR: api.directory, ...shared }));
    const events = await store.readAll(START, 10_000);
    await store.close();
    return events.filter(({ type }) => type === 'DeliveryStarted');
  }

  it('reach nobody twice, lose nobody and report those they cannot know of, each of them killed and started again', async () => {
    const pace = { MAIL_RATE: '5', MAIL_RETRY_SECONDS: '0.05' };
    const directories = await Promise.all([newDirectory(), newDirectory(), newDirectory()]);
    const mailers = await Promise.all(directories.map((directory) => startMailerIn(directory, pace)));
    const api = await startApi();
    const contacts = await givenMailing(api);
    const again: Promise<unknown>[] = [];
    for (const mailer of mailers) {
      const until = server.asked.length + 4;
      await eventually(() => expect(server.asked.length).toBeGreaterThanOrEqual(until), 60);
      await mailer.end('SIGKILL');
      again.push(startMailerIn(mailer.directory, pace));
    }
    await Promise.all(again);
    const counts = await completed(api, 'spring', 90);

    const reached = recipientsOf(server.taken);
    expect(reached).toHaveLength(new Set(reached).size);
    expect(counts).toMatchObject({ recipients: READERS.length, failed: 0, pending: 0, suppressed: {} });
    expect(counts.sent + counts.unknown).toBe(READERS.length);
    const reported = await reportedOf(api, contacts);
    expect(reported).toHaveLength(counts.unknown);
    expect(READERS.filter((address) => !reached.includes(address) && !reported.includes(address))).toStrictEqual([]);
    const names = new Set((await startsOf(api)).map(({ data }) => data['mailer']));
    expect(names.size).toBe(mailers.length);
  });

  it('report after the lease what one had in hand that never came back, and send it to nobody again', async () => {
    const held: string[] = [];
    server.behave({
      message(address) {
        held.push(address);
        return new Promise(() => undefined);
      },
    });
    const lost = await startMailerIn(await newDirectory());
    const api = await startApi();
    const contacts = await givenMailing(api);
    await eventually(() => expect(held).toHaveLength(4), 60);
    await lost.end('SIGKILL');

    server.behave({});
    const lease = { MAIL_LEASE_SECONDS: '1' };
    const others = await Promise.all(
      [await newDirectory(), await newDirectory()].map((directory) => startMailerIn(directory, lease)),
    );
    expect(await completed(api, 'spring', 90)).toMatchObject({ sent: READERS.length - 4, unknown: 4 });
    expect((await reportedOf(api, contacts)).sort()).toStrictEqual([...held].sort());
    expect(recipientsOf(server.taken).filter((address) => held.includes(address))).toStrictEqual([]);
    for (const mailer of others) {
      const { errors, output } = await mailer.end('SIGTERM');
      expect(`${errors}${output}`).not.toMatch(/"level":"error"|@example\.nl/);
    }
  });
});
