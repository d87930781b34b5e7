import Database from 'better-sqlite3';
import { decrypt, encrypt } from './aes-gcm.js';
import { UnusableKeyVault } from './key-vault.js';

const SCHEMA_VERSION = 1;
/** 16 MiB: each key lies in a page of its own, and a page that came back is then copied once. */
const PAGES_BETWEEN_CHECKPOINTS = 4096;
export const BUSY_TIMEOUT_MS = 5_000;

const SCHEMA = `
  CREATE TABLE data_keys (
    contact_id TEXT PRIMARY KEY,
    key_id TEXT NOT NULL,
    wrapped BLOB NOT NULL
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE destroyed_keys (
    key_id TEXT PRIMARY KEY
  ) WITHOUT ROWID, STRICT;
  CREATE TABLE master_key_check (
    sealed BLOB NOT NULL
  ) STRICT;
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/** What only the right master key opens: it tells a wrong one at the start, before data is sealed under it. */
const CHECK = 'consent-ledger key vault';

/**
 * Opens the SQLite file of a vault, or creates it: commits synced to disk, deleted bytes overwritten. Throws
 * `UnusableKeyVault` when the file cannot be opened or was made with another master key.
 */
export function openVaultFile(path: string, masterKey: Uint8Array): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('secure_delete = ON');
    db.pragma(`wal_autocheckpoint = ${PAGES_BETWEEN_CHECKPOINTS}`);
    prepare(db, masterKey);
    return db;
  } catch (cause) {
    db?.close();
    if (cause instanceof UnusableKeyVault) throw cause;
    throw new UnusableKeyVault(
      `at ${path} cannot be opened. Check that it is the vault of this service, and that this user may read and write it and its folder.`,
      { cause },
    );
  }
}

function prepare(db: Database.Database, masterKey: Uint8Array): void {
  db.transaction(() => {
    const version = db.pragma('user_version', { simple: true }) as number;
    if (version > SCHEMA_VERSION)
      throw new UnusableKeyVault(
        `has schema version ${version}; this release knows versions up to ${SCHEMA_VERSION}. Run the release that wrote it, or a later one.`,
      );
    if (version === 0) create(db, masterKey);
    else checkMasterKey(db, masterKey);
  }).immediate();
}

function create(db: Database.Database, masterKey: Uint8Array): void {
  db.exec(SCHEMA);
  db.prepare('INSERT INTO master_key_check (sealed) VALUES (?)').run(encrypt(masterKey, CHECK, Buffer.from(CHECK)));
}

function checkMasterKey(db: Database.Database, masterKey: Uint8Array): void {
  const sealed = db.prepare<[], Buffer>('SELECT sealed FROM master_key_check').pluck().get();
  try {
    decrypt(masterKey, CHECK, sealed ?? Buffer.alloc(0));
  } catch (cause) {
    throw new UnusableKeyVault(
      'was made with another master key. Configure the master key it was made with; without that key the personal data in the log cannot be read.',
      { cause },
    );
  }
}
