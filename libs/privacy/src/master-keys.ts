import { createSecretKey, type KeyObject } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm.js';
import { UnusableKeyVault, type DataKey } from './key-vault.js';
import type { MasterKeyUse } from './rewrappable-vault.js';

/** A key that wraps the keys of contacts: 32 bytes, and the name that the operator gave it. */
export interface MasterKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** How a vault knows a master key again: by a number of its own, and by text that only this key opens. */
export interface KnownMasterKey {
  readonly number: number;
  readonly sealed: Uint8Array;
  /** Nothing is wrapped under it any more, and nothing may be. */
  readonly retired: boolean;
}

/** A contact's key as a vault stores it. */
export interface WrappedKey {
  readonly id: string;
  /** The number of the master key that wraps it. */
  readonly master: number;
  readonly wrapped: Uint8Array;
}

/** The configured master keys, matched with those that a vault knows. */
export interface MasterKeyRing {
  /** The number of the key that wraps what is new. */
  readonly wrapsWith: number;
  /** The configured keys under which keys of contacts may still be, by their numbers. */
  readonly inUse: ReadonlyMap<number, MasterKey>;
  /** Whether a number is that of a configured key. */
  has(number: number): boolean;
  wrap(contactId: string, key: DataKey): Uint8Array;
  /** Throws `UnusableKeyVault` where the bytes are damaged, or belong to another contact or master key. */
  unwrap(contactId: string, wrapped: WrappedKey): Uint8Array;
  /** The same key, wrapped with the key that wraps what is new. Throws as `unwrap`. */
  rewrap(contactId: string, wrapped: WrappedKey): Uint8Array;
}

const MASTER_KEY_BYTES = 32;
/** It tells a wrong master key at the start, before data is sealed under it. */
const CHECK = 'consent-ledger key vault';

/** Throws `RangeError` for a master key that has not 32 bytes, and for none at all. */
export function requireMasterKeys(masterKeys: readonly MasterKey[]): void {
  if (masterKeys.length === 0 || masterKeys.some(({ secret }) => secret.length !== MASTER_KEY_BYTES))
    throw new RangeError(`A master key is needed, and each needs ${MASTER_KEY_BYTES} bytes.`);
}

/** What a vault keeps of a master key to know it again: 52 bytes. */
export function sealCheck({ secret }: MasterKey): Uint8Array {
  return encrypt(secret, CHECK, Buffer.from(CHECK));
}

/**
 * The master key that has to be made known to a vault before its ring can be made: the first that is configured and was not
 * retired, where the vault does not know it yet. Throws `UnusableKeyVault` when the vault holds keys under another one.
 */
export function masterKeyToIntroduce(
  configured: readonly MasterKey[],
  known: readonly KnownMasterKey[],
): MasterKey | undefined {
  if (known.some((one) => !one.retired && !configured.some((key) => opens(key, one)))) throw madeWithAnother();
  const wrapping = configured.find((key) => !known.some((one) => one.retired && opens(key, one)));
  if (!wrapping) throw madeWithAnother();
  return known.some((one) => opens(wrapping, one)) ? undefined : wrapping;
}

/** Throws `UnusableKeyVault` when keys of a vault may be under a master key that is not configured, or none may wrap any more. */
export function requireMasterKeysOf(known: readonly KnownMasterKey[], configured: readonly MasterKey[]): void {
  masterKeyToIntroduce(configured, known);
}

/** The ring of a vault that knows the first of the configured keys that is not retired. Throws `UnusableKeyVault` as above. */
export function createMasterKeyRing(configured: readonly MasterKey[], known: readonly KnownMasterKey[]): MasterKeyRing {
  const inUse = new Map<number, MasterKey>();
  let first: { number: number; secret: KeyObject } | undefined;
  for (const key of configured)
    for (const one of known)
      if (!one.retired && opens(key, one)) {
        inUse.set(one.number, key);
        first ??= { number: one.number, secret: createSecretKey(key.secret) };
      }
  if (!first) throw madeWithAnother();
  const { number: wrapsWith, secret } = first;

  function wrap(contactId: string, { id, key }: DataKey): Uint8Array {
    return encrypt(secret, aadOf(contactId, id), key);
  }

  function unwrap(contactId: string, { id, master, wrapped }: WrappedKey): Uint8Array {
    const key = inUse.get(master);
    if (!key) throw madeWithAnother();
    try {
      return decrypt(key.secret, aadOf(contactId, id), wrapped);
    } catch (cause) {
      throw new UnusableKeyVault(`holds a damaged key, ${id}. Restore the vault from a backup.`, { cause });
    }
  }

  return {
    wrapsWith,
    inUse,
    has: (number) => inUse.has(number),
    wrap,
    unwrap,
    rewrap: (contactId, wrapped) => wrap(contactId, { id: wrapped.id, key: unwrap(contactId, wrapped) }),
  };
}

/** The numbers of the keys that a rotation makes unnecessary. */
export function othersOf({ inUse, wrapsWith }: Pick<MasterKeyRing, 'inUse' | 'wrapsWith'>): number[] {
  return [...inUse.keys()].filter((number) => number !== wrapsWith);
}

/** The keys in use with how many keys of contacts each wraps, first the one that wraps what is new. */
export function masterKeyUses(
  { inUse, wrapsWith }: MasterKeyRing,
  counts: ReadonlyMap<number, number>,
): MasterKeyUse[] {
  const numbers = [wrapsWith, ...othersOf({ inUse, wrapsWith })];
  return numbers.map((number) => ({ id: inUse.get(number)!.id, keys: counts.get(number) ?? 0 }));
}

/** Another process retired the key to which this one rotates. */
export function overtaken(): UnusableKeyVault {
  return new UnusableKeyVault(
    'was rotated to another master key by another process meanwhile. Nothing is lost: configure that key first, and rotate again.',
  );
}

function opens({ secret }: MasterKey, { sealed }: KnownMasterKey): boolean {
  try {
    return decrypt(secret, CHECK, sealed).length > 0;
  } catch {
    return false;
  }
}

function madeWithAnother(): UnusableKeyVault {
  return new UnusableKeyVault(
    'was made with another master key. Configure the master key it was made with; without that key the personal data in the log cannot be read.',
  );
}

function aadOf(contactId: string, keyId: string): string {
  return JSON.stringify([contactId, keyId]);
}
