import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { START, type EventStore, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import { eventsAfter, gatherEvents, handleEvents } from './handling.js';
import type { Gathering, Projection } from './projection.js';
import type { Checkpoints, LogMark, ReadModels } from './read-models.js';

export interface RebuildDeps {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  /** Those that follow from others after them. */
  readonly projections: readonly Projection[];
}

export interface RebuildProgress {
  /** Events handled by this run; the last of them may not be stored yet. */
  readonly handled: number;
  /**
   * The positions at which this run began, up to which the projections stand, and of the last event of the log, as it was
   * less than a second ago: no counts.
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
  /** Goes on from the stored checkpoints, as after an aborted run, instead of clearing the projections. */
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
 * Replays the log once into projections, each from its own checkpoint, up to its head; those that gather are written in few
 * and large transactions. No processor may run one of them meanwhile. Throws `PoisonEvent` and `CheckpointMismatch` as a
 * processor stops with them; it can be resumed then.
 */
export async function rebuild(deps: RebuildDeps, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { store, readModels, projections } = deps;
  const { onProgress, signal, resume = false, batchSize = 250 } = options;
  if (!resume) for (const projection of projections) readModels.reset(projection);
  const replay = new Replay(deps);
  const from = replay.position;
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
      position: replay.position,
      head: Math.max(head, replay.position),
      perSecond: Math.round(handled / Math.max(0.001, (performance.now() - startedAt) / 1000)),
    };
  };

  for await (const events of pagesOf(store, from, batchSize)) {
    if (signal?.aborted) break;
    replay.take(events);
    handled += events.length;
    completed = events.length < batchSize;
    if (onProgress && events.length > 0) onProgress(await progress());
    await nextTurn();
  }
  replay.settle();
  return { ...(await progress()), completed };
}

/** The log up to its end; the last page is not full. The next one is on its way while a page is handled. */
async function* pagesOf(store: EventStore, after: Position, size: number): AsyncGenerator<readonly RecordedEvent[]> {
  let reading = store.readAll(after, size);
  for (;;) {
    const page = await reading;
    const isLast = page.length < size;
    if (!isLast) reading = store.readAll(page.at(-1)!.position, size);
    // Whoever asks for the page hears that it failed; nobody may ask for it any more.
    reading.catch(() => undefined);
    yield page;
    if (isLast) return;
  }
}

/** Takes events in one after the other; all of them are stored once it has settled. */
class Replay {
  readonly #readModels: ReadModels;
  /** Those that store each page that they take. */
  readonly #pageByPage: Checkpoints;
  readonly #gathering: Checkpoints;
  #gathered = new Map<Projection, Gathering>();
  #last: LogMark | undefined;

  constructor({ readModels, projections }: RebuildDeps) {
    const checkpointsOf = (some: readonly Projection[]): Checkpoints =>
      new Map(some.map((projection) => [projection, readModels.openCheckpoint(projection)]));
    this.#readModels = readModels;
    this.#pageByPage = checkpointsOf(projections.filter(({ gather }) => !gather));
    this.#gathering = checkpointsOf(projections.filter(({ gather }) => gather));
  }

  /** The position up to which every projection took events. */
  get position(): Position {
    const checkpoints = [...this.#pageByPage.values(), ...this.#gathering.values()];
    return Math.max(this.#last?.position ?? START, Math.min(...checkpoints));
  }

  take(events: readonly RecordedEvent[]): void {
    handleEvents(this.#readModels, this.#pageByPage, events);
    for (const [projection, from] of this.#gathering)
      gatherEvents(projection, this.#gatheringOf(projection), eventsAfter(events, from));
    this.#last = events.at(-1) ?? this.#last;
    if (this.#rowsGathered() >= ROWS_GATHERED) this.settle();
  }

  settle(): void {
    const gathered = this.#gathered;
    if (this.#last)
      this.#readModels.commit(this.#gathering, this.#last, (projection) => gathered.get(projection)?.write());
    this.#gathered = new Map();
  }

  #gatheringOf(projection: Projection): Gathering {
    const gathering = this.#gathered.get(projection) ?? projection.gather!();
    this.#gathered.set(projection, gathering);
    return gathering;
  }

  #rowsGathered(): number {
    let rows = 0;
    for (const { size } of this.#gathered.values()) rows += size;
    return rows;
  }
}
