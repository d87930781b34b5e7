import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type { EventStore, Position, RecordedEvent } from '@consent-ledger/event-store';
import { gatherEvents, handleEvents } from './handling.js';
import type { Gathering, Projection } from './projection.js';
import type { Checkpoints, LogMark, ReadModels } from './read-models.js';

export interface RebuildDeps {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly projection: Projection;
}

export interface RebuildProgress {
  /** Events handled by this run; the last of them may not be stored yet. */
  readonly handled: number;
  /**
   * The positions at which this run began, up to which the projection stands, and of the last event of the log, as it was less
   * than a second ago: no counts.
   */
  readonly from: Position;
  readonly position: Position;
  readonly head: Position;
  /** Events a second since the run began. */
  readonly perSecond: number;
}

export interface RebuildOptions {
  readonly onProgress?: (progress: RebuildProgress) => void;
  /** Ends the run: what was handled is stored, and can be gone on from. */
  readonly signal?: AbortSignal;
  /** Goes on from the stored checkpoint, as after an aborted run, instead of clearing the projection. */
  readonly resume?: boolean;
  /**
   * Events read at once, default 250, so that few of them are alive whenever memory is collected; a projection that does
   * not gather stores as many in one transaction.
   */
  readonly batchSize?: number;
}

export interface Rebuilt extends RebuildProgress {
  /** Whether the head of the log was reached; `false` after an abort. */
  readonly completed: boolean;
}

/** What is held in memory between two transactions: a quarter of the heap at most, at some 1.5 kB a contact. */
const ROWS_GATHERED = Math.min(500_000, Math.floor(getHeapStatistics().heap_size_limit / 4 / 1_500));

const HEAD_EVERY_MS = 1_000;

/**
 * Replays the log into one projection, up to its head, in few and large transactions. No processor may run the projection
 * meanwhile. Throws `PoisonEvent` and `CheckpointMismatch` as a processor stops with them; it can be resumed then.
 */
export async function rebuild(deps: RebuildDeps, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { store, readModels, projection } = deps;
  const { onProgress, signal, resume = false, batchSize = 250 } = options;
  if (!resume) readModels.reset(projection);
  const replay = projection.gather ? gatheringReplay(deps, projection.gather.bind(projection)) : batchReplay(deps);
  const from = replay.position();
  const startedAt = performance.now();
  let handled = 0;
  let completed = false;
  let [head, askedAt]: [Position, number] = [from, Number.NEGATIVE_INFINITY];

  /** A log on a server is not asked for its head after every batch: that would take as long as reading the next. */
  const progress = async (): Promise<RebuildProgress> => {
    if (completed || performance.now() - askedAt >= HEAD_EVERY_MS)
      [head, askedAt] = [await store.head(), performance.now()];
    return {
      handled,
      from,
      position: replay.position(),
      head: Math.max(head, replay.position()),
      perSecond: Math.round(handled / Math.max(0.001, (performance.now() - startedAt) / 1000)),
    };
  };

  while (!completed && !signal?.aborted) {
    const events = await store.readAll(replay.position(), batchSize);
    replay.take(events);
    handled += events.length;
    completed = events.length < batchSize;
    if (onProgress && events.length > 0) onProgress(await progress());
    await nextTurn();
  }
  replay.settle();
  return { ...(await progress()), completed };
}

/** How events are replayed: taken in one after the other, and all of them stored once it has settled. */
interface Replay {
  /** The position up to which events were taken. */
  position(): Position;
  take(events: readonly RecordedEvent[]): void;
  settle(): void;
}

function batchReplay({ readModels, projection }: RebuildDeps): Replay {
  const checkpoints: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
  return {
    position: () => checkpoints.get(projection)!,
    take: (events) => handleEvents(readModels, checkpoints, events),
    settle: () => undefined,
  };
}

function gatheringReplay({ readModels, projection }: RebuildDeps, gather: () => Gathering): Replay {
  const checkpoints: Checkpoints = new Map([[projection, readModels.openCheckpoint(projection)]]);
  let last: LogMark | undefined;
  let gathering = gather();
  const settle = () => {
    if (last) readModels.commit(checkpoints, last, () => gathering.write());
    gathering = gather();
  };
  return {
    position: () => last?.position ?? checkpoints.get(projection)!,
    take(events) {
      gatherEvents(projection, gathering.add, events);
      last = events.at(-1) ?? last;
      if (gathering.size >= ROWS_GATHERED) settle();
    },
    settle,
  };
}
