import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventStore } from '@consent-ledger/event-store';
import { openReadModels, resetForeign, type ReadModels } from '@consent-ledger/projections';
import { makeProjection, projectionNames } from './projections.js';
import { replay } from './replay.js';
import { DamagedSnapshot, pack, unpack, withFolderBeside } from './snapshot-file.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/**
 * Brings a snapshot up to the end of the log: the one that stands there already, when it is whole and of this log and
 * release, else one from nothing. Answers how many events were handled for it. Throws `CommandFailed` when it is stopped;
 * the snapshot that stood there stays then.
 */
export async function makeSnapshot(store: EventStore, snapshot: string, surroundings: Surroundings): Promise<number> {
  return withFolderBeside(snapshot, async (folder) => {
    const draft = join(folder, 'read-models.sqlite');
    await takeUp(snapshot, draft, surroundings);
    const readModels = openReadModels(draft);
    const handled = await bringUp(readModels, store, surroundings).finally(() => readModels.close());
    await pack(draft, snapshot);
    return handled;
  });
}

async function takeUp(snapshot: string, draft: string, { stderr }: Surroundings): Promise<void> {
  if (!existsSync(snapshot)) return;
  try {
    await unpack(snapshot, draft);
  } catch (error) {
    if (!(error instanceof DamagedSnapshot)) throw error;
    stderr.write('The snapshot that stood there is damaged: this one is made from the start of the log.\n');
  }
}

/** What is of another log or release is built anew. */
async function bringUp(readModels: ReadModels, store: EventStore, surroundings: Surroundings): Promise<number> {
  const projections = projectionNames.map((name) => makeProjection(name, readModels));
  await resetForeign(store, readModels, projections);
  const { completed, handled } = await replay('snapshot', { store, readModels, projections }, surroundings, {
    resume: true,
  });
  if (!completed) throw new CommandFailed('Stopped before the end of the log.');
  return handled;
}
