import type { Position, RecordedEvent } from '../event-store.js';
import { createGrowth } from '../growth.js';
import { LogUnavailable } from './errors.js';

/** The newest stretch of the log, held for all who follow it: one subscription, whatever their number. */
export interface Tail {
  /** Counts one more who follows; the subscription ends when the last one has left. */
  join(): void;
  leave(): void;
  /** The events after a position, at most `limit`; `undefined` when the tail does not reach back that far. */
  after(position: Position, limit: number): readonly RecordedEvent[] | undefined;
  /**
   * Resolves once there may be more after `position`, or `signal` aborts; opens the subscription there when there is none.
   * Throws `LogUnavailable` when the subscription dropped.
   */
  grown(position: Position, signal: AbortSignal): Promise<void>;
  /** Ends the subscription, whoever follows. */
  close(): void;
}

/** Hands over the events after a position as they come, until `signal` aborts; rejects then, or when it drops. */
export type Subscribe = (after: Position, signal: AbortSignal, take: (event: RecordedEvent) => void) => Promise<void>;

/**
 * Holds `capacity` events, and at most twice as many. Who reads slowly falls out of the tail and reads pages from the log
 * instead, until it has come up again: nobody waits for anybody, and memory is bounded.
 */
export function createTail(subscribe: Subscribe, capacity: number): Tail {
  let followers = 0;
  let held: HeldTail | undefined;

  function open(after: Position): HeldTail {
    const tail = new HeldTail(after, capacity);
    void tail.fill(subscribe).then((cause) => {
      if (held === tail) held = undefined;
      tail.drop(cause);
    });
    return tail;
  }

  function close(): void {
    held?.stop();
    held = undefined;
  }

  return {
    join() {
      followers += 1;
    },
    leave() {
      followers -= 1;
      if (followers === 0) close();
    },
    after: (position, limit) => held?.after(position, limit),
    grown: (position, signal) => (held ??= open(position)).grown(position, signal),
    close,
  };
}

/** One subscription and what it brought. */
class HeldTail {
  readonly #stopping = new AbortController();
  readonly #growth = createGrowth();
  readonly #capacity: number;
  #events: RecordedEvent[] = [];
  #from: Position;
  #dropped: LogUnavailable | undefined;

  constructor(from: Position, capacity: number) {
    this.#from = from;
    this.#capacity = capacity;
  }

  /** Takes in what the subscription brings; resolves, once it has ended, to what it ended with. */
  async fill(subscribe: Subscribe): Promise<unknown> {
    try {
      await subscribe(this.#from, this.#stopping.signal, (event) => this.#take(event));
      return undefined;
    } catch (error) {
      return error;
    }
  }

  drop(cause: unknown): void {
    this.#dropped = new LogUnavailable('the subscription to the log dropped.', { cause });
    this.#growth.announce();
  }

  stop(): void {
    this.#stopping.abort();
  }

  after(position: Position, limit: number): readonly RecordedEvent[] | undefined {
    if (this.#dropped || position < this.#from) return undefined;
    const first = firstAfter(this.#events, position);
    return this.#events.slice(first, first + limit);
  }

  async grown(position: Position, signal: AbortSignal): Promise<void> {
    const seen = this.#growth.count();
    if ((this.#events.at(-1)?.position ?? this.#from) <= position && !this.#dropped)
      await this.#growth.since(seen, signal);
    if (this.#dropped && !signal.aborted) throw this.#dropped;
  }

  #take(event: RecordedEvent): void {
    this.#events.push(event);
    if (this.#events.length > 2 * this.#capacity) this.#forgetOldest();
    this.#growth.announce();
  }

  #forgetOldest(): void {
    const forgotten = this.#events.length - this.#capacity;
    this.#from = this.#events[forgotten - 1]!.position;
    this.#events = this.#events.slice(forgotten);
  }
}

/** Where in a list, ordered by position, the first event after a position stands; its length when there is none. */
function firstAfter(events: readonly RecordedEvent[], position: Position): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.position <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
