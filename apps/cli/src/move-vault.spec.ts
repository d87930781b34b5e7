import { join } from 'node:path';
import { openKeyVault } from '@consent-ledger/privacy';
import { openReadModels } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeWithPostgres, newDatabase } from '../../../test/services/postgres/shared-server.js';
import { makeLedger, type LedgerFixture } from './ledger.fixture.js';

const LEDGER_MASTER_KEY = Buffer.alloc(32, 2).toString('base64');
const NOWHERE = 'postgres://ledger:s3cret@127.0.0.1:1/keys';
const secrets = {
  LEDGER_PEPPER: Buffer.alloc(32, 1).toString('base64'),
  LEDGER_MASTER_KEY,
  LEDGER_LINK_KEYS: `k1:${Buffer.alloc(32, 3).toString('base64')}`,
};

let ledger: LedgerFixture;
beforeEach(async () => {
  ledger = await makeLedger();
});
afterEach(() => ledger.remove());

const openVault = async (url?: string) => {
  const masterKeys = [{ id: 'one', secret: Buffer.alloc(32, 2) }];
  return (await openKeyVault({ path: join(ledger.directory, 'vault.sqlite'), url, masterKeys })).vault;
};
async function makeVault(): Promise<void> {
  const vault = await openVault();
  await vault.keysFor(['a', 'b', 'c']);
  await vault.close();
}
const move = (KEY_VAULT_URL?: string) =>
  ledger.run(['move-vault'], { environment: { ...secrets, ...(KEY_VAULT_URL !== undefined && { KEY_VAULT_URL }) } });

describe('moving the vault', () => {
  it('says what is missing', async () => {
    expect(await move()).toMatchObject({ code: 2, stderr: 'Name the database: KEY_VAULT_URL=postgres://…\n' });
    expect(await move(NOWHERE)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^There is no vault file/) });
  });

  it('is refused while a service runs, which may destroy a key that was copied (P7)', async () => {
    await makeVault();
    const service = openReadModels(ledger.readModelsPath);
    expect(await move(NOWHERE)).toMatchObject({ code: 1, stderr: expect.stringMatching(/^A service runs/) });
    service.close();
  });

  it('shows no password when the database cannot be reached', async () => {
    await makeVault();
    const told = await move(NOWHERE);
    expect(told.code).toBe(1);
    expect(JSON.stringify(told)).not.toContain('s3cret');
  });
});

describeWithPostgres('moving the vault to PostgreSQL', () => {
  it('has every key there', async () => {
    const database = await newDatabase();
    try {
      await makeVault();
      expect(await move(database.url)).toStrictEqual({
        code: 0,
        stderr: '',
        stdout: expect.stringMatching(/^3 keys are in the database, and were read back\. Destroy vault\.sqlite/),
      });
      const [file, vault] = [await openVault(), await openVault(database.url)];
      expect(await vault.keysFor(['a', 'b', 'c'])).toStrictEqual(await file.keysFor(['a', 'b', 'c']));
      await Promise.all([file.close(), vault.close()]);
    } finally {
      await database.drop();
    }
  });
});
