import { existsSync } from 'node:fs';
import { dataFiles, readConfiguration, readSecrets } from '@consent-ledger/platform';
import { moveVaultFile } from '@consent-ledger/privacy';
import type { Command } from 'commander';
import { MISUSED } from './exit-codes.js';
import { isServed } from './is-served.js';
import { createDisplay, formatCount } from './progress-display.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `move-vault`. */
export function addMoveVault(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('move-vault')
    .description(
      'Move the keys of the vault file in DATA_DIR to the database of KEY_VAULT_URL, while the service is stopped. Repeating it goes on where it stopped.',
    )
    .action(() => moveVault(surroundings));
}

async function moveVault(surroundings: Surroundings): Promise<void> {
  const configuration = readConfiguration(surroundings.environment);
  const { DATA_DIR, KEY_VAULT_URL: url } = configuration;
  const { vault: path } = dataFiles(DATA_DIR);
  if (url === undefined) throw new CommandFailed('Name the database: KEY_VAULT_URL=postgres://…', MISUSED);
  if (!existsSync(path)) throw new CommandFailed('There is no vault file in DATA_DIR. Set it as the service had it.');
  if (isServed(DATA_DIR))
    throw new CommandFailed('A service runs on this DATA_DIR. Stop it, then move its vault: it may destroy keys.');
  const { masterKeys } = readSecrets(configuration);
  const display = createDisplay('move-vault', (keys: number) => `${formatCount(keys)} keys`, surroundings);
  const { signal } = surroundings;
  try {
    const { keys, destroyedSince } = await moveVaultFile({ path, url, masterKeys, signal, onProgress: display.show });
    const gone = destroyedSince === 0 ? '' : `; ${formatCount(destroyedSince)} were destroyed there since, and stay so`;
    surroundings.stdout.write(
      `${formatCount(keys)} keys are in the database, and were read back${gone}. Destroy vault.sqlite and its copies once the service runs: an erasure does not reach them.\n`,
    );
  } catch (error) {
    throw signal.aborted ? new CommandFailed('Stopped. The same command goes on from there.') : error;
  } finally {
    display.end();
  }
}
