import { Worker } from 'node:worker_threads';
import type { OpenKeyVaultOptions } from './configured-vault.js';
import type { PersonalData } from './personal-data.js';
import { sealThroughPort } from './sealing-port.js';

/** Seals many values at a time, beside the thread that asks for it. */
export interface BulkSealing extends Pick<PersonalData, 'sealEach'> {
  /** Lets go of what it holds, once what was asked is answered. */
  close(): Promise<void>;
}

/**
 * Starts a thread that seals under the keys of a vault, which it opens by itself as another process would. Ciphers, keys and
 * the commits of the vault then take a processor of their own, and the disk is waited for while the log is. Where the thread
 * ends before it is closed, whatever is asked of it is rejected.
 */
export function startSealingThread(options: OpenKeyVaultOptions): BulkSealing {
  const worker = new Worker(new URL('./sealing-worker.js', import.meta.url), { workerData: options });
  const { sealEach, fail, end } = sealThroughPort(worker);
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.once('error', fail);
  void ended.then(() => fail(new Error('The thread that seals has ended.')));
  return {
    sealEach,
    async close() {
      end();
      await ended;
    },
  };
}
