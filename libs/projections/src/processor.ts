import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '@consent-ledger/consent';
import { START, type Batch, type EventStore, type Position } from '@consent-ledger/event-store';
import { passingStorageFaultIn } from '@consent-ledger/platform';
import { handleEvents } from './handling.js';
import type { Projection } from './projection.js';
import { Pulse } from './pulse.js';
import type { Checkpoints, LogMark, ReadModels } from './read-models.js';
import { recordedAtOf } from './recorded-instants.js';
import { foreignAmong, LogExchanged } from './same-log.js';

/** How a processor waits before it subscribes again. Tests bring their own. */
export interface Timing {
  /** Resolves after `ms`, or as soon as `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** A number in [0, 1). */
  random(): number;
}

export interface ProcessorOptions {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  /** Projections that share one subscription and one transaction a batch. A poison event in one stops them all. */
  readonly projections: readonly Projection[];
  /** The most events in one transaction; default 500, so that a look-up never waits long behind one. */
  readonly batchSize?: number;
  readonly timing?: Timing;
  /** Called once when the processor stops by itself. It stays stopped until it is started again. */
  readonly onFailed?: (error: Error) => void;
  /** Called when the subscription dropped or the disk refused, before the processor waits to subscribe again. */
  readonly onDropped?: (error: unknown, retryInMs: number) => void;
}

export type ProcessorState = 'idle' | 'running' | 'stopped';

const FIRST_RETRY_MS = 100;
/** Nobody gets an answer from a projection while its log is back and it still waits. */
const LONGEST_RETRY_MS = 5_000;
/** How often in a row the log must seem to be another before it counts as one: a server that comes up may not find its events yet. */
const LOOKS_AT_ANOTHER_LOG = 3;

const systemTiming: Timing = {
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
  random: Math.random,
};

/**
 * Pulls the log from the stored checkpoint and lets its projections handle it, for ever. A dropped subscription is taken
 * up again from the checkpoint, and so is one whose events could not be stored for now; a poison event, a checkpoint that
 * somebody else moved, or a log that was exchanged stops it loudly.
 */
export class Processor {
  readonly #options: ProcessorOptions;
  readonly #timing: Timing;
  readonly #waiting = new Set<Waiter>();
  readonly #pulse: Pulse;
  #checkpoints: Checkpoints = new Map();
  #state: ProcessorState = 'idle';
  #position: Position = START;
  #caughtUp = false;
  #error: Error | undefined;
  #interruption: unknown;
  #looksAtAnother = 0;
  #interruptedAt: number | undefined;
  #abort = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ProcessorOptions) {
    this.#options = options;
    this.#timing = options.timing ?? systemTiming;
    this.#pulse = new Pulse({
      store: options.store,
      position: () => this.#position,
      reach: (position, patience) => this.waitFor(position, patience),
    });
  }

  get state(): ProcessorState {
    return this.#state;
  }

  /** The position of the last event that every projection handled. */
  get position(): Position {
    return this.#position;
  }

  /** The last event that every projection handled; `undefined` before the first. */
  get lastHandled(): LogMark | undefined {
    const [furthestBack] = [...this.#checkpoints].sort(([, one], [, other]) => one - other);
    return furthestBack && this.#options.readModels.lastHandled(furthestBack[0]);
  }

  /** Whether nothing was behind the last batch that was handled, and the subscription has held since. */
  get isCaughtUp(): boolean {
    return this.#caughtUp;
  }

  /** What stopped the processor; `undefined` while it runs. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** What keeps it from going on for now, while it tries again; `undefined` while it goes on. */
  get interruption(): unknown {
    return this.#interruption;
  }

  /**
   * For how many milliseconds nothing could be handled, since the subscription dropped, the disk refused, or the log was
   * last heard of; 0 while it goes on.
   */
  get interruptedForMs(): number {
    const silentForMs = this.#state === 'running' ? this.#pulse.silentForMs : 0;
    if (this.#interruptedAt === undefined) return silentForMs;
    return Math.max(silentForMs, performance.now() - this.#interruptedAt);
  }

  /**
   * For how many milliseconds, at `now`, the oldest event that was not handled yet has been in the log; 0 when there is
   * none. Positions say nothing of it: how far apart they are differs from one log to another.
   */
  async behindMs(now: Instant): Promise<number> {
    const [next] = await this.#options.store.readAll(this.#position, 1);
    return next ? Math.max(0, now - recordedAtOf(next)) : 0;
  }

  /** Starts to pull, from the stored checkpoints. Does nothing when it runs already. */
  start(): void {
    if (this.#state === 'running') return;
    const { projections, readModels } = this.#options;
    this.#checkpoints = new Map(projections.map((projection) => [projection, readModels.openCheckpoint(projection)]));
    this.#position = Math.min(...this.#checkpoints.values());
    this.#error = undefined;
    this.#state = 'running';
    this.#abort = new AbortController();
    this.#loop = this.#run(this.#abort.signal);
    void this.#pulse.beat(this.#abort.signal);
  }

  /** Stops after the batch in hand and resolves then. Who still waits for a position gets `false`. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#loop;
  }

  /**
   * Resolves to `true` as soon as `position` was handled; to `false` after `timeoutMs`, when `signal` aborts, or when the
   * processor stops.
   */
  waitFor(position: Position, { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<boolean> {
    if (this.#position >= position) return Promise.resolve(true);
    if (this.#state === 'stopped' || signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (reached: boolean) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#waiting.delete(waiter);
        resolve(reached);
      };
      const giveUp = () => settle(false);
      const waiter: Waiter = { position, settle };
      const timer = setTimeout(giveUp, timeoutMs);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiter);
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    let drops = 0;
    while (!signal.aborted) {
      const before = this.#position;
      const ending = await this.#pull(signal);
      this.#caughtUp = false;
      if (ending instanceof Failed) {
        this.#fail(ending.error);
        break;
      }
      if (signal.aborted) break;
      this.#interruption = ending.error;
      this.#interruptedAt ??= performance.now();
      drops = this.#position > before ? 1 : drops + 1;
      const retryInMs = retryAfter(drops, this.#timing.random());
      this.#options.onDropped?.(ending.error, retryInMs);
      await this.#timing.wait(retryInMs, signal);
    }
    this.#state = 'stopped';
    for (const waiter of this.#waiting) waiter.settle(false);
  }

  /**
   * Handles batches until the subscription ends, whatever the reason. Before it goes on with a log that was away it makes sure
   * that it is the same: in one that was restored, what is recorded now stands below the place that was reached (P4).
   */
  async #pull(signal: AbortSignal): Promise<Failed | Dropped> {
    const { store, readModels, projections, batchSize = 500 } = this.#options;
    try {
      if ((await foreignAmong(store, readModels, projections)).length > 0) {
        this.#looksAtAnother += 1;
        const Ending = this.#looksAtAnother < LOOKS_AT_ANOTHER_LOG ? Dropped : Failed;
        return new Ending(new LogExchanged());
      }
      this.#looksAtAnother = 0;
      for await (const batch of store.subscribe(this.#position, { signal, batchSize })) {
        if (signal.aborted) break;
        const ending = this.#handle(batch);
        if (ending) return ending;
      }
    } catch (error) {
      return new Dropped(error);
    }
    return new Dropped(new Error('The subscription ended.'));
  }

  /** A disk that is full or a file that is locked is no fault of an event: nothing was stored, and it is tried again. */
  #handle({ events, caughtUp }: Batch): Failed | Dropped | undefined {
    try {
      handleEvents(this.#options.readModels, this.#checkpoints, events);
      this.#interruption = undefined;
      this.#interruptedAt = undefined;
    } catch (error) {
      return passingStorageFaultIn(error) ? new Dropped(error) : new Failed(error);
    } finally {
      this.#advance(Math.min(...this.#checkpoints.values()));
    }
    this.#caughtUp = caughtUp;
    return undefined;
  }

  #advance(position: Position): void {
    this.#position = position;
    for (const waiter of this.#waiting) if (waiter.position <= position) waiter.settle(true);
  }

  #fail(error: Error): void {
    this.#error = error;
    this.#state = 'stopped';
    this.#options.onFailed?.(error);
  }
}

/** Somebody who waits for a position. */
interface Waiter {
  readonly position: Position;
  settle(reached: boolean): void;
}

/** The subscription ended, or the read models could not be written for now; it can be taken up again. */
class Dropped {
  constructor(readonly error: unknown) {}
}

/** Handling failed; to go on would lose what was not handled. */
class Failed {
  readonly error: Error;
  constructor(error: unknown) {
    this.error = error instanceof Error ? error : new Error('A projection failed.', { cause: error });
  }
}

/** Doubles with every drop up to five seconds, and spreads processes that dropped together over the second half of it. */
function retryAfter(drops: number, random: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (drops - 1));
  return Math.round(longest / 2 + (longest / 2) * random);
}
