import type { MasterKey } from './master-keys.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';
import type { RewrappableVault } from './rewrappable-vault.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

export interface OpenKeyVaultOptions {
  /** The file of the vault, where there is no `url`. */
  readonly path: string;
  /** The PostgreSQL database that holds the vault. */
  readonly url?: string | undefined;
  /** 32 bytes each; the first wraps what is new, all unwrap. */
  readonly masterKeys: readonly MasterKey[];
}

/** Opens the vault in whichever engine is configured. Rejects as the engine's own function does. */
export async function openConfiguredVault({ path, url, masterKeys }: OpenKeyVaultOptions): Promise<RewrappableVault> {
  return url === undefined ? openSqliteKeyVault({ path, masterKeys }) : openPostgresKeyVault({ url, masterKeys });
}
