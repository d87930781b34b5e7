import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import pg from 'pg';
import { startPostgres, type PostgresServer } from '../../../test/services/postgres/server.js';
import { describeWithOwnPostgres, run } from '../../../test/services/postgres/shared-server.js';
import type { KeyVault } from './key-vault.js';
import type { MasterKey } from './master-keys.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';
import type { RewrappableVault } from './rewrappable-vault.js';
import { rotateMasterKey } from './rotate-master-key.js';

const MASTER: MasterKey = { id: 'one', secret: Buffer.alloc(32, 1) };
const NEW: MasterKey = { id: 'two', secret: Buffer.alloc(32, 2) };
const BUCKETS = 3;

describeWithOwnPostgres('a vault in PostgreSQL', () => {
  const directory = mkdtempSync(join(tmpdir(), 'postgres-vault-'));
  let server: PostgresServer;
  let certificates = 0;
  beforeAll(async () => {
    server = await startPostgres({ directory });
  });
  afterAll(async () => {
    await server.end('SIGQUIT');
    rmSync(directory, { recursive: true, force: true });
  });

  const opened: KeyVault[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((vault) => vault.close()));
    await sql('DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public');
  });

  const sql = (text: string, values?: unknown[]) => run(server.url, text, values);

  async function open(): Promise<KeyVault> {
    const vault = await openPostgresKeyVault({ url: server.url, masterKeys: [MASTER], buckets: BUCKETS });
    opened.push(vault);
    return vault;
  }

  async function openBoth(): Promise<RewrappableVault> {
    const vault = await openPostgresKeyVault({ url: server.url, masterKeys: [NEW, MASTER] });
    opened.push(vault);
    return vault;
  }

  async function givenKeys(count: number): Promise<{ vault: KeyVault; ids: string[] }> {
    const vault = await open();
    const ids = Array.from({ length: count }, (_, at) => `contact-${at}`);
    await vault.keysFor(ids);
    return { vault, ids };
  }

  /** A contact whose key would lie in another table than that of this one. */
  function contactInOtherTable(contactId: string): string {
    const own = crc32(contactId) % BUCKETS;
    return ['a', 'b', 'c', 'd', 'e', 'f'].find((one) => crc32(one) % BUCKETS !== own)!;
  }

  /** A certificate for 127.0.0.1 and its key, in files that the server may read. */
  async function certificate(): Promise<{ cert: string; key: string }> {
    const name = join(server.dataDirectory, `tls-${certificates++}`);
    const [cert, key] = [`${name}.crt`, `${name}.key`];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', [...request, ...subject, '-out', cert, '-keyout', key], { stdio: 'ignore' });
    const { uid, gid } = statSync(server.dataDirectory);
    for (const file of [cert, key]) chownSync(file, uid, gid);
    return { cert, key };
  }

  /** The server takes up new settings some moments after it is told. */
  async function eventuallyOpen(url: string): Promise<RewrappableVault> {
    for (let left = 100; ; left--) {
      try {
        const vault = await openPostgresKeyVault({ url, masterKeys: [MASTER], buckets: BUCKETS });
        opened.push(vault);
        return vault;
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  }

  async function wrappedKeys(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await sql('SELECT contact_id, wrapped FROM data_keys');
    return new Map(rows.map(({ contact_id: id, wrapped }) => [id, wrapped]));
  }

  /** What lies in the files of the server's tables. */
  async function bytesOfTables(): Promise<Buffer> {
    await sql('CHECKPOINT');
    return filesIn(join(server.dataDirectory, 'base'));
  }

  /** A connection that saw what there was, and may go on to see it: a backup, a report. */
  async function reader(statement: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await client.query(statement);
    return client;
  }

  it('never writes a key in the clear, to its tables or to its log', async () => {
    const { vault, ids } = await givenKeys(20);
    const disk = filesIn(server.dataDirectory);
    const key = Buffer.from((await vault.find(ids[0]!))!.key);
    for (const form of [key, key.toString('base64'), key.toString('hex')]) expect(disk.includes(form)).toBe(false);
  });

  it('leaves no byte of a destroyed key in the files of its tables, and every other key (P7)', async () => {
    const { vault, ids } = await givenKeys(300);
    const wrapped = await wrappedKeys();
    const destroyed = ids.filter((_, at) => at % 3 !== 0);
    const before = await bytesOfTables();
    expect(destroyed.filter((id) => !before.includes(wrapped.get(id)!))).toStrictEqual([]);

    await Promise.all(destroyed.map(async (id) => vault.destroy(id, (await vault.find(id))!.id)));
    const after = await bytesOfTables();
    expect(destroyed.filter((id) => after.includes(wrapped.get(id)!.slice(0, 40)))).toStrictEqual([]);
    expect((await wrappedKeys()).size).toBe(100);
    expect(await vault.find(ids[0]!)).toBeDefined();
  });

  it.each([
    ['sees the deleted row still', 'SELECT count(*) FROM key_vault'],
    ['holds the table, as a backup does', 'LOCK TABLE data_keys IN ACCESS SHARE MODE'],
  ])('says so when somebody %s, and purges it the next time', async (_, statement) => {
    const { vault } = await givenKeys(20);
    const wrapped = (await wrappedKeys()).get('contact-7')!;
    const { id } = await vault.keyFor('contact-7');
    const backup = await reader(statement);

    await expect(vault.destroy('contact-7', id)).rejects.toMatchObject({ code: 'KEY_REMNANT' });
    expect(await vault.find('contact-7')).toBeUndefined();
    expect(await vault.wasDestroyed(id)).toBe(true);
    await backup.end();
    expect(await vault.destroy('contact-7', undefined)).toStrictEqual({ destroyed: false });
    expect((await bytesOfTables()).includes(wrapped)).toBe(false);
  });

  it('removes by itself what was left of destroyed keys, once nobody holds on to them (P7)', async () => {
    const { vault, ids } = await givenKeys(20);
    const wrapped = await wrappedKeys();
    const leaving = ids.slice(0, 6);
    const backup = await reader('SELECT count(*) FROM key_vault');
    for (const id of leaving) await expect(vault.destroy(id, (await vault.find(id))!.id)).rejects.toBeDefined();
    expect(await vault.purgeRemnants()).toBe(false);
    await backup.end();
    expect(await vault.purgeRemnants()).toBe(true);
    const after = await bytesOfTables();
    expect(leaving.filter((id) => after.includes(wrapped.get(id)!))).toStrictEqual([]);
  });

  it('destroys a key while something is written in another database of the server, once that is done (P7)', async () => {
    const { vault } = await givenKeys(20);
    const wrapped = (await wrappedKeys()).get('contact-7')!;
    const { id } = await vault.keyFor('contact-7');
    const other = new URL(server.url);
    other.pathname = '/template1';
    const writer = new pg.Client({ connectionString: other.href });
    await writer.connect();
    await writer.query('BEGIN; CREATE TABLE written ()');
    const ended = delay(500).then(() => writer.end());

    expect(await vault.destroy('contact-7', id)).toStrictEqual({ destroyed: true });
    expect((await bytesOfTables()).includes(wrapped)).toBe(false);
    await ended;
  });

  it('purges what a crash left over when it is opened again', async () => {
    const { vault } = await givenKeys(20);
    const wrapped = (await wrappedKeys()).get('contact-7')!;
    const backup = await reader('SELECT count(*) FROM key_vault');
    await expect(vault.destroy('contact-7', (await vault.find('contact-7'))!.id)).rejects.toBeDefined();
    await backup.end();
    await open();
    expect((await bytesOfTables()).includes(wrapped)).toBe(false);
  });

  it('purges what was left over on another server, from which it was restored', async () => {
    await givenKeys(20);
    await sql('INSERT INTO remnants (bucket, mark) VALUES (0, 9000000000)');
    await open();
    expect((await sql('SELECT bucket FROM remnants')).rows).toStrictEqual([]);
  });

  it('leaves no byte of a key as it was wrapped under a master key that was retired', async () => {
    await (await givenKeys(300)).vault.close();
    const before = await wrappedKeys();
    const rotating = await openBoth();
    expect(await rotateMasterKey(rotating)).toMatchObject({ rewrapped: 300, completed: true });
    const disk = await bytesOfTables();
    expect([...before.values()].filter((wrapped) => disk.includes(wrapped.slice(0, 40)))).toStrictEqual([]);
    expect([...(await wrappedKeys()).values()].filter((wrapped) => !disk.includes(wrapped))).toStrictEqual([]);
  });

  it('does not say that a master key may go while a backup holds on to what was wrapped under it', async () => {
    await (await givenKeys(20)).vault.close();
    const rotating = await openBoth();
    const backup = await reader('SELECT count(*) FROM key_vault');
    await expect(rotateMasterKey(rotating)).rejects.toMatchObject({ code: 'KEY_REMNANT' });
    await backup.end();
    expect(await rotateMasterKey(rotating)).toStrictEqual({ rewrapped: 0, completed: true });
  });

  it('goes on with a rotation in which the server went down', async () => {
    const { ids, vault } = await givenKeys(30);
    const keys = await vault.keysFor(ids);
    const rotating = await openBoth();
    const batches = rotating.rewrap(5)[Symbol.asyncIterator]();
    await batches.next();
    const { port } = server;
    await server.end('SIGQUIT');
    await expect(batches.next()).rejects.toMatchObject({ code: 'KEY_VAULT_UNAVAILABLE' });
    server = await startPostgres({ directory, port });
    expect(await rotateMasterKey(rotating)).toMatchObject({ rewrapped: 25, completed: true });
    expect(await rotating.keysFor(ids)).toStrictEqual(keys.map(({ id, key }) => ({ id, key: Buffer.from(key) })));
  });

  it('is unavailable while the server is down, tells neither its password nor a contact, and works again afterwards', async () => {
    const { vault, ids } = await givenKeys(3);
    const before = await vault.find(ids[0]!);
    const { port, url } = server;
    await server.end('SIGQUIT');

    const calls = [
      vault.keyFor('new'),
      vault.find(ids[0]!),
      vault.destroy(ids[1]!, 'a-key'),
      vault.wasDestroyed('a-key'),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'KEY_VAULT_UNAVAILABLE' } });
      const told = JSON.stringify(outcome, Object.getOwnPropertyNames((outcome as PromiseRejectedResult).reason));
      expect([told.includes(new URL(url).password), told.includes(ids[0]!)]).toStrictEqual([false, false]);
    }
    const opening = openPostgresKeyVault({ url, masterKeys: [MASTER] });
    await expect(opening).rejects.toMatchObject({
      code: 'KEY_VAULT_UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });

    server = await startPostgres({ directory, port });
    expect(await vault.find(ids[0]!)).toStrictEqual(before);
    expect((await vault.keyFor('new')).key).toHaveLength(32);
  });

  it('gives a new key while a destruction waits for a table that a backup holds', async () => {
    const { vault } = await givenKeys(3);
    const { id } = await vault.keyFor('contact-0');
    const backup = await reader('LOCK TABLE data_keys IN ACCESS SHARE MODE');
    const settled: string[] = [];
    const destroying = vault.destroy('contact-0', id).catch(() => settled.push('destroyed'));
    await vault.keyFor(contactInOtherTable('contact-0')).then(() => settled.push('new key'));
    await destroying;
    await backup.end();
    expect(settled).toStrictEqual(['new key', 'destroyed']);
  });

  it('is unavailable where a server takes connections and says nothing', async () => {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const { port } = mute.address() as AddressInfo;
    const opening = openPostgresKeyVault({
      url: `postgres://ledger:secret@127.0.0.1:${port}/keys`,
      masterKeys: [MASTER],
    });
    await expect(opening).rejects.toMatchObject({ code: 'KEY_VAULT_UNAVAILABLE' });
    mute.close();
  });

  it('takes a connection with TLS only to the server whose certificate it is told of', async () => {
    const [own, other] = [await certificate(), await certificate()];
    await sql(`ALTER SYSTEM SET ssl_cert_file = '${own.cert}'`);
    await sql(`ALTER SYSTEM SET ssl_key_file = '${own.key}'`);
    await sql('ALTER SYSTEM SET ssl = on');
    await sql('SELECT pg_reload_conf()');
    const over = (cert: string) => `${server.url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(cert)}`;
    const vault = await eventuallyOpen(over(own.cert));
    expect((await vault.keyFor('contact-1')).key).toHaveLength(32);
    const { rows } = await sql(`SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE application_name = 'consent-ledger'`);
    expect(rows.map(({ ssl }) => ssl)).toContain(true);
    const opening = openPostgresKeyVault({ url: over(other.cert), masterKeys: [MASTER] });
    await expect(opening).rejects.toMatchObject({ code: 'KEY_VAULT_UNAVAILABLE' });
  });

  it('goes on when its connections were cut while nobody used them', async () => {
    const { vault, ids } = await givenKeys(3);
    const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'consent-ledger'`;
    expect((await sql(cut)).rows.length).toBeGreaterThan(0);
    const keys = await Promise.all([...ids, 'new'].map((id) => vault.keyFor(id)));
    expect(keys.map(({ key }) => key.length)).toStrictEqual([32, 32, 32, 32]);
  });

  it('keeps one key a contact and no remnant while two processes make and destroy the same ones', async () => {
    const vaults = [await open(), await open()];
    const ids = Array.from({ length: 6 }, (_, at) => `contact-${at}`);
    const seen = new Map<string, string>();
    const work = vaults.flatMap((vault) =>
      ids.map(async (contactId, at) => {
        for (let round = 0; round < 6; round++) {
          const { id, key } = await vault.keyFor(contactId);
          expect(seen.get(id) ?? Buffer.from(key).toString('hex')).toBe(Buffer.from(key).toString('hex'));
          seen.set(id, Buffer.from(key).toString('hex'));
          if ((round + at) % 2 === 0) await vault.destroy(contactId, id).catch(expectRemnant);
        }
      }),
    );
    await Promise.all(work);
    await Promise.all(ids.map((id) => vaults[0]!.destroy(id, undefined)));
    expect((await sql('SELECT bucket FROM remnants')).rows).toStrictEqual([]);
    const standing = await Promise.all(ids.map((id) => vaults[1]!.find(id)));
    expect(await vaults[0]!.destroyedAmong(standing.flatMap((key) => (key ? [key.id] : [])))).toStrictEqual(new Set());
  });

  it('fails only the contact whose wrapped key is damaged or was swapped', async () => {
    await (await givenKeys(20)).vault.close();
    await sql(`UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE contact_id = 'contact-2')
      WHERE contact_id = 'contact-1'`);
    const vault = await open();
    const outcomes = await Promise.allSettled(['new', 'contact-1', 'contact-2'].map((id) => vault.keyFor(id)));
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[1]).toMatchObject({ reason: { code: 'UNUSABLE_KEY_VAULT' } });
  });

  it('refuses a master key of another length, tables of a later release, and tables that are broken', async () => {
    const short = { url: server.url, masterKeys: [{ id: 'short', secret: Buffer.alloc(16) }] };
    await expect(openPostgresKeyVault(short)).rejects.toThrow(RangeError);
    const vault = await open();
    await sql('UPDATE key_vault SET version = 2');
    await expect(open()).rejects.toThrow(/schema version 2/);
    await sql('DROP TABLE destroyed_keys');
    await expect(vault.wasDestroyed('a-key')).rejects.toMatchObject({
      code: 'UNUSABLE_KEY_VAULT',
      message: expect.stringContaining('42P01'),
    });
  });
});

function expectRemnant(error: unknown): void {
  expect(error).toMatchObject({ code: 'KEY_REMNANT' });
}

function filesIn(folder: string): Buffer {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Buffer.concat(
    entries.filter((one) => one.isFile()).map((one) => readFileSync(join(one.parentPath, one.name))),
  );
}
