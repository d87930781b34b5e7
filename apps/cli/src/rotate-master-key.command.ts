import { openVault } from '@consent-ledger/application';
import { readConfiguration, readSecrets } from '@consent-ledger/platform';
import { KeyRemnant, rotateMasterKey, type RewrappableVault } from '@consent-ledger/privacy';
import type { Command } from 'commander';
import { requireLog, requireVault } from './data-directory.js';
import { createDisplay, formatCount } from './progress-display.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

const AGAIN = 'Nothing is lost; the same command goes on from there. Keep every master key until it says otherwise.';

/** Adds `keys rotate-master`. */
export function addRotateMasterKey(keys: Command, surroundings: Surroundings): void {
  keys
    .command('rotate-master')
    .description(
      'Wrap every key of the vault anew under the first of LEDGER_MASTER_KEYS, while services that have them all go on. Ctrl-C stops it cleanly.',
    )
    .action(() => rotate(surroundings));
}

async function rotate(surroundings: Surroundings): Promise<void> {
  const configuration = readConfiguration(surroundings.environment);
  requireLog(configuration);
  requireVault(configuration);
  const secrets = readSecrets(configuration);
  const [first, ...others] = secrets.masterKeys.map(({ id }) => id);
  if (others.length === 0)
    throw new CommandFailed(
      'There is one master key. Make another, and put it first: LEDGER_MASTER_KEYS=<new id>:<base64>,<old id>:<base64>, for every process; then rotate.',
    );
  const { vault } = await openVault(configuration, secrets);
  try {
    const { rewrapped, target } = await rotateWithProgress(vault, surroundings);
    surroundings.stdout.write(
      `${formatCount(rewrapped)} keys were wrapped anew. Every key is under "${target}" now.\n`,
    );
    const unneeded = [first, ...others].filter((id) => id !== target).map((id) => `"${id}"`);
    surroundings.stdout.write(
      `Take ${unneeded.join(', ')} out of LEDGER_MASTER_KEYS of every process, start each again, and destroy it.\n`,
    );
  } finally {
    await vault.close();
  }
}

async function rotateWithProgress(vault: RewrappableVault, surroundings: Surroundings) {
  const [target, ...others] = await vault.masterKeysInUse();
  const all = others.reduce((sum, { keys }) => sum + keys, 0);
  const describe = (done: number) => `${formatCount(done)} of ${formatCount(all)} keys wrapped anew`;
  const display = createDisplay('rotate', describe, surroundings);
  try {
    const { rewrapped, completed } = await rotateMasterKey(vault, {
      onProgress: (done) => display.show(done),
      signal: surroundings.signal,
    });
    if (!completed) throw new CommandFailed(`Stopped after ${formatCount(rewrapped)} keys. ${AGAIN}`);
    return { rewrapped, target: target!.id };
  } catch (error) {
    if (!(error instanceof KeyRemnant)) throw error;
    throw new CommandFailed(
      `Every key is wrapped anew, but another process that reads the vault, such as a backup, held on to bytes from before. ${AGAIN}`,
    );
  } finally {
    display.end();
  }
}
