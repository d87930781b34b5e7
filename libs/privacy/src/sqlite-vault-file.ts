import Database from 'better-sqlite3';
import { UnusableKeyVault } from './key-vault.js';
import {
  createMasterKeyRing,
  masterKeyToIntroduce,
  requireMasterKeysOf,
  sealCheck,
  type KnownMasterKey,
  type MasterKey,
  type MasterKeyRing,
} from './master-keys.js';

const SCHEMA_VERSION = 2;
/** 16 MiB: each key lies in a page of its own, and a page that came back is then copied once. */
const PAGES_BETWEEN_CHECKPOINTS = 4096;
export const BUSY_TIMEOUT_MS = 5_000;

const MASTER_KEYS = `
  CREATE TABLE master_keys (
    number INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0
  ) STRICT;`;

const SCHEMA = `
  CREATE TABLE data_keys (
    contact_id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    master INTEGER NOT NULL DEFAULT 1
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE destroyed_keys (
    key_id TEXT PRIMARY KEY
  ) WITHOUT ROWID, STRICT;
  ${MASTER_KEYS}
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** The first version knew one master key; it becomes the first of several. */
const SECOND_VERSION = `
  ${MASTER_KEYS}
  INSERT INTO master_keys (number, sealed) SELECT 1, sealed FROM master_key_check;
  DROP TABLE master_key_check;
  ALTER TABLE data_keys ADD COLUMN master INTEGER NOT NULL DEFAULT 1;
  PRAGMA user_version = 2;
`;

/** An open vault file, and the configured master keys matched with those that it knows. */
export interface VaultFile {
  readonly db: Database.Database;
  readonly ring: MasterKeyRing;
}

/**
 * Opens the SQLite file of a vault, or creates it: commits synced to disk, deleted bytes overwritten. Throws
 * `UnusableKeyVault` when the file cannot be opened or was made with another master key.
 */
export function openVaultFile(path: string, masterKeys: readonly MasterKey[]): VaultFile {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    db.pragma(`wal_autocheckpoint = ${PAGES_BETWEEN_CHECKPOINTS}`);
    prepare(db);
    return { db, ring: introduceMasterKeys(db, masterKeys) };
  } catch (cause) {
    db?.close();
    if (cause instanceof UnusableKeyVault) throw cause;
    throw new UnusableKeyVault(
      `at ${path} cannot be opened. Check that it is the vault of this service, and that this user may read and write it and its folder.`,
      { cause },
    );
  }
}

/** Makes the first master key known that is not, and answers the ring of them. Throws `UnusableKeyVault` for wrong ones. */
export function introduceMasterKeys(db: Database.Database, configured: readonly MasterKey[]): MasterKeyRing {
  const introduce = db.transaction(() => {
    const unknown = masterKeyToIntroduce(configured, knownMasterKeys(db));
    if (unknown) db.prepare('INSERT INTO master_keys (sealed) VALUES (?)').run(sealCheck(unknown));
    return createMasterKeyRing(configured, knownMasterKeys(db));
  });
  return introduce.immediate();
}

/** Throws `UnusableKeyVault` when the vault is, by now, under a master key that is not among these. */
export function checkMasterKeys(db: Database.Database, configured: readonly MasterKey[]): void {
  requireMasterKeysOf(knownMasterKeys(db), configured);
}

function knownMasterKeys(db: Database.Database): KnownMasterKey[] {
  const rows = db.prepare<[], Omit<KnownMasterKey, 'retired'> & { readonly retired: number }>(
    'SELECT number, sealed, retired FROM master_keys ORDER BY number',
  );
  return rows.all().map((row) => ({ ...row, retired: row.retired === 1 }));
}

function prepare(db: Database.Database): void {
  db.transaction(() => {
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > SCHEMA_VERSION)
      throw new UnusableKeyVault(
        `has schema version ${version}; this release knows versions up to ${SCHEMA_VERSION}. Run the release that wrote it, or a later one.`,
      );
    if (version === 0) db.exec(SCHEMA);
    if (version === 1) db.exec(SECOND_VERSION);
  }).immediate();
}
