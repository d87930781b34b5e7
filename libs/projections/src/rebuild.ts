import { performance } from 'node:perf_hooks';
import type { EventStore, Position } from '@consent-ledger/event-store';
import type { Projection } from './projection.js';
import { applyOrFindPoison, type Checkpoints, type ReadModels } from './read-models.js';

export interface RebuildDeps {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly projection: Projection;
}

export interface RebuildProgress {
  /** Events handled by this run. */
  readonly handled: number;
  /** The position up to which the projection stands, and that of the last event of the log. */
  readonly position: Position;
  readonly head: Position;
  /** Events a second since the run began. */
  readonly perSecond: number;
}

export interface RebuildOptions {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Ends the run after the transaction in hand. What was stored stays. */
  readonly signal?: AbortSignal;
  /** Goes on from the stored checkpoint, as after an aborted run, instead of clearing the projection. */
  readonly resume?: boolean;
  /** Events in one transaction; the default suits a log whose contacts' events lie far apart. */
  readonly batchSize?: number;
}

export interface Rebuilt extends RebuildProgress {
  /** Whether the head of the log was reached; `false` after an abort. */
  readonly completed: boolean;
}

/**
 * Replays the log into one projection, up to its head, in large transactions. No processor may run the projection
 * meanwhile. Throws `PoisonEvent` and `CheckpointMismatch` as a processor stops with them.
 */
export async function rebuild(deps: RebuildDeps, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { store, readModels, projection } = deps;
  const { onProgress, signal, resume = false, batchSize = 20_000 } = options;
  if (!resume) readModels.reset(projection);
  const checkpoints: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
  const startedAt = performance.now();
  let handled = 0;
  let completed = false;

  const progress = async (): Promise<RebuildProgress> => ({
    handled,
    position: checkpoints.get(projection)!,
    head: await store.head(),
    perSecond: Math.round(handled / Math.max(0.001, (performance.now() - startedAt) / 1000)),
  });

  while (!signal?.aborted) {
    const events = await store.readAll(checkpoints.get(projection)!, batchSize);
    if (events.length > 0) {
      applyOrFindPoison(readModels, checkpoints, events);
      handled += events.length;
      onProgress?.(await progress());
    }
    completed = events.length < batchSize;
    if (completed) break;
  }
  return { ...(await progress()), completed };
}
