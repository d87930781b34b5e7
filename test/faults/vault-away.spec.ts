import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, promisify } from 'node:util';
import { createRecordingLogger, type RecordingLogger } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { somebody } from '../http/given.js';
import { optIn, verdictOf } from '../mail/steps.js';
import { signedPath } from '../recipients/pages.js';
import { startPostgres, type PostgresServer } from '../services/postgres/server.js';
import { describeWithOwnPostgres, run } from '../services/postgres/shared-server.js';
import { eventually, startService, type Reply, type TestService } from '../support/service.js';

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
const execFileAsync = promisify(execFile);
/** What the worker says of a contact that it comes back to. */
const LEFT_OVERDUE = 'What fell due for a contact could not be recorded, and is tried again';

/** Runs the built command line over a directory. Throws what it said when it does not exit with 0. */
async function ledger(directory: string, args: readonly string[], environment: Record<string, string>): Promise<void> {
  const env = { ...process.env, DATA_DIR: directory, ...environment };
  await execFileAsync(process.execPath, [LEDGER, ...args], { env });
}

describeWithOwnPostgres('a key vault in PostgreSQL that goes away while the service runs', () => {
  let directory: string;
  let server: PostgresServer;
  let service: TestService;
  let logger: RecordingLogger;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'vault-away-'));
    server = await startPostgres({ directory });
  });
  beforeEach(async () => {
    logger = createRecordingLogger();
    service = await startService({ environment: { KEY_VAULT_URL: server.url }, logger });
  });
  afterEach(async () => {
    await service.stop();
    await emptyVault();
  });
  afterAll(async () => {
    await server.end('SIGQUIT');
    await rm(directory, { recursive: true, force: true });
  });

  /** Each service has secrets of its own, and opens no vault of another. */
  const emptyVault = () => run(server.url, 'DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const goesAway = () => server.end('SIGQUIT');
  const comesBack = async () => void (server = await startPostgres({ directory, port: server.port }));
  const readiness = async () => (await service.get('/health/ready', { key: null })).body;
  const source = { kind: 'customer-service' };

  /** Somebody who reads the vault, and saw every key that there was. */
  async function openBackup(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query('SELECT count(*) FROM data_keys');
    return client;
  }

  const optInOf = (address: string, ip = '203.0.113.94'): Promise<Reply> =>
    service.post('/v1/opt-ins', {
      ...{ address, purposes: ['newsletter'], source: { kind: 'web-form' }, evidence: { ip } },
      statement: { id: 'signup-form', version: 1, language: 'nl' },
    });

  async function expectUnavailable(reply: Reply): Promise<void> {
    expect([reply.status, reply.body.code]).toStrictEqual([503, 'UNAVAILABLE']);
    expect(reply.text).not.toContain(new URL(server.url).password);
  }

  it('lets opt-outs count, refuses what holds personal data by 503, and writes nothing of it (P3, P4, P7)', async () => {
    const [one, other, stranger] = [somebody(), somebody(), somebody()];
    const contactId = await optIn(service, one);
    await optIn(service, other);
    const path = await signedPath(service, {
      kind: 'unsubscribe',
      contactId,
      purpose: 'newsletter',
      mailing: 'spring',
    });
    await goesAway();

    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const click = await service.request('POST', path, { key: null, raw: 'List-Unsubscribe=One-Click', headers });
    expect(click.status).toBe(200);
    expect((await service.post('/v1/opt-outs', { address: other, purposes: ['newsletter'], source })).status).toBe(201);
    for (const address of [one, other])
      expect(await verdictOf(service, address)).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });

    await expectUnavailable(await optInOf(stranger));
    await expectUnavailable(await service.post('/v1/erasures', { address: one, reason: 'request', source }));
    expect(await verdictOf(service, stranger)).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
    expect(await verdictOf(service, one)).toMatchObject({ reason: 'OPTED_OUT' });
    expect(await readiness()).toMatchObject({ status: 'degraded', checks: { log: 'ok', writing: 'ok' } });
    expect((await readiness()).checks.keyVault).toMatch(/^the key vault cannot be read/);

    await comesBack();
    expect((await optInOf(stranger)).status).toBe(201);
    expect(await verdictOf(service, stranger)).toMatchObject({ reason: 'CONSENT' });
    expect((await readiness()).checks.keyVault).toBe('ok');
    const erased = await service.post('/v1/erasures', { address: one, reason: 'request', source });
    expect(erased.body.certificate).toMatchObject({ keyDestroyed: true });
    expect(inspect(logger.lines, { depth: 9 })).not.toContain(new URL(server.url).password);
  });

  it('has no erasure told as done while a backup holds on to the key, says what to do, and removes what is left by itself (P7)', async () => {
    const address = somebody();
    const contactId = await optIn(service, address);
    const erase = () => service.post('/v1/erasures', { address, reason: 'request', source });
    const remnants = async () => (await run(server.url, 'SELECT FROM remnants')).rowCount;
    const backup = await openBackup();
    const refused = await erase();
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toStrictEqual([
      503,
      'UNAVAILABLE',
      '5',
    ]);
    expect(refused.body.detail).toMatch(/send the request again once that has ended/);
    expect((await service.get(`/v1/erasures/${contactId}`)).status).toBe(404);
    expect(await verdictOf(service, address)).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
    expect((await service.get(`/v1/contacts/${contactId}/history`)).text).not.toContain(address);
    expect(await remnants()).toBe(1);

    await backup.end();
    await eventually(async () => expect(await remnants()).toBe(0), 60);
    const erased = await erase();
    expect([erased.status, erased.body.certificate]).toMatchObject([201, { keyDestroyed: true }]);
    expect(await verdictOf(service, address)).toMatchObject({ reason: 'ERASED' });
  }, 120_000);

  it('has an erasure that time brings recorded by itself, once nobody holds on to the key (P7)', async () => {
    const backup = await openBackup();
    const occurredAt = '2019-02-03T04:05:06Z';
    const { body } = await service.post('/v1/opt-ins', {
      ...{ address: somebody(), purposes: ['newsletter'], source: { kind: 'web-form' }, occurredAt },
      statement: { id: 'signup-form', version: 1, language: 'nl' },
    });
    const certificate = () => service.get(`/v1/erasures/${body.contactId}`);
    await eventually(() => expect(logger.lines.map(({ message }) => message)).toContain(LEFT_OVERDUE), 30);
    expect((await certificate()).status).toBe(404);

    await backup.end();
    await eventually(async () => expect((await certificate()).body).toMatchObject({ keyDestroyed: true }), 30);
  }, 120_000);

  it('has the keys of an import too, which a thread of its own seals under them', async () => {
    await service.stop();
    await emptyVault();
    const [data, file] = [join(directory, 'imported'), join(directory, 'contacts.csv')];
    service = await startService({ environment: { KEY_VAULT_URL: server.url, DATA_DIR: data } });
    const address = somebody();
    await writeFile(file, `Email Address,OPTIN_TIME,UNSUB_TIME\n${address},2023-02-03 04:05:06,\n`);
    const keys = async () => (await run(server.url, 'SELECT key_id FROM data_keys')).rowCount!;
    const before = await keys();
    const args = [
      'import',
      file,
      '--preset',
      'mailchimp',
      '--purposes',
      'newsletter',
      '--statement',
      'signup-form@1:nl',
    ];
    await ledger(data, args, { KEY_VAULT_URL: server.url });
    expect(await keys()).toBe(before + 1);
    await eventually(async () => expect((await verdictOf(service, address)).reason).toMatch(/^CONSENT/));
  });
});
