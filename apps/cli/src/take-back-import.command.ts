import type { Position } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import type { Command } from 'commander';
import { withLedger } from './open-ledger.js';
import { createDisplay, formatCount } from './progress-display.js';
import type { Surroundings } from './surroundings.js';

/** Adds `import take-back`. */
export function addTakeBackImport(imports: Command, surroundings: Surroundings): void {
  imports
    .command('take-back')
    .description('Take a whole import back: its opt-ins no longer count. Its opt-outs, complaints and bounces stay.')
    .argument('<id>', 'the id that the import told')
    .option('--json', 'print the report as JSON')
    .action((importId: string, { json }: { readonly json?: true }) => takeBack(importId, json ?? false, surroundings));
}

async function takeBack(importId: string, json: boolean, surroundings: Surroundings): Promise<void> {
  const report = await withLedger(surroundings, async ({ takeBackImport }) => {
    const display = createDisplay('take-back', describe, surroundings);
    const origin = { actor: { kind: 'system' as const }, correlationId: newId() };
    try {
      return await takeBackImport.run(importId, origin, { onProgress: display.show });
    } finally {
      display.end();
    }
  });
  if (json) return void surroundings.stdout.write(`${JSON.stringify(report)}\n`);
  const { optIns, contacts, kept } = report;
  const lines = [`Took back ${formatCount(optIns)} opt-ins of ${formatCount(contacts)} contacts.`];
  const stays = Object.entries(kept).map(([type, count]) => `${formatCount(count)} ${type}`);
  if (stays.length > 0)
    lines.push(`Kept ${stays.join(', ')}: they stop mail, and only the person lets it through again (P4).`);
  surroundings.stdout.write(`${lines.join('\n')}\n`);
}

function describe({ position, until }: { readonly position: Position; readonly until: Position }): string {
  return `position ${formatCount(position)} of ${formatCount(until)}`;
}
