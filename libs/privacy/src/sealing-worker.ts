import { parentPort, workerData } from 'node:worker_threads';
import { createPersonalData } from './personal-data.js';
import { sealForPort } from './sealing-port.js';
import { openSqliteKeyVault } from './sqlite-key-vault.js';

/** The thread of `startSealingThread`. */
const { path, masterKey } = workerData as { readonly path: string; readonly masterKey: Uint8Array };
const vault = openSqliteKeyVault({ path, masterKey: Buffer.from(masterKey) });
await sealForPort(parentPort!, createPersonalData(vault));
await vault.close();
