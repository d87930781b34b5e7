import { crc32 } from 'node:zlib';
import { createBoundedCache } from './bounded-cache.js';
import { createCallGroup } from './call-group.js';
import { createDataKey, KeyRemnant, KeyVaultUnavailable, type DataKey } from './key-vault.js';
import {
  masterKeyUses,
  othersOf,
  overtaken,
  requireMasterKeys,
  type MasterKey,
  type WrappedKey,
} from './master-keys.js';
import { connectToPostgres, type PostgresConnection } from './postgres-connection.js';
import { purgeBuckets } from './postgres-purge.js';
import {
  checkMasterKeys,
  introduceMasterKeys,
  prepareTables,
  retireMasterKeys,
  tableOf,
} from './postgres-vault-schema.js';
import type { RewrappableVault } from './rewrappable-vault.js';

export interface PostgresKeyVaultOptions {
  /** `postgres://user:password@host:port/database`, with the parameters of libpq for TLS. */
  readonly url: string;
  /** The first wraps what is new, all unwrap. */
  readonly masterKeys: readonly MasterKey[];
  /** How many unwrapped keys are held in memory; default 10 000. */
  readonly cachedKeys?: number;
  /** Into how many tables the keys of a new vault are divided; default 256. */
  readonly buckets?: number;
}

/** A row of `data_keys`; the wrapped key in base64. */
interface KeyRow {
  readonly contactId: string;
  readonly id: string;
  readonly master: number;
  readonly wrapped: string;
}

/** A key that was just made, or one that was found. */
type Found = DataKey | KeyRow;

interface Destruction {
  readonly contactId: string;
  readonly keyId: string | undefined;
}

const CACHED_KEYS = 10_000;
const BUCKETS = 256;
/** Two processes that make and destroy the key of one contact may get in each other's way this often. */
const ROUNDS = 8;

/**
 * A key vault in a PostgreSQL database, which many processes may share. Keys are wrapped with a master key (AES-256-GCM,
 * bound to contact and key id); calls that arrive while the server is waited for go to it together. A destroyed key leaves
 * no byte in the tables; what is left in the server's log and in copies is what ADR 30 says. Rejects with
 * `UnusableKeyVault` when the vault was made with another master key, with `KeyVaultUnavailable` when it cannot be reached,
 * `RangeError` when a master key has not 32 bytes.
 */
export async function openPostgresKeyVault({
  url,
  masterKeys,
  cachedKeys = CACHED_KEYS,
  buckets = BUCKETS,
}: PostgresKeyVaultOptions): Promise<RewrappableVault> {
  requireMasterKeys(masterKeys);
  const connection = connectToPostgres(url);
  try {
    const layout = await prepareTables(connection, buckets);
    return await createVault(connection, masterKeys, cachedKeys, layout.buckets);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function createVault(
  connection: PostgresConnection,
  masterKeys: readonly MasterKey[],
  cachedKeys: number,
  buckets: number,
): Promise<RewrappableVault> {
  let ring = await introduceMasterKeys(connection, masterKeys);
  const unwrapped = createBoundedCache<string, DataKey>(cachedKeys);
  const bucketOf = (contactId: string) => crc32(contactId) % buckets;

  async function read(contactIds: readonly string[]): Promise<ReadonlyMap<string, KeyRow>> {
    const asked = byBucket(contactIds, bucketOf);
    const rows = await Promise.all(
      asked.map(([bucket, ids]) =>
        connection.queryAgain<KeyRow>(
          `SELECT contact_id AS "contactId", key_id AS id, master, wrapped FROM ${tableOf(bucket)} WHERE contact_id = ANY($1)`,
          [ids],
        ),
      ),
    );
    return new Map(rows.flat().map((row) => [row.contactId, row]));
  }

  /** The row says which key stands, since another process may have destroyed one; the cache only saves the unwrapping. */
  async function keyOf(found: Found): Promise<DataKey> {
    if (!('wrapped' in found)) return found;
    const { contactId, id, master } = found;
    const cached = unwrapped.get(contactId);
    if (cached?.id === id) return cached;
    await knowMaster(master);
    return remember(contactId, { id, key: ring.unwrap(contactId, wrappedKeyOf(found)) });
  }

  /** Another process may have brought a master key that this one was given too, but had no use for until now. */
  async function knowMaster(master: number): Promise<void> {
    if (!ring.has(master)) ring = await introduceMasterKeys(connection, masterKeys);
  }

  function remember(contactId: string, key: DataKey): DataKey {
    unwrapped.set(contactId, key);
    return key;
  }

  /** New keys for those of the contacts that have none. */
  async function insert(contactIds: readonly string[]): Promise<ReadonlyMap<string, DataKey>> {
    // In one order everywhere, so that two who insert the same never wait for each other.
    const sorted = contactIds.toSorted((one, other) => bucketOf(one) - bucketOf(other) || (one < other ? -1 : 1));
    const keys = new Map(sorted.map((contactId) => [contactId, createDataKey()]));
    const made = await connection.queryAgain<{ contactId: string }>(
      `INSERT INTO data_keys (bucket, master, contact_id, key_id, wrapped)
        SELECT bucket, $1, contact_id, key_id, wrapped
        FROM unnest($2::smallint[], $3::varchar[], $4::varchar[], $5::varchar[]) AS new (bucket, contact_id, key_id, wrapped)
        WHERE EXISTS (SELECT FROM master_keys WHERE number = $1 AND NOT retired)
        ON CONFLICT (bucket, contact_id) DO NOTHING
        RETURNING contact_id AS "contactId"`,
      [
        ring.wrapsWith,
        sorted.map(bucketOf),
        sorted,
        sorted.map((contactId) => keys.get(contactId)!.id),
        sorted.map((contactId) => Buffer.from(ring.wrap(contactId, keys.get(contactId)!)).toString('base64')),
      ],
    );
    return new Map(made.map(({ contactId }) => [contactId, keys.get(contactId)!]));
  }

  /** The keys of all the contacts, which are made where there are none. */
  async function take(contactIds: ReadonlySet<string>): Promise<ReadonlyMap<string, Found>> {
    const taken = new Map<string, Found>();
    const missing = () => [...contactIds].filter((contactId) => !taken.has(contactId));
    for (let round = 0; missing().length > 0; round++) {
      if (round === ROUNDS) throw new KeyVaultUnavailable('contended');
      // None was made and none was there: the master key was retired meanwhile, or another process destroyed the key again.
      if (round > 0) ring = await introduceMasterKeys(connection, masterKeys);
      for (const [contactId, key] of await insert(missing())) taken.set(contactId, key);
      for (const [contactId, row] of await read(missing())) taken.set(contactId, row);
    }
    return taken;
  }

  async function takeEach(calls: readonly (readonly string[])[]): Promise<readonly (readonly Found[])[]> {
    const taken = await take(new Set(calls.flat()));
    return calls.map((contactIds) => contactIds.map((contactId) => taken.get(contactId)!));
  }

  async function destroyEach(calls: readonly Destruction[]): Promise<readonly boolean[]> {
    const gone = new Set<string>();
    const named = calls.filter(({ keyId }) => keyId !== undefined);
    for (const [bucket, ones] of byBucket(named, ({ contactId }) => bucketOf(contactId)))
      for (const { keyId } of await remove(bucket, ones)) gone.add(keyId);
    for (const { contactId, keyId } of named) if (gone.has(keyId!)) unwrapped.delete(contactId);
    // The first who named a key destroyed it.
    return calls.map(({ keyId }) => keyId !== undefined && gone.delete(keyId));
  }

  /** The key is gone for all who look, and it is noted that its bytes are still to go: also after a crash. */
  function remove(bucket: number, ones: readonly Destruction[]): Promise<readonly { readonly keyId: string }[]> {
    return connection.query<{ keyId: string }>(
      `WITH gone AS (
          DELETE FROM ${tableOf(bucket)}
          WHERE (contact_id, key_id) IN (SELECT * FROM unnest($2::varchar[], $3::varchar[]))
          RETURNING key_id),
        noted AS (INSERT INTO destroyed_keys (key_id) SELECT key_id FROM gone),
        marked AS (
          INSERT INTO remnants (bucket, mark) SELECT DISTINCT $1::smallint, txid_current() FROM gone
          ON CONFLICT (bucket) DO UPDATE SET mark = excluded.mark)
        SELECT key_id AS "keyId" FROM gone`,
      [bucket, ones.map(({ contactId }) => contactId), ones.map(({ keyId }) => keyId)],
    );
  }

  /** Only over the bytes that were read: a key that was destroyed or wrapped anew meanwhile is neither brought back nor set back. */
  async function replace(bucket: number, rows: readonly KeyRow[]): Promise<number> {
    for (const { master } of rows) await knowMaster(master);
    const anew = rows.map((row) => ring.rewrap(row.contactId, wrappedKeyOf(row)));
    const [outcome] = await connection.queryAgain<{ mayWrap: boolean; rewrapped: number }>(
      `WITH target AS (SELECT FROM master_keys WHERE number = $2 AND NOT retired),
        anew AS (
          UPDATE ${tableOf(bucket)} AS key SET wrapped = new.wrapped, master = $2
          FROM unnest($3::varchar[], $4::varchar[], $5::varchar[]) AS new (contact_id, old, wrapped)
          WHERE key.contact_id = new.contact_id AND key.wrapped = new.old AND EXISTS (SELECT FROM target)
          RETURNING key.contact_id),
        marked AS (
          INSERT INTO remnants (bucket, mark) SELECT DISTINCT $1::smallint, txid_current() FROM anew
          ON CONFLICT (bucket) DO UPDATE SET mark = excluded.mark)
        SELECT EXISTS (SELECT FROM target) AS "mayWrap", (SELECT count(*)::integer FROM anew) AS rewrapped`,
      [
        bucket,
        ring.wrapsWith,
        rows.map(({ contactId }) => contactId),
        rows.map(({ wrapped }) => wrapped),
        anew.map((wrapped) => Buffer.from(wrapped).toString('base64')),
      ],
    );
    if (!outcome?.mayWrap) throw overtaken();
    return outcome.rewrapped;
  }

  async function* rewrapBucket(bucket: number, atOnce: number): AsyncGenerator<number> {
    for (let after = ''; ;) {
      const rows = await connection.queryAgain<KeyRow>(
        `SELECT contact_id AS "contactId", key_id AS id, master, wrapped FROM ${tableOf(bucket)}
          WHERE contact_id > $1 AND master <> $2 ORDER BY contact_id LIMIT $3`,
        [after, ring.wrapsWith, atOnce],
      );
      if (rows.length === 0) return;
      yield await replace(bucket, rows);
      after = rows.at(-1)!.contactId;
    }
  }

  async function destroyedAmong(keyIds: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await connection.queryAgain<{ keyId: string }>(
      'SELECT key_id AS "keyId" FROM destroyed_keys WHERE key_id = ANY($1)',
      [keyIds],
    );
    return new Set(rows.map(({ keyId }) => keyId));
  }

  async function wereDestroyed(keyIds: readonly string[]): Promise<readonly boolean[]> {
    const destroyed = await destroyedAmong(keyIds);
    return keyIds.map((keyId) => destroyed.has(keyId));
  }

  const calls = createCallGroup();
  const takeKeys = calls.kind(takeEach);
  const destroyKey = calls.kind(destroyEach);
  // Apart from what writes, which it need not wait for.
  const wasDestroyed = createCallGroup().kind(wereDestroyed);
  // Apart from the others: a table that somebody holds is waited for, and new keys should not wait with it.
  const purges = createCallGroup();
  const purge = purges.kind((buckets: readonly number[]) => purgeBuckets(connection, buckets));
  await purgeBuckets(connection, []).catch(() => undefined);

  const accepted = new Set<Promise<unknown>>();
  /** What was begun is settled before the vault is closed, of however many calls it is made. */
  function settling<T>(work: Promise<T>): Promise<T> {
    const settled = work.catch(() => undefined).finally(() => accepted.delete(settled));
    accepted.add(settled);
    return work;
  }

  async function keyFor(contactId: string): Promise<DataKey> {
    const row = calls.isBusy() ? undefined : (await read([contactId])).get(contactId);
    const [found] = row ? [row] : await takeKeys([contactId]);
    return remember(contactId, await keyOf(found!));
  }

  async function destroy(contactId: string, keyId: string | undefined): Promise<{ destroyed: boolean }> {
    const destroyed = await destroyKey({ contactId, keyId });
    if (!(await purge(bucketOf(contactId)))) throw new KeyRemnant();
    return { destroyed };
  }

  async function purgeRemnants(): Promise<boolean> {
    const count = async () => (await connection.queryAgain('SELECT FROM remnants')).length;
    for (let left = await count(); left > 0;) {
      await purgeBuckets(connection, []);
      const now = await count();
      if (now >= left) return false;
      left = now;
    }
    return true;
  }

  return {
    keyFor: (contactId) => settling(keyFor(contactId)),
    /** Those who ask for many ask for new ones: none is kept in memory. */
    keysFor: (contactIds) => settling(takeKeys(contactIds).then((rows) => Promise.all(rows.map(keyOf)))),
    async find(contactId) {
      const row = (await read([contactId])).get(contactId);
      return row && keyOf(row);
    },
    destroy: (contactId, keyId) => settling(destroy(contactId, keyId)),
    purgeRemnants: () => settling(purgeRemnants()),
    wasDestroyed: (keyId) => settling(wasDestroyed(keyId)),
    destroyedAmong,
    check: () => checkMasterKeys(connection, masterKeys),
    async masterKeysInUse() {
      const rows = await connection.queryAgain<{ master: number; keys: number }>(
        'SELECT master, count(*)::integer AS keys FROM data_keys GROUP BY master',
      );
      return masterKeyUses(ring, new Map(rows.map(({ master, keys }) => [master, keys])));
    },
    async *rewrap(atOnce) {
      for (let bucket = 0; bucket < buckets; bucket++) yield* rewrapBucket(bucket, atOnce);
    },
    async retireOthers() {
      ring = await introduceMasterKeys(connection, masterKeys);
      const others = othersOf(ring);
      const purged = await purgeBuckets(
        connection,
        Array.from({ length: buckets }, (_, bucket) => bucket),
      );
      if (purged.includes(false)) throw new KeyRemnant();
      return retireMasterKeys(connection, ring.wrapsWith, others);
    },
    async close() {
      await Promise.all(accepted);
      unwrapped.clear();
      await connection.close();
    },
  };
}

function wrappedKeyOf({ id, master, wrapped }: KeyRow): WrappedKey {
  return { id, master, wrapped: Buffer.from(wrapped, 'base64') };
}

/** What belongs to each bucket, in the order of the buckets. */
function byBucket<T>(all: readonly T[], bucketOf: (one: T) => number): (readonly [number, readonly T[]])[] {
  const buckets = [...new Set(all.map(bucketOf))].sort((one, other) => one - other);
  return buckets.map((bucket) => [bucket, all.filter((one) => bucketOf(one) === bucket)]);
}
