import { createSecretKey } from 'node:crypto';
import type Database from 'better-sqlite3';
import { decrypt, encrypt } from './aes-gcm.js';
import { createBoundedCache } from './bounded-cache.js';
import { createDataKey, KeyRemnant, UnusableKeyVault, type DataKey, type KeyVault } from './key-vault.js';
import { BUSY_TIMEOUT_MS, openVaultFile } from './sqlite-vault-file.js';
import { createWriteGroup } from './write-group.js';

export interface SqliteKeyVaultOptions {
  readonly path: string;
  /** 32 bytes; wraps every key in the file. */
  readonly masterKey: Buffer;
  /** How many unwrapped keys are held in memory; default 10 000. */
  readonly cachedKeys?: number;
}

interface KeyRow {
  readonly id: string;
  readonly wrapped: Buffer;
}

const MASTER_KEY_BYTES = 32;
const CACHED_KEYS = 10_000;
const PURGE_TIMEOUT_MS = 100;

/**
 * A key vault in an SQLite file of its own, which several processes may share. Keys are wrapped with the master key
 * (AES-256-GCM, bound to contact and key id); new ones that arrive together are committed together. A destroyed key
 * leaves no byte in the file or its write-ahead log. Throws `UnusableKeyVault` when the file cannot be opened or was
 * made with another master key, `RangeError` when the master key has not 32 bytes.
 */
export function openSqliteKeyVault({ path, masterKey, cachedKeys = CACHED_KEYS }: SqliteKeyVaultOptions): KeyVault {
  if (masterKey.length !== MASTER_KEY_BYTES) throw new RangeError(`The master key needs ${MASTER_KEY_BYTES} bytes.`);
  const db = openVaultFile(path, masterKey);
  const statements = prepareStatements(db);
  const writes = createWriteGroup(commit);
  const unwrapped = createBoundedCache<string, DataKey>(cachedKeys);
  const wrapping = createSecretKey(masterKey);

  let purged: boolean | undefined;

  function commit(run: () => void): void {
    purged = undefined;
    db.transaction(run).immediate();
  }

  /** A new key of the contact; `undefined`, and nothing is written, where it has one. */
  function insert(contactId: string): DataKey | undefined {
    const key = createDataKey();
    const wrapped = encrypt(wrapping, aadOf(contactId, key.id), key.key);
    return statements.insert.run(contactId, key.id, wrapped).changes === 0 ? undefined : key;
  }

  function remove(contactId: string, keyId: string | undefined): boolean {
    if (keyId === undefined || statements.remove.run(contactId, keyId).changes === 0) return false;
    statements.recordDestroyed.run(keyId);
    return true;
  }

  /** The row says which key stands, since another process may have destroyed one; the cache only saves the unwrapping. */
  function unwrapRow(contactId: string, row: KeyRow): DataKey {
    const cached = unwrapped.get(contactId);
    return cached?.id === row.id ? cached : remember(contactId, { id: row.id, key: unwrap(masterKey, contactId, row) });
  }

  function remember(contactId: string, key: DataKey): DataKey {
    unwrapped.set(contactId, key);
    return key;
  }

  return {
    async keyFor(contactId) {
      const row = writes.isWaiting() ? undefined : statements.read.get(contactId);
      if (row) return unwrapRow(contactId, row);
      return writes.add(
        () => statements.read.get(contactId) ?? insert(contactId)!,
        (found) => ('wrapped' in found ? unwrapRow(contactId, found) : remember(contactId, found)),
      );
    },
    /** Those who ask for many ask for new ones: each is made before it is known whether there is one, and none is kept in memory. */
    async keysFor(contactIds) {
      return writes.add(
        () => contactIds.map((contactId) => insert(contactId) ?? statements.read.get(contactId)!),
        (found) => found.map((one, at) => ('wrapped' in one ? unwrapRow(contactIds[at]!, one) : one)),
      );
    },
    async find(contactId) {
      const row = statements.read.get(contactId);
      return row && unwrapRow(contactId, row);
    },
    async destroy(contactId, keyId) {
      return writes.add(
        () => remove(contactId, keyId),
        (destroyed) => {
          if (destroyed) unwrapped.delete(contactId);
          purged ??= purgeWriteAheadLog(db);
          if (!purged) throw new KeyRemnant();
          return { destroyed };
        },
      );
    },
    async wasDestroyed(keyId) {
      return statements.findDestroyed.get(keyId) !== undefined;
    },
    async destroyedAmong(keyIds) {
      return new Set(statements.selectDestroyed.all(JSON.stringify(keyIds)));
    },
    async close() {
      writes.flush();
      unwrapped.clear();
      db.close();
    },
  };
}

function prepareStatements(db: Database.Database) {
  return {
    read: db.prepare<[string], KeyRow>('SELECT key_id AS id, wrapped FROM data_keys WHERE contact_id = ?'),
    insert: db.prepare<[string, string, Buffer]>(
      'INSERT INTO data_keys (contact_id, key_id, wrapped) VALUES (?, ?, ?) ON CONFLICT (contact_id) DO NOTHING',
    ),
    remove: db.prepare<[string, string]>('DELETE FROM data_keys WHERE contact_id = ? AND key_id = ?'),
    recordDestroyed: db.prepare<[string]>('INSERT INTO destroyed_keys (key_id) VALUES (?)'),
    findDestroyed: db.prepare<[string], 1>('SELECT 1 FROM destroyed_keys WHERE key_id = ?').pluck(),
    selectDestroyed: db
      .prepare<[string], string>('SELECT key_id FROM destroyed_keys WHERE key_id IN (SELECT value FROM json_each(?))')
      .pluck(),
  };
}

/**
 * `secure_delete` overwrites a deleted key in the pages of the file; the log of those pages is emptied here. Answers
 * false when a reader elsewhere still needs that log; waiting for it would hold up everything else in this process.
 */
function purgeWriteAheadLog(db: Database.Database): boolean {
  db.pragma(`busy_timeout = ${PURGE_TIMEOUT_MS}`);
  const [outcome] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  return outcome?.busy === 0;
}

function unwrap(masterKey: Uint8Array, contactId: string, { id, wrapped }: KeyRow): Uint8Array {
  try {
    return decrypt(masterKey, aadOf(contactId, id), wrapped);
  } catch (cause) {
    throw new UnusableKeyVault(`holds a damaged key, ${id}. Restore the vault from a backup.`, { cause });
  }
}

function aadOf(contactId: string, keyId: string): string {
  return JSON.stringify([contactId, keyId]);
}
