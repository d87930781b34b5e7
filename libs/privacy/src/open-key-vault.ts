import type { KeyVault } from './key-vault.js';
import { startSealingThread, type BulkSealing } from './sealing-thread.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

/** A key vault, and what seals many values under its keys for a while. */
export interface OpenedKeyVault {
  readonly vault: KeyVault;
  readonly startSealing: () => BulkSealing;
}

export interface OpenKeyVaultOptions {
  /** The file of the vault. */
  readonly path: string;
  /** 32 bytes; wraps every key. */
  readonly masterKey: Buffer;
}

/** Opens the key vault where the configuration has it. Rejects with `UnusableKeyVault`, and `RangeError` for a master key of another length. */
export async function openKeyVault({ path, masterKey }: OpenKeyVaultOptions): Promise<OpenedKeyVault> {
  return {
    vault: openSqliteKeyVault({ path, masterKey }),
    startSealing: () => startSealingThread({ path, masterKey }),
  };
}
