import type pg from 'pg';
import { UnusableKeyVault } from './key-vault.js';
import {
  createMasterKeyRing,
  masterKeyToIntroduce,
  overtaken,
  requireMasterKeysOf,
  sealCheck,
  type KnownMasterKey,
  type MasterKey,
  type MasterKeyRing,
} from './master-keys.js';
import type { PostgresConnection } from './postgres-connection.js';

/** What stands in the one row about the vault as a whole. */
export interface VaultLayout {
  readonly version: number;
  /** Into how many tables the keys are divided. */
  readonly buckets: number;
}

const SCHEMA_VERSION = 1;
/** Whoever makes the tables, or makes a master key known, does it alone; the number means nothing to anybody else. */
const LOCK = 0x6b657973;
const KNOWN_MASTER_KEYS = 'SELECT number, sealed, retired FROM master_keys ORDER BY number';

/**
 * Keys lie in many small tables, since a table is what is written anew to destroy the bytes of one. Texts have a length so
 * that no key is ever laid in a table beside its own (TOAST): a contact's id, a key's id, and a wrapped key in base64.
 */
const tables = (buckets: number) => [
  'CREATE TABLE key_vault (version integer NOT NULL, buckets integer NOT NULL)',
  'CREATE TABLE master_keys (number integer PRIMARY KEY, sealed bytea NOT NULL, retired boolean NOT NULL DEFAULT false)',
  `CREATE TABLE data_keys (
    bucket smallint NOT NULL,
    master integer NOT NULL,
    contact_id varchar(64) COLLATE "C" NOT NULL,
    key_id varchar(32) COLLATE "C" NOT NULL,
    wrapped varchar(128) COLLATE "C" NOT NULL,
    PRIMARY KEY (bucket, contact_id)
  ) PARTITION BY LIST (bucket)`,
  ...Array.from(
    { length: buckets },
    (_, bucket) => `CREATE TABLE ${tableOf(bucket)} PARTITION OF data_keys FOR VALUES IN (${bucket})`,
  ),
  'CREATE TABLE destroyed_keys (key_id varchar(32) COLLATE "C" PRIMARY KEY)',
  'CREATE TABLE remnants (bucket smallint PRIMARY KEY, mark bigint NOT NULL)',
];

/** The table in which the keys of a bucket lie. */
export function tableOf(bucket: number): string {
  return `data_keys_${bucket}`;
}

/** Waits for as long as a statement may take: whoever makes all the tables has the lock for seconds on a busy machine. */
async function lockOutOthers(client: pg.ClientBase): Promise<void> {
  await client.query('SET LOCAL lock_timeout = 0');
  await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
  await client.query('SET LOCAL lock_timeout TO DEFAULT');
}

/** Makes the tables of a vault where there are none, once however many ask. Throws `UnusableKeyVault` for those of a later release. */
export async function prepareTables(connection: PostgresConnection, buckets: number): Promise<VaultLayout> {
  return connection.transaction(async (client) => {
    await lockOutOthers(client);
    const { rows: found } = await client.query<{ table: string | null }>(`SELECT to_regclass('key_vault') AS table`);
    if (!found[0]?.table) {
      await client.query(tables(buckets).join(';'));
      await client.query('INSERT INTO key_vault (version, buckets) VALUES ($1, $2)', [SCHEMA_VERSION, buckets]);
    }
    const { rows } = await client.query<VaultLayout>('SELECT version, buckets FROM key_vault');
    const layout = rows[0];
    if (!layout || layout.version > SCHEMA_VERSION)
      throw new UnusableKeyVault(
        `has schema version ${layout?.version}; this release knows versions up to ${SCHEMA_VERSION}. Run the release that wrote it, or a later one.`,
      );
    return layout;
  });
}

/** Throws `UnusableKeyVault` when the vault is, by now, under a master key that is not among these. */
export async function checkMasterKeys(connection: PostgresConnection, configured: readonly MasterKey[]): Promise<void> {
  requireMasterKeysOf(await connection.queryAgain<KnownMasterKey>(KNOWN_MASTER_KEYS), configured);
}

/** Makes the first master key known that is not, and answers the ring of them. Throws `UnusableKeyVault` for wrong ones. */
export async function introduceMasterKeys(
  connection: PostgresConnection,
  configured: readonly MasterKey[],
): Promise<MasterKeyRing> {
  return connection.transaction(async (client) => {
    await lockOutOthers(client);
    const unknown = masterKeyToIntroduce(configured, await knownMasterKeys(client));
    if (unknown)
      await client.query(
        'INSERT INTO master_keys (number, sealed) SELECT coalesce(max(number), 0) + 1, $1 FROM master_keys',
        [sealCheck(unknown)],
      );
    return createMasterKeyRing(configured, await knownMasterKeys(client));
  });
}

/**
 * Retires master keys where no key is under them; nobody can wrap one with them while that is looked up. Answers whether it
 * did. Throws `UnusableKeyVault` when the key to which this process rotates was itself retired.
 */
export async function retireMasterKeys(
  connection: PostgresConnection,
  target: number,
  others: readonly number[],
): Promise<boolean> {
  return connection.transaction(async (client) => {
    await lockOutOthers(client);
    await client.query('LOCK TABLE data_keys IN SHARE MODE');
    const { rows } = await client.query<{ mayWrap: boolean; needed: boolean }>(
      `SELECT EXISTS (SELECT FROM master_keys WHERE number = $1 AND NOT retired) AS "mayWrap",
        EXISTS (SELECT FROM data_keys WHERE master = ANY($2)) AS needed`,
      [target, others],
    );
    if (!rows[0]?.mayWrap) throw overtaken();
    if (rows[0].needed) return false;
    await client.query('UPDATE master_keys SET retired = true WHERE number = ANY($1)', [others]);
    return true;
  });
}

async function knownMasterKeys(client: pg.ClientBase): Promise<KnownMasterKey[]> {
  return (await client.query<KnownMasterKey>(KNOWN_MASTER_KEYS)).rows;
}
