import type { EventStore } from '@consent-ledger/event-store';
import type { Projection } from './projection.js';
import type { ReadModels } from './read-models.js';

/**
 * Clears every projection that was built from another log than this one, such as one that was put back from a backup
 * since: its answers would rest on events that are not there. Answers the projections that were cleared.
 */
export async function resetForeign(
  store: EventStore,
  readModels: ReadModels,
  projections: readonly Projection[],
): Promise<readonly Projection[]> {
  const foreign: Projection[] = [];
  for (const projection of projections) {
    readModels.openCheckpoint(projection);
    const last = readModels.lastHandled(projection);
    if (!last) continue;
    if ((await store.readAt(last.position))?.id === last.id) continue;
    readModels.reset(projection);
    foreign.push(projection);
  }
  return foreign;
}
