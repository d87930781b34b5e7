import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { optIn } from '../mail/steps.js';
import { postgresProgram } from '../services/postgres/server.js';
import { describeWithOwnPostgres, newDatabase, type TestDatabase } from '../services/postgres/shared-server.js';
import { cleanUp, ledgerWith, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(240_000);

const run = promisify(execFile);

/** A vault that can be put back to what it was, as operators do. */
interface CopiedVault {
  readonly environment: Readonly<Record<string, string>>;
  copy(): Promise<unknown>;
  restore(): Promise<unknown>;
}

async function erase(service: BuiltService, address: string): Promise<void> {
  const erasure = { address, reason: 'request', source: { kind: 'customer-service' } };
  expect((await service.post('/v1/erasures', erasure)).status).toBe(201);
}

const isDestroyed = async (service: BuiltService, contactId: string) =>
  (await service.get(`/v1/erasures/${contactId}`)).body.keyDestroyed as boolean;

/** What is sealed beside the events of a contact, as far as it can be read. */
async function personalDataOf(service: BuiltService, contactId: string): Promise<unknown[]> {
  const { status, body } = await service.get(`/v1/contacts/${contactId}/history`);
  expect(status).toBe(200);
  return body.events.map(({ personal }: { personal?: unknown }) => personal);
}

const address = (name: string) => `${name}@example.nl`;

/** What `ledger repeat-erasures` mends, whatever the vault is kept in. */
function restoredVaultSpecs(vaultOf: (directory: string) => Promise<CopiedVault>): void {
  afterEach(cleanUp);

  async function given() {
    const directory = await newDirectory();
    const vault = await vaultOf(directory);
    const start = () => startBuilt(directory, vault.environment);
    const repeatErasures = () => ledgerWith(vault.environment, directory, 'repeat-erasures');
    return { vault, start, repeatErasures };
  }

  it('has their keys destroyed again, and nobody else’s (P7)', async () => {
    const { vault, start, repeatErasures } = await given();
    const first = await start();
    const an = await optIn(first, address('an'));
    const eva = await optIn(first, address('eva'));
    await first.end('SIGTERM');
    await vault.copy();

    const second = await start();
    await erase(second, address('eva'));
    expect(await isDestroyed(second, eva)).toBe(true);
    await second.end('SIGTERM');
    await vault.restore();

    const restored = await start();
    expect(await isDestroyed(restored, eva)).toBe(false);
    await restored.end('SIGTERM');

    expect(await repeatErasures()).toBe('1 contacts were erased; the keys of 1 had come back, and were destroyed\n');
    expect(await repeatErasures()).toContain('the keys of 0 had come back');
    const last = await start();
    expect(await isDestroyed(last, eva)).toBe(true);
    expect(JSON.stringify(await personalDataOf(last, eva))).not.toContain(address('eva'));
    expect(JSON.stringify(await personalDataOf(last, an))).toContain(address('an'));
  });

  it('leaves the key of whoever came back, and tells of one that was taken up again before this was run (P7)', async () => {
    const { vault, start, repeatErasures } = await given();
    const service = await start();
    const eva = await optIn(service, address('eva'));
    await service.end('SIGTERM');
    await vault.copy();

    const second = await start();
    await erase(second, address('eva'));
    await optIn(second, address('eva'));
    await second.end('SIGTERM');
    expect(await repeatErasures()).toContain('the keys of 0 had come back');

    const third = await start();
    expect(JSON.stringify((await personalDataOf(third, eva)).at(-1))).toContain(address('eva'));
    await erase(third, address('eva'));
    await third.end('SIGTERM');
    await vault.restore();
    const fourth = await start();
    await optIn(fourth, address('eva'));
    await fourth.end('SIGTERM');
    await expect(repeatErasures()).rejects.toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^1 came back before this was run/),
    });
  });
}

describe('a vault in a file that was restored from a copy of before erasures', () => {
  restoredVaultSpecs(async (directory) => {
    const file = join(directory, 'vault.sqlite');
    return {
      environment: {},
      copy: () => cp(file, `${file}.copy`),
      restore: () => cp(`${file}.copy`, file),
    };
  });
});

describeWithOwnPostgres('a vault in PostgreSQL that was restored from a dump of before erasures', () => {
  const databases: TestDatabase[] = [];
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.drop();
  });

  restoredVaultSpecs(async (directory) => {
    const database = await newDatabase();
    databases.push(database);
    const file = join(directory, 'vault.dump');
    const { url } = database;
    const meanwhile = new URL('/postgres', url).href;
    return {
      environment: { KEY_VAULT_URL: url },
      copy: () => run(postgresProgram('pg_dump'), ['--format=custom', `--file=${file}`, url]),
      // As docs/how-to/keep-keys-in-postgresql.md says.
      restore: () => run(postgresProgram('pg_restore'), ['--clean', '--create', `--dbname=${meanwhile}`, file]),
    };
  });
});
