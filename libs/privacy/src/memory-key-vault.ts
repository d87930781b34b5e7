import { createDataKey, type DataKey, type KeyVault } from './key-vault.js';

/** A key vault that lasts as long as the process: for tests. */
export function createMemoryKeyVault(): KeyVault {
  const keys = new Map<string, DataKey>();
  const destroyedIds = new Set<string>();

  function keyFor(contactId: string): DataKey {
    const key = keys.get(contactId) ?? createDataKey();
    keys.set(contactId, key);
    return key;
  }

  return {
    async keyFor(contactId) {
      return keyFor(contactId);
    },
    async keysFor(contactIds) {
      return contactIds.map(keyFor);
    },
    async find(contactId) {
      return keys.get(contactId);
    },
    async destroy(contactId, keyId) {
      if (keyId === undefined || keys.get(contactId)?.id !== keyId) return { destroyed: false };
      destroyedIds.add(keyId);
      return { destroyed: keys.delete(contactId) };
    },
    async purgeRemnants() {
      return true;
    },
    async wasDestroyed(keyId) {
      return destroyedIds.has(keyId);
    },
    async destroyedAmong(keyIds) {
      return new Set(keyIds.filter((keyId) => destroyedIds.has(keyId)));
    },
    check: () => Promise.resolve(),
    async close() {
      keys.clear();
    },
  };
}
