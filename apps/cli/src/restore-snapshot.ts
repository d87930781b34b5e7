import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EventStore } from '@consent-ledger/event-store';
import { openReadModels, ReadModelsInUse, type Projection, type ReadModels } from '@consent-ledger/projections';
import { isDamage } from './finding.js';
import { makeProjection, projectionNames } from './projections.js';
import { DamagedSnapshot, removeReadModels, unpack, withFolderBeside } from './snapshot-file.js';
import { storedCheckpoint } from './stored-read-models.js';
import { CommandFailed } from './surroundings.js';

/**
 * Puts a snapshot in the place of the read models of a stopped service, when every page of it is sound and it is of this
 * log and release. Throws `CommandFailed` otherwise, and leaves what is there: the service goes on from that, or builds them
 * from the log.
 */
export async function restoreSnapshot(store: EventStore, snapshot: string, readModels: string): Promise<void> {
  refuseInUse(readModels);
  mkdirSync(dirname(readModels), { recursive: true, mode: 0o700 });
  await withFolderBeside(readModels, async (folder) => {
    const draft = join(folder, 'read-models.sqlite');
    await unpackWhole(snapshot, draft);
    await requireOfUse(draft, store);
    removeReadModels(readModels);
    renameSync(draft, readModels);
  });
}

const FROM_THE_LOG = 'Nothing was put in place; without it the service builds its read models from the log.';

async function unpackWhole(snapshot: string, draft: string): Promise<void> {
  try {
    await unpack(snapshot, draft);
  } catch (error) {
    throw error instanceof DamagedSnapshot ? new CommandFailed(`${error.message} ${FROM_THE_LOG}`) : error;
  }
}

function refuseInUse(path: string): void {
  if (!existsSync(path)) return;
  try {
    openReadModels(path).close();
  } catch (error) {
    if (error instanceof ReadModelsInUse)
      throw new CommandFailed('A service runs on this DATA_DIR. Stop it, then put the snapshot in place.');
    if (!isDamage(error)) throw error;
  }
}

async function requireOfUse(path: string, store: EventStore): Promise<void> {
  const readModels = openReadModels(path);
  try {
    // Their tables are not made here: that would drop those of another release before it is told.
    const scratch = openReadModels(':memory:');
    const projections = projectionNames.map((name) => makeProjection(name, scratch));
    scratch.close();
    for (const projection of projections) await requireOfThisLog(projection, readModels, store);
  } finally {
    readModels.close();
  }
}

async function requireOfThisLog(projection: Projection, readModels: ReadModels, store: EventStore): Promise<void> {
  if (storedCheckpoint(readModels, projection)?.version !== projection.version)
    throw new CommandFailed(`The snapshot is of another release. ${FROM_THE_LOG}`);
  const last = readModels.lastHandled(projection);
  if (last && (await store.readAt(last.position))?.id !== last.id)
    throw new CommandFailed(`The snapshot is of another log. ${FROM_THE_LOG}`);
}
