import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyVault } from './key-vault.js';
import { keyVaultContract, rewrappableVaultContract, storedKeyVaultContract } from './key-vault.contract.js';
import { rotateMasterKey } from './rotate-master-key.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

const masterKeys = [{ id: 'one', secret: Buffer.alloc(32, 1) }];
const otherMasterKeys = [{ id: 'other', secret: Buffer.alloc(32, 2) }];
const FILE_PARTS = ['', '-wal', '-shm'];

const folder = mkdtempSync(join(tmpdir(), 'key-vault-'));
let files = 0;
const newPath = () => join(folder, `vault-${files++}.sqlite`);
const contactIds = (count: number) => Array.from({ length: count }, (_, i) => `contact-${(i * 7919) % count}`);

afterAll(() => rmSync(folder, { recursive: true }));

keyVaultContract('The SQLite vault', async () => openSqliteKeyVault({ path: newPath(), masterKeys }));

keyVaultContract('The SQLite vault without a cache', async () =>
  openSqliteKeyVault({ path: newPath(), masterKeys, cachedKeys: 0 }),
);

storedKeyVaultContract('The SQLite vault', () => {
  const path = newPath();
  return {
    open: async () => openSqliteKeyVault({ path, masterKeys }),
    openWithOtherMasterKey: async () => openSqliteKeyVault({ path, masterKeys: otherMasterKeys }),
  };
});

rewrappableVaultContract('The SQLite vault', () => {
  const path = newPath();
  return { open: async (masterKeys) => openSqliteKeyVault({ path, masterKeys }) };
});

describe('openSqliteKeyVault', () => {
  let vault: KeyVault | undefined;
  afterEach(() => vault?.close());

  const givenKeys = async (path: string, count: number) => {
    vault = openSqliteKeyVault({ path, masterKeys });
    const ids = contactIds(count);
    for (let i = 0; i < count; i += 20) await Promise.all(ids.slice(i, i + 20).map((id) => vault!.keyFor(id)));
    return { vault, ids };
  };

  const wrappedKeys = (path: string): Map<string, Buffer> => {
    const db = new Database(path, { readonly: true });
    const rows = db.prepare<[], [string, Buffer]>('SELECT contact_id, wrapped FROM data_keys').raw().all();
    db.close();
    return new Map(rows);
  };

  const bytesOnDisk = (path: string) =>
    Buffer.concat(FILE_PARTS.filter((part) => existsSync(path + part)).map((part) => readFileSync(path + part)));

  it('never writes a key in the clear', async () => {
    const path = newPath();
    const { vault, ids } = await givenKeys(path, 20);
    const disk = bytesOnDisk(path);
    for (const id of ids) expect(disk.includes(Buffer.from((await vault.find(id))!.key))).toBe(false);
  });

  it('leaves no byte of a destroyed key in the file or its write-ahead log', async () => {
    const path = newPath();
    const { vault, ids } = await givenKeys(path, 600);
    const wrapped = wrappedKeys(path);
    const destroyed = ids.filter((_, i) => i % 3 !== 0);
    expect(destroyed.every((id) => bytesOnDisk(path).includes(wrapped.get(id)!))).toBe(true);

    const destroy = async (id: string) => vault.destroy(id, (await vault.find(id))!.id);
    for (const id of destroyed.slice(0, 20)) await destroy(id);
    await Promise.all(destroyed.slice(20).map(destroy));

    const disk = bytesOnDisk(path);
    const halves = destroyed.flatMap((id) => [wrapped.get(id)!.subarray(0, 30), wrapped.get(id)!.subarray(30)]);
    expect(halves.filter((half) => disk.includes(half))).toStrictEqual([]);
    expect(await vault.find(ids[0]!)).toBeDefined();
  });

  it('says so when a reader holds on to a destroyed key, and purges it the next time', async () => {
    const path = newPath();
    const { vault } = await givenKeys(path, 20);
    const wrapped = wrappedKeys(path).get('contact-7')!;
    const { id } = await vault.keyFor('contact-7');
    const reader = new Database(path);
    reader.exec('BEGIN; SELECT count(*) FROM data_keys');

    await expect(vault.destroy('contact-7', id)).rejects.toMatchObject({ code: 'KEY_REMNANT' });
    expect(await vault.find('contact-7')).toBeUndefined();
    reader.close();
    expect(await vault.destroy('contact-7', undefined)).toStrictEqual({ destroyed: false });
    expect(bytesOnDisk(path).includes(wrapped)).toBe(false);
  });

  it('removes by itself what was left of a destroyed key, once nobody holds on to it (P7)', async () => {
    const path = newPath();
    const { vault } = await givenKeys(path, 20);
    const wrapped = wrappedKeys(path).get('contact-7')!;
    const reader = new Database(path);
    reader.exec('BEGIN; SELECT count(*) FROM data_keys');
    await expect(vault.destroy('contact-7', (await vault.find('contact-7'))!.id)).rejects.toBeDefined();
    expect(await vault.purgeRemnants()).toBe(false);
    reader.close();
    expect(await vault.purgeRemnants()).toBe(true);
    expect(bytesOnDisk(path).includes(wrapped)).toBe(false);
  });

  it('has written a key before it gives it', async () => {
    const path = newPath();
    const { ids, vault } = await givenKeys(path, 20);
    ids.push(...Array.from({ length: 20 }, (_, n) => `of-many-${n}`));
    await vault.keysFor(ids);
    const crashed = newPath();
    for (const part of ['', '-wal']) copyFileSync(path + part, crashed + part);
    const recovered = openSqliteKeyVault({ path: crashed, masterKeys });
    const found = await Promise.all(ids.map((id) => recovered.find(id)));
    await recovered.close();
    expect(found).not.toContain(undefined);
  });

  it('fails every call of a commit that fails, and works again afterwards', async () => {
    const path = newPath();
    const { vault } = await givenKeys(path, 20);
    const other = new Database(path);
    other.exec("CREATE TRIGGER full BEFORE INSERT ON data_keys BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END");
    const outcomes = await Promise.allSettled([vault.keyFor('new-1'), vault.keyFor('new-2')]);
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected']);
    other.exec('DROP TRIGGER full');
    other.close();
    expect((await vault.keyFor('new-1')).key).toHaveLength(32);
  });

  it('fails only the contact whose wrapped key is damaged or was swapped', async () => {
    const path = newPath();
    await (await givenKeys(path, 20)).vault.close();
    const other = new Database(path);
    other.exec(`UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE contact_id = 'contact-2')
      WHERE contact_id = 'contact-1'`);
    other.close();
    vault = openSqliteKeyVault({ path, masterKeys });
    const calls = ['new', 'contact-1', 'contact-2'].map((id) => vault!.keyFor(id));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'UNUSABLE_KEY_VAULT' } });
  });

  it('refuses a master key of another length', () => {
    expect(() =>
      openSqliteKeyVault({ path: newPath(), masterKeys: [{ id: 'short', secret: Buffer.alloc(16) }] }),
    ).toThrow(RangeError);
  });

  it('leaves no byte of a key as it was wrapped under a master key that was retired', async () => {
    const path = newPath();
    await (await givenKeys(path, 600)).vault.close();
    const before = wrappedKeys(path);
    const rotating = openSqliteKeyVault({ path, masterKeys: [...otherMasterKeys, ...masterKeys] });
    vault = rotating;
    expect(await rotateMasterKey(rotating)).toMatchObject({ rewrapped: 600, completed: true });
    const disk = bytesOnDisk(path);
    const halves = [...before.values()].flatMap((wrapped) => [wrapped.subarray(0, 30), wrapped.subarray(30)]);
    expect(halves.filter((half) => disk.includes(half))).toStrictEqual([]);
    for (const wrapped of wrappedKeys(path).values()) expect(disk.includes(wrapped)).toBe(true);
  });

  it('does not say that a master key may go while a reader holds on to what was wrapped under it', async () => {
    const path = newPath();
    await (await givenKeys(path, 20)).vault.close();
    const rotating = openSqliteKeyVault({ path, masterKeys: [...otherMasterKeys, ...masterKeys] });
    vault = rotating;
    const reader = new Database(path);
    reader.exec('BEGIN; SELECT count(*) FROM data_keys');
    await expect(rotateMasterKey(rotating)).rejects.toMatchObject({ code: 'KEY_REMNANT' });
    reader.close();
    expect(await rotateMasterKey(rotating)).toStrictEqual({ rewrapped: 0, completed: true });
  });

  it('opens a file of the first release, with every key and under the same master key', async () => {
    const path = newPath();
    const { ids } = await givenKeys(path, 20);
    const keys = await vault!.keysFor(ids);
    await vault!.close();
    const db = new Database(path);
    db.exec(`CREATE TABLE master_key_check (sealed BLOB NOT NULL) STRICT;
      INSERT INTO master_key_check SELECT sealed FROM master_keys;
      DROP TABLE master_keys;
      ALTER TABLE data_keys DROP COLUMN master;
      PRAGMA user_version = 1`);
    db.close();
    expect(() => openSqliteKeyVault({ path, masterKeys: otherMasterKeys })).toThrow(/another master key/);
    const rotating = openSqliteKeyVault({ path, masterKeys: [...otherMasterKeys, ...masterKeys] });
    vault = rotating;
    expect(await rotateMasterKey(rotating)).toMatchObject({ rewrapped: 20, completed: true });
    expect(await vault.keysFor(ids)).toStrictEqual(keys.map(({ id, key }) => ({ id, key: Buffer.from(key) })));
  });

  it('refuses a file that is no vault, and says what to do', () => {
    const path = newPath();
    writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(20));
    expect(() => openSqliteKeyVault({ path, masterKeys })).toThrow(/Check that it is the vault/);
  });

  it('refuses the file of a later release', () => {
    const path = newPath();
    const db = new Database(path);
    db.pragma('user_version = 3');
    db.close();
    expect(() => openSqliteKeyVault({ path, masterKeys })).toThrow(/schema version 3/);
  });
});
