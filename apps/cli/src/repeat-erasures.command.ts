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
  const { erased, destroyed, inUse, unrecorded } = await withLedger(surroundings, async (ledger) => {
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
  for (const contactId of unrecorded) surroundings.stdout.write(`erased, and not in the log: ${contactId}\n`);
  const faults = [
    unrecorded.length > 0 &&
      `The keys of ${formatCount(unrecorded.length)} are destroyed, and the log does not say that they were erased: it is a copy of before, by which they would get mail again. Ask for the erasure of each again.`,
    inUse > 0 &&
      `${formatCount(inUse)} came back before this was run, and are known under the old key: what was erased can be read. Ask for their erasure again.`,
  ].filter((fault) => fault !== false);
  if (faults.length > 0) throw new CommandFailed(faults.join('\n'), INCOMPLETE);
}

function describe({ position, until }: RepeatProgress): string {
  return `${Math.floor((100 * (position + 1)) / Math.max(1, until + 1))}% of the log`;
}
