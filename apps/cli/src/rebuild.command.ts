import { openReadModels, ReadModelsInUse, type Projection, type ReadModels } from '@consent-ledger/projections';
import { Option, type Command } from 'commander';
import { withLog } from './data-directory.js';
import { formatCount, percentOf } from './progress-display.js';
import { makeProjection, projectionNames, type ProjectionName } from './projections.js';
import { replay } from './replay.js';
import { CommandFailed, type Surroundings } from './surroundings.js';
import type { EventStore } from '@consent-ledger/event-store';

interface RebuildOptions {
  readonly projection?: ProjectionName;
  readonly resume?: true;
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

async function rebuildReadModels({ projection, resume }: RebuildOptions, surroundings: Surroundings): Promise<void> {
  await withLog(surroundings, async ({ store, readModelsPath }) => {
    const readModels = openUnused(readModelsPath);
    try {
      const names = projection ? [projection] : projectionNames;
      const projections = names.map((name) => makeProjection(name, readModels));
      // All of them before the first is replayed: whoever goes on after a stop then needs their checkpoints only.
      if (!resume) for (const one of projections) readModels.reset(one);
      for (const one of projections) await goOn(one, readModels, store, surroundings);
    } finally {
      readModels.close();
    }
  });
}

async function goOn(
  projection: Projection,
  readModels: ReadModels,
  store: EventStore,
  surroundings: Surroundings,
): Promise<void> {
  const { name } = projection;
  const { completed, handled, perSecond, position, head } = await replay(
    name,
    { store, readModels, projection },
    surroundings,
    { resume: true },
  );
  if (!completed)
    throw new CommandFailed(
      `Stopped: "${name}" holds ${percentOf(position, head)} of the log. "ledger rebuild --resume" goes on from there, and so does the service when it starts.`,
    );
  surroundings.stdout.write(`${name}: ${formatCount(handled)} events, ${formatCount(perSecond)} a second\n`);
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
