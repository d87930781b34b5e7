import type { Command } from 'commander';
import { apiKeysOf } from './api-keys.js';
import { withLog } from './data-directory.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `keys revoke`. */
export function addRevokeKey(keys: Command, surroundings: Surroundings): void {
  keys
    .command('revoke')
    .description('End an API key. A service that runs refuses it within a second.')
    .argument('<id>', 'the id of the key, as "ledger keys list" shows it')
    .action((keyId: string) => revokeKey(keyId, surroundings));
}

async function revokeKey(keyId: string, surroundings: Surroundings): Promise<void> {
  const position = await withLog(surroundings, ({ store }) => apiKeysOf(store, surroundings).revoke(keyId));
  if (position === undefined)
    throw new CommandFailed('No valid key has this id: see "ledger keys list". Nothing was changed.');
  surroundings.stdout.write(`Key ${keyId} is revoked.\n`);
}
