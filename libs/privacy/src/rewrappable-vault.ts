import type { KeyVault } from './key-vault.js';

/** A master key under which keys of contacts may be, by the name that the operator gave it. */
export interface MasterKeyUse {
  readonly id: string;
  /** How many keys of contacts it wraps. */
  readonly keys: number;
}

/** A vault whose keys can be wrapped anew under another master key while any number of processes use it. */
export interface RewrappableVault extends KeyVault {
  /** The master keys that are not retired, first the one that wraps what is new. */
  masterKeysInUse(): Promise<readonly MasterKeyUse[]>;

  /**
   * Wraps the keys that are under another master key anew under the first, `atOnce` in a transaction; answers how many each
   * was. A key that was destroyed or wrapped anew meanwhile is left as it is. What is interrupted can be begun again.
   */
  rewrap(atOnce: number): AsyncIterable<number>;

  /**
   * Retires all master keys but the first, so that no process wraps with them any more. Answers false, and retires none,
   * while a key is under one of them. Rejects with `KeyRemnant` when what was wrapped under them could not be purged yet.
   */
  retireOthers(): Promise<boolean>;
}
