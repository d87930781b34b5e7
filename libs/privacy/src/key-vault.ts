import { freshRandomBytes } from './random-bytes.js';

/** The key under which one contact's personal data is sealed; `key` has 32 bytes. */
export interface DataKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/**
 * The keys of the contacts, one each. Destroying a key erases all that was sealed under it, wherever a copy lies
 * (crypto-shredding). Each adapter passes the contract suite.
 */
export interface KeyVault {
  /** The contact's key; a new one when there is none, durable before this resolves. */
  keyFor(contactId: string): Promise<DataKey>;

  /** The keys of many contacts in their order, each as `keyFor` gives it; the new ones are made durable together. */
  keysFor(contactIds: readonly string[]): Promise<readonly DataKey[]>;

  /** The contact's key, if there is one. */
  find(contactId: string): Promise<DataKey | undefined>;

  /**
   * Destroys one key of the contact for good, durable before this resolves; `destroyed` tells whether it stood. Another key
   * that the contact has by now stays: name the one that was judged, or `undefined` where there was none. Rejects with
   * `KeyRemnant` when the key is gone but a copy of it could not be purged yet; that is tried again each time, and by `purgeRemnants`.
   */
  destroy(contactId: string, keyId: string | undefined): Promise<{ destroyed: boolean }>;

  /**
   * Removes the copies of destroyed keys that could not be purged when they were destroyed; answers whether none is left.
   * Cheap where there is none.
   */
  purgeRemnants(): Promise<boolean>;

  /** Whether this vault held the key with this id and destroyed it: the proof behind "erased". */
  wasDestroyed(keyId: string): Promise<boolean>;

  /** Those of the keys with these ids that this vault held and destroyed. */
  destroyedAmong(keyIds: readonly string[]): Promise<ReadonlySet<string>>;

  /**
   * Whether the master keys that this process was given still open all keys and make new ones. Rejects with `KeyVaultUnavailable` when the vault does not answer, and with
   * `UnusableKeyVault` when it is, by now, under a master key that this process was not given.
   */
  check(): Promise<void>;

  /** Settles what was accepted, then lets go of every resource. */
  close(): Promise<void>;
}

/** Data was sealed under a key of which the vault has neither the key nor a record that it was destroyed. */
export class KeyMissing extends Error {
  readonly code = 'KEY_MISSING';
  constructor() {
    super(
      'The key vault neither has the key of this data nor a record that it was destroyed. It is another vault than the one this log was written with, or an old copy: restore the right one.',
    );
  }
}

/** The key is destroyed, but its wrapped bytes may still lie in the vault's write-ahead log. */
export class KeyRemnant extends Error {
  readonly code = 'KEY_REMNANT';
  constructor() {
    super(
      'The key is destroyed, but another process that reads the vault held on to a copy of its wrapped bytes. Destroy it once more to purge them.',
    );
  }
}

/** The vault cannot be used; the message says what to do about it. */
export class UnusableKeyVault extends Error {
  readonly code = 'UNUSABLE_KEY_VAULT';
  constructor(why: string, options?: ErrorOptions) {
    super(`The key vault ${why}`, options);
  }
}

/** The vault cannot be reached or cannot work now; the same may succeed when it is tried again. The code says how it failed. */
export class KeyVaultUnavailable extends Error {
  readonly code = 'KEY_VAULT_UNAVAILABLE';
  constructor(
    how: string,
    /** Whether it may succeed without anything else happening, as on another connection. */
    readonly mayPassAtOnce = false,
  ) {
    super(`The key vault cannot be used now (${how}). Check that its database runs and can be reached from here.`);
  }
}

const KEY_BYTES = 32;
const KEY_ID_BYTES = 9;

/** A new random key with a random id of 12 characters, of which no two are alike. */
export function createDataKey(): DataKey {
  const id = freshRandomBytes(KEY_ID_BYTES).toString('base64url');
  return { id, key: freshRandomBytes(KEY_BYTES) };
}
