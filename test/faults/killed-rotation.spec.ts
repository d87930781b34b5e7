import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { dataFiles } from '@consent-ledger/platform';
import { openKeyVault, type RewrappableVault } from '@consent-ledger/privacy';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { newDatabase, describeWithPostgres, type TestDatabase } from '../services/postgres/shared-server.js';
import { eventually } from '../support/service.js';
import { optIn, verdictOf } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Several processes start, on a machine that may be busy. */
jest.setTimeout(120_000);

const LEDGER = join(process.cwd(), 'dist/apps/cli/src/main.js');
const CONTACTS = 6_000;
const OLD = { id: 'old', secret: Buffer.alloc(32, 1) };
const NEW = { id: 'new', secret: Buffer.alloc(32, 2) };
const keys = (...masterKeys: (typeof OLD)[]) =>
  masterKeys.map(({ id, secret }) => `${id}:${secret.toString('base64')}`).join(',');

const children = new Set<ChildProcess>();
const opened: RewrappableVault[] = [];
let database: TestDatabase | undefined;
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(opened.splice(0).map((vault) => vault.close()));
  await cleanUp();
  await database?.drop();
  database = undefined;
});

async function openVault(directory: string, url: string | undefined, ...masterKeys: (typeof OLD)[]) {
  const { vault } = await openKeyVault({ path: dataFiles(directory).vault, url, masterKeys });
  opened.push(vault);
  return vault;
}

function startRotation(environment: Record<string, string>) {
  const child = spawn(process.execPath, [LEDGER, 'keys', 'rotate-master'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return { code: code as number | null, said };
  });
  return { child, ended };
}

async function personalOf(service: BuiltService, contactId: string): Promise<unknown> {
  const { body } = await service.get(`/v1/contacts/${contactId}/history`);
  return body.events[0].personal;
}

async function expectRotation(url?: string): Promise<void> {
  const directory = await newDirectory();
  const engine: Record<string, string> = url === undefined ? {} : { KEY_VAULT_URL: url };
  const first = await startBuilt(directory, { ...engine, LEDGER_MASTER_KEYS: keys(OLD) });
  const [anna, bram] = [await optIn(first, 'anna@example.org'), await optIn(first, 'bram@example.org')];
  await first.end('SIGTERM');
  const ids = Array.from({ length: CONTACTS }, (_, at) => `contact-${at}`);
  const before = await (await openVault(directory, url, OLD)).keysFor(ids);

  const both = { ...engine, LEDGER_MASTER_KEYS: keys(NEW, OLD) };
  const service = await startBuilt(directory, both);
  const watching = await openVault(directory, url, NEW, OLD);
  const underOld = async () => (await watching.masterKeysInUse()).find(({ id }) => id === 'old')?.keys ?? 0;
  for (let kill = 0; kill < 3; kill++) {
    const left = await underOld();
    const { child, ended } = startRotation({ DATA_DIR: directory, ...both });
    await eventually(async () => expect(await underOld()).toBeLessThan(left), 60);
    child.kill('SIGKILL');
    expect((await ended).code).toBeNull();
    if (kill === 0) expect(await underOld()).toBeGreaterThan(0);
    if ((await underOld()) === 0) break;
  }
  expect(await personalOf(service, anna)).toMatchObject({ address: 'anna@example.org' });
  const source = { kind: 'customer-service' };
  const [erasure, { code, said }] = await Promise.all([
    service.post('/v1/erasures', { address: 'bram@example.org', reason: 'request', source }),
    startRotation({ DATA_DIR: directory, ...both }).ended,
  ]);
  expect(erasure.body.certificate).toMatchObject({ keyDestroyed: true });
  expect([code, said]).toStrictEqual([0, expect.stringContaining('Take "old" out of LEDGER_MASTER_KEYS')]);
  await optIn(service, 'cleo@example.org');
  await service.end('SIGTERM');

  const after = await startBuilt(directory, { ...engine, LEDGER_MASTER_KEYS: keys(NEW) });
  expect(await personalOf(after, anna)).toMatchObject({ address: 'anna@example.org' });
  expect(await personalOf(after, bram)).toBe('erased');
  expect(await verdictOf(after, 'cleo@example.org')).toMatchObject({ eligible: true });
  const kept = await (await openVault(directory, url, NEW)).keysFor(ids);
  expect(kept.map(({ key }) => Buffer.from(key).toString('hex'))).toStrictEqual(
    before.map(({ key }) => Buffer.from(key).toString('hex')),
  );
}

describe('a rotation of the master key that is killed, and begun again, loses no key and brings none back (P7)', () => {
  it('in a file, while the service runs', () => expectRotation());
});

describeWithPostgres('a rotation of the master key that is killed, and begun again (P7),', () => {
  it('loses no key in PostgreSQL and brings none back, while the service runs', async () => {
    database = await newDatabase();
    await expectRotation(database.url);
  });
});
