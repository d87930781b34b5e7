import type { RepeatProgress } from '@consent-ledger/application';
import type { Command } from 'commander';
import { INCOMPLETE } from './exit-codes.js';
import { withLedger } from './open-ledger.js';
import { createDisplay, formatCount } from './progress-display.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `repeat-erasures`. */
export function addRepeatErasures(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('repeat-erasures')
    .description('Destroy the keys again that erasures in the log destroyed, after the vault was restored from a copy.')
    .addHelpText('after', '\nRun it before the service starts.\nExit codes: 0 done, 1 failed, 3 done but for some.')
    .action(() => repeatErasures(surroundings));
}

async function repeatErasures(surroundings: Surroundings): Promise<void> {
  const { erased, destroyed, inUse } = await withLedger(surroundings, async (ledger) => {
    const display = createDisplay('repeat-erasures', describe, surroundings);
    try {
      return await ledger.repeatErasures.run({ signal: surroundings.signal, onProgress: display.show });
    } finally {
      display.end();
    }
  });
  surroundings.stdout.write(
    `${formatCount(erased)} contacts were erased; the keys of ${formatCount(destroyed)} had come back, and were destroyed\n`,
  );
  if (inUse > 0)
    throw new CommandFailed(
      `${formatCount(inUse)} came back before this was run, and are known under the old key: what was erased can be read. Ask for their erasure again.`,
      INCOMPLETE,
    );
}

function describe({ position, until }: RepeatProgress): string {
  return `${Math.floor((100 * (position + 1)) / Math.max(1, until + 1))}% of the log`;
}
