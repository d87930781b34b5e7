import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeyVault } from './key-vault.js';
import { keyVaultContract, storedKeyVaultContract } from './key-vault.contract.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

const MASTER_KEY = Buffer.alloc(32, 1);
const OTHER_MASTER_KEY = Buffer.alloc(32, 2);
const FILE_PARTS = ['', '-wal', '-shm'];

const folder = mkdtempSync(join(tmpdir(), 'key-vault-'));
let files = 0;
const newPath = () => join(folder, `vault-${files++}.sqlite`);
const contactIds = (count: number) => Array.from({ length: count }, (_, i) => `contact-${(i * 7919) % count}`);

afterAll(() => rmSync(folder, { recursive: true }));

keyVaultContract('The SQLite vault', async () => openSqliteKeyVault({ path: newPath(), masterKey: MASTER_KEY }));

keyVaultContract('The SQLite vault without a cache', async () =>
  openSqliteKeyVault({ path: newPath(), masterKey: MASTER_KEY, cachedKeys: 0 }),
);

storedKeyVaultContract('The SQLite vault', () => {
  const path = newPath();
  return {
    open: async () => openSqliteKeyVault({ path, masterKey: MASTER_KEY }),
    openWithOtherMasterKey: async () => openSqliteKeyVault({ path, masterKey: OTHER_MASTER_KEY }),
  };
});

describe('openSqliteKeyVault', () => {
  let vault: KeyVault | undefined;
  afterEach(() => vault?.close());

  const givenKeys = async (path: string, count: number) => {
    vault = openSqliteKeyVault({ path, masterKey: MASTER_KEY });
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

  it('has written a key before it gives it', async () => {
    const path = newPath();
    const { ids, vault } = await givenKeys(path, 20);
    ids.push(...Array.from({ length: 20 }, (_, n) => `of-many-${n}`));
    await vault.keysFor(ids);
    const crashed = newPath();
    for (const part of ['', '-wal']) copyFileSync(path + part, crashed + part);
    const recovered = openSqliteKeyVault({ path: crashed, masterKey: MASTER_KEY });
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
    vault = openSqliteKeyVault({ path, masterKey: MASTER_KEY });
    const calls = ['new', 'contact-1', 'contact-2'].map((id) => vault!.keyFor(id));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'UNUSABLE_KEY_VAULT' } });
  });

  it('refuses a master key of another length', () => {
    expect(() => openSqliteKeyVault({ path: newPath(), masterKey: Buffer.alloc(16) })).toThrow(RangeError);
  });

  it('refuses a file that is no vault, and says what to do', () => {
    const path = newPath();
    writeFileSync(path, 'not a database, but long enough to be looked at as one'.repeat(20));
    expect(() => openSqliteKeyVault({ path, masterKey: MASTER_KEY })).toThrow(/Check that it is the vault/);
  });

  it('refuses the file of a later release', () => {
    const path = newPath();
    const db = new Database(path);
    db.pragma('user_version = 2');
    db.close();
    expect(() => openSqliteKeyVault({ path, masterKey: MASTER_KEY })).toThrow(/schema version 2/);
  });
});
