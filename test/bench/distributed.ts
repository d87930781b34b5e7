import { join } from 'node:path';
import type { Child } from './child.js';
import { startPostgres } from './engine.js';
import { startLogServer } from './log-server.js';
import { startApi } from './service.js';

/** What the processes of one row share: the log and the key vault, each on a server. */
export interface Distributed {
  /** The settings that name them. */
  readonly environment: { readonly EVENT_STORE_URL: string; readonly KEY_VAULT_URL: string };
  /** Starts an api in a process of its own, with its read models in `directory`. */
  startApi(directory: string): Promise<Child>;
  stop(): Promise<void>;
}

/** Starts the servers, over the log that `seed` leaves in a directory. Rejects with `MissingEngine`. */
export async function startDistributed(
  directory: string,
  seed: (directory: string) => Promise<void>,
): Promise<Distributed> {
  const vault = await startPostgres(join(directory, 'vault'));
  const seeded = join(directory, 'seeded');
  await seed(seeded);
  const log = await startLogServer(seeded);
  const environment = { EVENT_STORE_URL: log.url, KEY_VAULT_URL: vault.at };
  return {
    environment,
    startApi: (own) => startApi(own, environment),
    async stop() {
      await log.stop();
      await vault.stop();
    },
  };
}
