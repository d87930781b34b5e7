import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore } from '@consent-ledger/event-store';
import { openReadModels, ReadModelsInUse, resetForeign, type ReadModels } from '@consent-ledger/projections';
import { withLog } from './data-directory.js';
import { makeProjection, type ProjectionName } from './projections.js';
import { replay } from './replay.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** The log, and read models that know all of it. */
export interface WholeReadModels {
  readonly store: EventStore;
  readonly readModels: ReadModels;
}

/**
 * Lends read models in which these projections know the whole log: those of a stopped service, brought up to its end, or
 * beside a service that runs some of this command's own, in a temporary file. Throws `CommandFailed` when it is stopped.
 */
export async function withWholeReadModels<T>(
  names: readonly ProjectionName[],
  surroundings: Surroundings,
  work: (whole: WholeReadModels) => Promise<T>,
): Promise<T> {
  return withLog(surroundings, async ({ store, readModelsPath }) => {
    const { readModels, close } = openUsable(readModelsPath, surroundings);
    try {
      const projections = names.map((name) => makeProjection(name, readModels));
      await resetForeign(store, readModels, projections);
      const needs = { store, readModels, projections };
      const { completed } = await replay(names.join(', '), needs, surroundings, { resume: true });
      if (!completed) throw new CommandFailed('Stopped before the end of the log.');
      return await work({ store, readModels });
    } finally {
      close();
    }
  });
}

interface Usable {
  readonly readModels: ReadModels;
  close(): void;
}

function openUsable(path: string, { stderr }: Surroundings): Usable {
  try {
    const readModels = openReadModels(path);
    return { readModels, close: () => readModels.close() };
  } catch (error) {
    if (!(error instanceof ReadModelsInUse)) throw error;
    stderr.write('The service runs, and keeps its read models to itself: the log is read from its start.\n');
    return openTemporary();
  }
}

function openTemporary(): Usable {
  const directory = mkdtempSync(join(tmpdir(), 'ledger-'));
  const readModels = openReadModels(join(directory, 'read-models.sqlite'));
  return {
    readModels,
    close() {
      readModels.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
