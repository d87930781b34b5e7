import type { KeyVault } from './key-vault.js';
import { openPostgresKeyVault } from './postgres-key-vault.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

export interface OpenKeyVaultOptions {
  /** The file of the vault, where there is no `url`. */
  readonly path: string;
  /** The PostgreSQL database that holds the vault. */
  readonly url?: string | undefined;
  /** 32 bytes; wraps every key. */
  readonly masterKey: Uint8Array;
}

/** Opens the vault in whichever engine is configured. Rejects as the engine's own function does. */
export async function openConfiguredVault({ path, url, masterKey }: OpenKeyVaultOptions): Promise<KeyVault> {
  if (url !== undefined) return openPostgresKeyVault({ url, masterKeys: [{ id: 'master', secret: masterKey }] });
  return openSqliteKeyVault({ path, masterKey: Buffer.from(masterKey) });
}
