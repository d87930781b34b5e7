import { openReadModels, ReadModelsInUse, type ReadModels, type Rebuilt } from '@consent-ledger/projections';
import { Option, type Command } from 'commander';
import { withLog } from './data-directory.js';
import { formatCount, percentOf } from './progress-display.js';
import { makeProjection, projectionNames, type ProjectionName } from './projections.js';
import { replay } from './replay.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

interface RebuildOptions {
  readonly projection?: ProjectionName;
  readonly resume?: boolean;
}

/** Adds `rebuild`. */
export function addRebuild(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('rebuild')
    .description('Build the read models anew from the log, while the service is stopped. Ctrl-C stops it cleanly.')
    .addOption(new Option('--projection <name>', 'only this one; all of them by default').choices(projectionNames))
    .option('--resume', 'go on where a rebuild was stopped')
    .action((options: RebuildOptions) => rebuildReadModels(options, surroundings));
}

async function rebuildReadModels(
  { projection, resume = false }: RebuildOptions,
  surroundings: Surroundings,
): Promise<void> {
  await withLog(surroundings, async ({ store, readModelsPath }) => {
    const readModels = openUnused(readModelsPath);
    try {
      const names = projection ? [projection] : projectionNames;
      const projections = names.map((name) => makeProjection(name, readModels));
      const label = projection ?? 'read models';
      const rebuilt = await replay(label, { store, readModels, projections }, surroundings, { resume });
      surroundings.stdout.write(describe(label, rebuilt));
    } finally {
      readModels.close();
    }
  });
}

function describe(label: string, { completed, handled, perSecond, position, head }: Rebuilt): string {
  if (completed) return `${label}: ${formatCount(handled)} events, ${formatCount(perSecond)} a second\n`;
  throw new CommandFailed(
    `Stopped: ${label} at ${percentOf(position, head)} of the log. "ledger rebuild --resume" goes on from there, and so does the service when it starts.`,
  );
}

function openUnused(path: string): ReadModels {
  try {
    return openReadModels(path);
  } catch (error) {
    if (error instanceof ReadModelsInUse)
      throw new CommandFailed('The service runs, and keeps its read models to itself. Stop it, then rebuild.');
    throw error;
  }
}
