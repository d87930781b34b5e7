import type { EventStore } from '@consent-ledger/event-store';
import type { Projection } from './projection.js';
import type { ReadModels } from './read-models.js';

/** The log was put back from a backup, or exchanged, under a process that followed it. */
export class LogExchanged extends Error {
  readonly code = 'LOG_EXCHANGED';
  constructor() {
    super(
      'The log no longer holds what was projected from it: it was restored, or is another one. Start this process again, so that it builds its read models anew.',
    );
  }
}

/** The projections that were built from another log than this one. */
export async function foreignAmong(
  store: Pick<EventStore, 'readAt'>,
  readModels: ReadModels,
  projections: readonly Projection[],
): Promise<readonly Projection[]> {
  const foreign: Projection[] = [];
  for (const projection of projections) {
    const last = readModels.lastHandled(projection);
    if (last && (await store.readAt(last.position))?.id !== last.id) foreign.push(projection);
  }
  return foreign;
}

/**
 * Clears every projection that was built from another log than this one, such as one that was put back from a backup
 * since: its answers would rest on events that are not there. Answers the projections that were cleared.
 */
export async function resetForeign(
  store: EventStore,
  readModels: ReadModels,
  projections: readonly Projection[],
): Promise<readonly Projection[]> {
  for (const projection of projections) readModels.openCheckpoint(projection);
  const foreign = await foreignAmong(store, readModels, projections);
  for (const projection of foreign) readModels.reset(projection);
  return foreign;
}
