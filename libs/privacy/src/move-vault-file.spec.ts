import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { describeWithPostgres, newDatabase, type TestDatabase } from '../../../test/services/postgres/shared-server.js';
import type { DataKey } from './key-vault.js';
import type { MasterKey } from './master-keys.js';
import { moveVaultFile } from './move-vault-file.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';
import { rotateMasterKey } from './rotate-master-key.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

const MASTER: MasterKey = { id: 'one', secret: Buffer.alloc(32, 1) };
const OTHER: MasterKey = { id: 'other', secret: Buffer.alloc(32, 2) };
/** More than are moved at once. */
const CONTACTS = Array.from({ length: 1_500 }, (_, n) => `contact-${n}`);

describeWithPostgres('a vault file that is moved to PostgreSQL', () => {
  let database: TestDatabase;
  let folder: string;
  let path: string;
  let url: string;
  let keys: readonly DataKey[];
  let destroyed: DataKey;
  beforeAll(async () => {
    database = await newDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vault-'));
    path = join(folder, 'vault.sqlite');
    url = await database.newSchema();
    const file = openSqliteKeyVault({ path, masterKeys: [MASTER] });
    keys = await file.keysFor(CONTACTS);
    destroyed = await file.keyFor('erased');
    await file.destroy('erased', destroyed.id);
    await file.close();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const move = (more: Partial<Parameters<typeof moveVaultFile>[0]> = {}) =>
    moveVaultFile({ path, url, masterKeys: [MASTER], ...more });
  const inDatabase = async <T>(work: (vault: Awaited<ReturnType<typeof openPostgresKeyVault>>) => Promise<T>) => {
    const vault = await openPostgresKeyVault({ url, masterKeys: [MASTER, OTHER], cachedKeys: 0 });
    try {
      return await work(vault);
    } finally {
      await vault.close();
    }
  };

  it('has the same keys there, and knows which were destroyed (P7)', async () => {
    expect(await move()).toStrictEqual({ keys: CONTACTS.length, destroyedSince: 0 });
    await inDatabase(async (vault) => {
      expect(await vault.keysFor(CONTACTS)).toStrictEqual(keys);
      expect(await vault.find('erased')).toBeUndefined();
      expect(await vault.wasDestroyed(destroyed.id)).toBe(true);
    });
  });

  it('is moved on where it was stopped, and once', async () => {
    const stop = new AbortController();
    await expect(move({ signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow();
    expect(await move()).toStrictEqual({ keys: CONTACTS.length, destroyedSince: 0 });
    expect(await move()).toStrictEqual({ keys: CONTACTS.length, destroyedSince: 0 });
    await inDatabase(async (vault) => expect(await vault.keysFor(CONTACTS)).toStrictEqual(keys));
  });

  it('brings back no key that was destroyed there since, and takes none from who came back (P7)', async () => {
    await move();
    const renewed = await inDatabase(async (vault) => {
      await vault.destroy('contact-1', keys[1]!.id);
      await vault.destroy('contact-2', keys[2]!.id);
      return vault.keyFor('contact-2');
    });
    expect(await move()).toStrictEqual({ keys: CONTACTS.length - 2, destroyedSince: 2 });
    await inDatabase(async (vault) => {
      expect(await vault.find('contact-1')).toBeUndefined();
      expect(await vault.find('contact-2')).toStrictEqual(renewed);
    });
  });

  it('is wrapped under the first master key of the database, whatever it was under before', async () => {
    const rotating = openSqliteKeyVault({ path, masterKeys: [OTHER, MASTER] });
    await rotateMasterKey(rotating);
    await rotating.close();
    expect(await move({ masterKeys: [OTHER] })).toMatchObject({ keys: CONTACTS.length });
    const vault = await openPostgresKeyVault({ url, masterKeys: [OTHER] });
    expect(await vault.keysFor(CONTACTS)).toStrictEqual(keys);
    await vault.close();
  });

  it('is refused where the database holds another key of a contact, or knows another master key', async () => {
    await inDatabase((vault) => vault.keyFor('contact-7'));
    await expect(move()).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
    await expect(move({ masterKeys: [OTHER] })).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
  });
});
