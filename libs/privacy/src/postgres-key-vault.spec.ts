import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  describeWithPostgres,
  newDatabase,
  run,
  type TestDatabase,
} from '../../../test/services/postgres/shared-server.js';
import { keyVaultContract, rewrappableVaultContract, storedKeyVaultContract } from './key-vault.contract.js';
import type { MasterKey } from './master-keys.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';

const MASTER: MasterKey = { id: 'one', secret: Buffer.alloc(32, 1) };
const OTHER: MasterKey = { id: 'other', secret: Buffer.alloc(32, 2) };
/** Few, so that contacts share them. */
const BUCKETS = 3;

describeWithPostgres('a vault in PostgreSQL', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await newDatabase();
  });
  afterAll(() => database.drop());

  const open = (url: string, masterKeys: readonly MasterKey[] = [MASTER], cachedKeys?: number) =>
    openPostgresKeyVault({ url, masterKeys, buckets: BUCKETS, ...(cachedKeys !== undefined && { cachedKeys }) });

  keyVaultContract('The PostgreSQL vault', async () => open(await database.newSchema()));
  keyVaultContract('The PostgreSQL vault without a cache', async () => open(await database.newSchema(), [MASTER], 0));
  storedKeyVaultContract('The PostgreSQL vault', () => {
    const url = database.newSchema();
    return {
      open: async () => open(await url),
      openWithOtherMasterKey: async () => open(await url, [OTHER]),
    };
  });

  rewrappableVaultContract('The PostgreSQL vault', () => {
    const url = database.newSchema();
    return { open: async (masterKeys) => open(await url, masterKeys) };
  });

  it('is made once by all who open it at the same time', async () => {
    const url = await database.newSchema();
    const vaults = await Promise.all(Array.from({ length: 5 }, () => open(url)));
    const keys = await Promise.all(vaults.map((one) => one.keyFor('contact-1')));
    expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    await Promise.all(vaults.map((one) => one.close()));
    const { rows } = await run(url, 'SELECT number FROM master_keys');
    expect(rows).toHaveLength(1);
  });
});
