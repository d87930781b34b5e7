import { openConfiguredVault, type OpenKeyVaultOptions } from './configured-vault.js';
import type { RewrappableVault } from './rewrappable-vault.js';
import { startSealingThread, type BulkSealing } from './sealing-thread.js';

export type { OpenKeyVaultOptions } from './configured-vault.js';

/** A key vault, and what seals many values under its keys for a while. */
export interface OpenedKeyVault {
  readonly vault: RewrappableVault;
  readonly startSealing: () => BulkSealing;
}

/**
 * Opens the key vault where the configuration has it: a file, or a PostgreSQL database. Rejects with `UnusableKeyVault`,
 * `KeyVaultUnavailable` for a database that cannot be reached, and `RangeError` for a master key of another length.
 */
export async function openKeyVault(options: OpenKeyVaultOptions): Promise<OpenedKeyVault> {
  return { vault: await openConfiguredVault(options), startSealing: () => startSealingThread(options) };
}
