import type Database from 'better-sqlite3';
import { createBoundedCache } from './bounded-cache.js';
import { createDataKey, KeyRemnant, type DataKey } from './key-vault.js';
import {
  masterKeyUses,
  othersOf,
  overtaken,
  requireMasterKeys,
  type MasterKey,
  type WrappedKey,
} from './master-keys.js';
import type { RewrappableVault } from './rewrappable-vault.js';
import { BUSY_TIMEOUT_MS, checkMasterKeys, introduceMasterKeys, openVaultFile } from './sqlite-vault-file.js';
import { createWriteGroup } from './write-group.js';

export interface SqliteKeyVaultOptions {
  readonly path: string;
  /** The first wraps what is new, all unwrap. */
  readonly masterKeys: readonly MasterKey[];
  /** How many unwrapped keys are held in memory; default 10 000. */
  readonly cachedKeys?: number;
}

interface ContactKeyRow extends WrappedKey {
  readonly contactId: string;
}

const CACHED_KEYS = 10_000;
const PURGE_TIMEOUT_MS = 100;

/**
 * A key vault in an SQLite file of its own, which several processes may share. Keys are wrapped with a master key
 * (AES-256-GCM, bound to contact and key id); new ones that arrive together are committed together. A destroyed key
 * leaves no byte in the file or its write-ahead log. Throws `UnusableKeyVault` when the file cannot be opened or was
 * made with another master key, `RangeError` when the master key has not 32 bytes.
 */
export function openSqliteKeyVault({
  path,
  masterKeys,
  cachedKeys = CACHED_KEYS,
}: SqliteKeyVaultOptions): RewrappableVault {
  requireMasterKeys(masterKeys);
  const { db, ...opened } = openVaultFile(path, masterKeys);
  let { ring } = opened;
  const statements = prepareStatements(db);
  const writes = createWriteGroup(commit);
  const unwrapped = createBoundedCache<string, DataKey>(cachedKeys);

  let purged: boolean | undefined;
  let hasRemnant = false;
  let mayWrap = false;

  function commit(run: () => void): void {
    purged = undefined;
    mayWrap = false;
    db.transaction(run).immediate();
  }

  /** A new key of the contact; `undefined`, and nothing is written, where it has one. */
  function insert(contactId: string): DataKey | undefined {
    const key = createDataKey();
    requireWrapping();
    const row = [contactId, key.id, ring.wrapsWith, ring.wrap(contactId, key)] as const;
    return statements.insert.run(...row).changes === 0 ? undefined : key;
  }

  /** Another process may have retired the master key since it was last used here: looked up once a commit. */
  function requireWrapping(): void {
    if (!mayWrap && !statements.mayWrap.get(ring.wrapsWith)) ring = introduceMasterKeys(db, masterKeys);
    mayWrap = true;
  }

  function purge(): boolean {
    const isPurged = purgeWriteAheadLog(db);
    hasRemnant = !isPurged;
    return isPurged;
  }

  function remove(contactId: string, keyId: string | undefined): boolean {
    if (keyId === undefined || statements.remove.run(contactId, keyId).changes === 0) return false;
    statements.recordDestroyed.run(keyId);
    return true;
  }

  /** The row says which key stands, since another process may have destroyed one; the cache only saves the unwrapping. */
  function unwrapRow(contactId: string, row: WrappedKey): DataKey {
    const cached = unwrapped.get(contactId);
    if (cached?.id === row.id) return cached;
    knowMaster(row);
    return remember(contactId, { id: row.id, key: ring.unwrap(contactId, row) });
  }

  /** Another process may have brought a master key that this one was given too, but had no use for until now. */
  function knowMaster({ master }: WrappedKey): void {
    if (!ring.has(master)) ring = introduceMasterKeys(db, masterKeys);
  }

  function remember(contactId: string, key: DataKey): DataKey {
    unwrapped.set(contactId, key);
    return key;
  }

  /** Only over the bytes that were read: a key that was destroyed or wrapped anew meanwhile is neither brought back nor set back. */
  function replace(rows: readonly ContactKeyRow[]): number {
    rows.forEach(knowMaster);
    const { wrapsWith } = ring;
    const anew = rows.map((row) => ring.rewrap(row.contactId, row));
    const replaceEach = db.transaction(() => {
      if (!statements.mayWrap.get(wrapsWith)) throw overtaken();
      return rows.filter(({ contactId, id, wrapped }, at) => {
        return statements.rewrap.run(anew[at]!, wrapsWith, contactId, id, wrapped).changes === 1;
      }).length;
    });
    return replaceEach.immediate();
  }

  const retire = db.transaction((others: readonly number[]) => {
    if (!statements.mayWrap.get(ring.wrapsWith)) throw overtaken();
    if (statements.countByMaster.all().some(([master, keys]) => others.includes(master) && keys > 0)) return false;
    for (const other of others) statements.retire.run(other);
    return true;
  });

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
          purged ??= purge();
          if (!purged) throw new KeyRemnant();
          return { destroyed };
        },
      );
    },
    async purgeRemnants() {
      return !hasRemnant || purge();
    },
    async wasDestroyed(keyId) {
      return statements.findDestroyed.get(keyId) !== undefined;
    },
    async destroyedAmong(keyIds) {
      return new Set(statements.selectDestroyed.all(JSON.stringify(keyIds)));
    },
    async check() {
      checkMasterKeys(db, masterKeys);
    },
    async masterKeysInUse() {
      return masterKeyUses(ring, new Map(statements.countByMaster.all()));
    },
    async *rewrap(atOnce) {
      let after = '';
      for (;;) {
        const rows = statements.selectOthers.all(after, ring.wrapsWith, atOnce);
        if (rows.length === 0) return;
        yield replace(rows);
        after = rows.at(-1)!.contactId;
      }
    },
    async retireOthers() {
      ring = introduceMasterKeys(db, masterKeys);
      const others = othersOf(ring);
      if (!purgeWriteAheadLog(db)) throw new KeyRemnant();
      return retire.immediate(others);
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
    read: db.prepare<[string], WrappedKey>('SELECT key_id AS id, master, wrapped FROM data_keys WHERE contact_id = ?'),
    insert: db.prepare<[string, string, number, Uint8Array]>(
      'INSERT INTO data_keys (contact_id, key_id, master, wrapped) VALUES (?, ?, ?, ?) ON CONFLICT (contact_id) DO NOTHING',
    ),
    mayWrap: db.prepare<[number], 1>('SELECT 1 FROM master_keys WHERE number = ? AND retired = 0').pluck(),
    selectOthers: db.prepare<[string, number, number], ContactKeyRow>(
      `SELECT contact_id AS contactId, key_id AS id, master, wrapped FROM data_keys
        WHERE contact_id > ? AND master <> ? ORDER BY contact_id LIMIT ?`,
    ),
    rewrap: db.prepare<[Uint8Array, number, string, string, Uint8Array]>(
      'UPDATE data_keys SET wrapped = ?, master = ? WHERE contact_id = ? AND key_id = ? AND wrapped = ?',
    ),
    countByMaster: db
      .prepare<[], [master: number, keys: number]>('SELECT master, count(*) FROM data_keys GROUP BY master')
      .raw(),
    retire: db.prepare<[number]>('UPDATE master_keys SET retired = 1 WHERE number = ?'),
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
