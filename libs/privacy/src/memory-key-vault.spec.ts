import { keyVaultContract } from './key-vault.contract.js';
import { createMemoryKeyVault } from './memory-key-vault.js';

keyVaultContract('The memory vault', async () => createMemoryKeyVault());
