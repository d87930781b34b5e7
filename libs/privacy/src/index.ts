export { InvalidAddress, mailboxOf, normaliseAddress } from './address.js';
export * from './contact-id.js';
export type { Json, JsonObject } from './json.js';
export {
  KeyMissing,
  KeyRemnant,
  KeyVaultUnavailable,
  UnusableKeyVault,
  type DataKey,
  type KeyVault,
} from './key-vault.js';
export type { MasterKey } from './master-keys.js';
export * from './memory-key-vault.js';
export * from './move-vault-file.js';
export * from './open-key-vault.js';
export * from './personal-data.js';
export * from './rewrappable-vault.js';
export * from './rotate-master-key.js';
export * from './seal.js';
export * from './sealing-thread.js';
export * from './sqlite-key-vault.js';
