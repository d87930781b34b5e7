import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore, Position } from '@consent-ledger/event-store';

export interface PulseOptions {
  readonly store: Pick<EventStore, 'head'>;
  /** The position up to which events were handled. */
  readonly position: () => Position;
  /** Resolves to whether a position was handled in time. */
  readonly reach: (position: Position, patience: { timeoutMs: number; signal: AbortSignal }) => Promise<boolean>;
  /** Milliseconds between two questions to the log; default 1 000. */
  readonly everyMs?: number;
}

/**
 * Asks the log time and again whether it is there. A subscription that brings nothing does not tell a log in which nothing
 * happens from one that cannot be reached, nor does a process that was stopped for a while notice what it missed.
 */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #everyMs: number;
  #heardAt = performance.now();

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 1_000;
  }

  /** For how many milliseconds the log was not heard of, beyond the pause that two questions may make; 0 while it is. */
  get silentForMs(): number {
    return Math.max(0, performance.now() - this.#heardAt - 2 * this.#everyMs);
  }

  /** Goes on until `signal` aborts. */
  async beat(signal: AbortSignal): Promise<void> {
    this.#heardAt = performance.now();
    while (!signal.aborted) {
      const askedAt = performance.now();
      if (await this.#isHeard(signal)) this.#heardAt = askedAt;
      await delay(this.#everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** The log answers, and what it held then was handled, or is being handled. */
  async #isHeard(signal: AbortSignal): Promise<boolean> {
    const { store, position, reach } = this.#options;
    const before = position();
    try {
      return (await reach(await store.head(), { timeoutMs: this.#everyMs, signal })) || position() > before;
    } catch {
      return false;
    }
  }
}
