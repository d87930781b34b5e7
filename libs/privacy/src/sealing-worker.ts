import { parentPort, workerData } from 'node:worker_threads';
import { openConfiguredVault, type OpenKeyVaultOptions } from './configured-vault.js';
import { createPersonalData } from './personal-data.js';
import { sealForPort } from './sealing-port.js';

/** The thread of `startSealingThread`. */
const vault = await openConfiguredVault(workerData as OpenKeyVaultOptions);
await sealForPort(parentPort!, createPersonalData(vault));
await vault.close();
