import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { withLog } from './data-directory.js';
import { makeSnapshot } from './make-snapshot.js';
import { formatCount } from './progress-display.js';
import { restoreSnapshot } from './restore-snapshot.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `snapshot`. */
export function addSnapshot(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('snapshot')
    .description(
      'Keep the read models in a file that new processes start from, also while the service runs. Repeating it handles only what came since.',
    )
    .argument('<file>', 'the snapshot')
    .option('--restore', 'put it in place of the read models in DATA_DIR, before the service starts')
    .action((file: string, { restore }: { readonly restore?: true }) =>
      restore ? restoreFrom(file, surroundings) : keepIn(file, surroundings),
    );
}

async function keepIn(file: string, surroundings: Surroundings): Promise<void> {
  const handled = await withLog(surroundings, ({ store }) => makeSnapshot(store, file, surroundings));
  surroundings.stdout.write(`${formatCount(handled)} events were handled for ${file}\n`);
}

async function restoreFrom(file: string, surroundings: Surroundings): Promise<void> {
  if (!existsSync(file)) throw new CommandFailed(`There is no snapshot ${file}.`);
  await withLog(surroundings, ({ store, readModelsPath }) => restoreSnapshot(store, file, readModelsPath));
  surroundings.stdout.write('The service starts from it, and handles what came since before it answers.\n');
}
