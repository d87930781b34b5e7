import { closeSync, openSync, writeSync } from 'node:fs';
import type { ExportProgress } from '@consent-ledger/application';
import type { Command } from 'commander';
import { withLedger } from './open-ledger.js';
import { createDisplay, formatCount, percentOf } from './progress-display.js';
import type { Surroundings } from './surroundings.js';

/** Adds `export`. */
export function addExport(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('export')
    .description('Write every contact and what stands for each purpose as CSV, also while the service runs.')
    .option('--out <file>', 'the file to write, for its owner alone (default: standard output)')
    .action(({ out }: { readonly out?: string }) => exportContacts(out, surroundings));
}

async function exportContacts(out: string | undefined, surroundings: Surroundings): Promise<void> {
  let last: ExportProgress | undefined;
  await withLedger(surroundings, async ({ exportContacts: contacts }) => {
    const display = createDisplay('export', describe, surroundings);
    const file = out === undefined ? undefined : openSync(out, 'w', 0o600);
    const watcher = {
      signal: surroundings.signal,
      onProgress: (progress: ExportProgress) => display.show((last = progress)),
    };
    try {
      for await (const piece of contacts.run(watcher))
        if (file === undefined) surroundings.stdout.write(piece);
        else writeSync(file, piece);
    } finally {
      display.end();
      if (file !== undefined) closeSync(file);
    }
  });
  const { contacts = 0, withoutAddress = 0 } = last ?? {};
  const left = withoutAddress > 0 ? `, ${formatCount(withoutAddress)} without an address or erased left out` : '';
  surroundings.stderr.write(`${formatCount(contacts)} contacts${left}\n`);
}

function describe({ position, until, contacts }: ExportProgress): string {
  return `${formatCount(contacts)} contacts (${percentOf(position, until)})`;
}
