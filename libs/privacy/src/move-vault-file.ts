import { crc32 } from 'node:zlib';
import { UnusableKeyVault } from './key-vault.js';
import type { MasterKey, MasterKeyRing, WrappedKey } from './master-keys.js';
import { connectToPostgres, type PostgresConnection } from './postgres-connection.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';
import { introduceMasterKeys, prepareTables } from './postgres-vault-schema.js';
import { openVaultFile, type VaultFile } from './sqlite-vault-file.js';

export interface MoveVaultOptions {
  /** The vault that is moved; nobody may use it meanwhile. */
  readonly path: string;
  /** The database that it is moved to. */
  readonly url: string;
  readonly masterKeys: readonly MasterKey[];
  readonly signal?: AbortSignal;
  /** Hears after each stretch how many keys were seen to. */
  readonly onProgress?: (keys: number) => void;
}

/** How many keys of the file are in the database now, and how many are not because they were destroyed there. */
export interface MovedVault {
  readonly keys: number;
  readonly destroyedSince: number;
}

interface KeyRow extends WrappedKey {
  readonly contactId: string;
}

interface StoredRow {
  readonly contactId: string;
  readonly id: string;
  readonly master: number;
  readonly wrapped: string;
}

const KEYS_AT_ONCE = 1_000;
/** What the database was made with stays. */
const BUCKETS_OF_OLD = 256;

/**
 * Copies every key of a vault file into a database, wrapped anew under its first master key, and the records of destroyed ones
 * before them; each key is read back and compared. It may be stopped and begun again. A key that was destroyed in the database
 * is not brought back (P7). Rejects with `UnusableKeyVault` for a wrong master key, and where the database holds another key of
 * a contact; with `KeyVaultUnavailable` when it cannot be reached.
 */
export async function moveVaultFile(options: MoveVaultOptions): Promise<MovedVault> {
  const { path, url, masterKeys } = options;
  await (await openPostgresKeyVault({ url, masterKeys })).close();
  const file = openVaultFile(path, masterKeys);
  const connection = connectToPostgres(url);
  try {
    const { buckets } = await prepareTables(connection, BUCKETS_OF_OLD);
    const ring = await introduceMasterKeys(connection, masterKeys);
    return await moveAll({ file, connection, ring, buckets }, options);
  } finally {
    await connection.close();
    file.db.close();
  }
}

interface Ends {
  readonly file: VaultFile;
  readonly connection: PostgresConnection;
  readonly ring: MasterKeyRing;
  readonly buckets: number;
}

async function moveAll(ends: Ends, { signal, onProgress }: MoveVaultOptions): Promise<MovedVault> {
  const { db } = ends.file;
  const destroyed = db
    .prepare<[string, number], string>('SELECT key_id FROM destroyed_keys WHERE key_id > ? ORDER BY key_id LIMIT ?')
    .pluck();
  for (const ids of pagesOf(
    (after) => destroyed.all(after, KEYS_AT_ONCE),
    (id) => id,
  )) {
    signal?.throwIfAborted();
    await ends.connection.queryAgain('INSERT INTO destroyed_keys SELECT unnest($1::varchar[]) ON CONFLICT DO NOTHING', [
      ids,
    ]);
  }
  const keys = db.prepare<[string, number], KeyRow>(
    `SELECT contact_id AS contactId, key_id AS id, wrapped, master FROM data_keys
      WHERE contact_id > ? ORDER BY contact_id LIMIT ?`,
  );
  const moved = { keys: 0, destroyedSince: 0 };
  for (const rows of pagesOf(
    (after) => keys.all(after, KEYS_AT_ONCE),
    ({ contactId }) => contactId,
  )) {
    signal?.throwIfAborted();
    const there = await moveKeys(ends, rows);
    moved.keys += there;
    moved.destroyedSince += rows.length - there;
    onProgress?.(moved.keys + moved.destroyedSince);
  }
  return moved;
}

/** The pages of a table in the order of its key, which is never empty. */
function* pagesOf<T>(read: (after: string) => readonly T[], keyOf: (row: T) => string): Generator<readonly T[]> {
  for (let page = read(''); page.length > 0; page = read(keyOf(page.at(-1)!))) yield page;
}

/** Answers how many of the keys are in the database now; those that are not were destroyed there. */
async function moveKeys({ file, connection, ring, buckets }: Ends, rows: readonly KeyRow[]): Promise<number> {
  const unwrapped = new Map(rows.map((row) => [row.contactId, file.ring.unwrap(row.contactId, row)]));
  const wrapped = rows.map(({ contactId, id }) => ring.wrap(contactId, { id, key: unwrapped.get(contactId)! }));
  const contactIds = rows.map(({ contactId }) => contactId);
  const keyIds = rows.map(({ id }) => id);
  await connection.queryAgain(
    `INSERT INTO data_keys (bucket, master, contact_id, key_id, wrapped)
      SELECT bucket, $1, contact_id, key_id, wrapped
      FROM unnest($2::smallint[], $3::varchar[], $4::varchar[], $5::varchar[]) AS new (bucket, contact_id, key_id, wrapped)
      WHERE NOT EXISTS (SELECT FROM destroyed_keys AS gone WHERE gone.key_id = new.key_id)
      ON CONFLICT (bucket, contact_id) DO NOTHING`,
    [
      ring.wrapsWith,
      contactIds.map((contactId) => crc32(contactId) % buckets),
      contactIds,
      keyIds,
      wrapped.map((bytes) => Buffer.from(bytes).toString('base64')),
    ],
  );
  const gone = await connection.queryAgain<{ id: string }>(
    'SELECT key_id AS id FROM destroyed_keys WHERE key_id = ANY($1)',
    [keyIds],
  );
  const stored = await connection.queryAgain<StoredRow>(
    'SELECT contact_id AS "contactId", key_id AS id, master, wrapped FROM data_keys WHERE contact_id = ANY($1)',
    [contactIds],
  );
  const [destroyed, found] = [new Set(gone.map(({ id }) => id)), new Map(stored.map((row) => [row.contactId, row]))];
  const expected = rows.filter(({ id }) => !destroyed.has(id));
  for (const { contactId, id } of expected)
    if (!isSame(found.get(contactId), { id, key: unwrapped.get(contactId)! }, ring)) throw anotherVault();
  return expected.length;
}

function isSame(
  row: StoredRow | undefined,
  { id, key }: { id: string; key: Uint8Array },
  ring: MasterKeyRing,
): boolean {
  if (row?.id !== id) return false;
  return Buffer.from(ring.unwrap(row.contactId, { ...row, wrapped: Buffer.from(row.wrapped, 'base64') })).equals(key);
}

function anotherVault(): UnusableKeyVault {
  return new UnusableKeyVault(
    'in the database holds another key of a contact than the file: it is the vault of another log, or a service made keys in it before they were moved. Begin again with an empty database.',
  );
}
