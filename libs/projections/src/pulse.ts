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
  /** When the log was last asked of which all is handled. */
  #heardAt = performance.now();
  /** Where the log ended when it was asked since, and when that was. */
  #asked: { readonly at: number; readonly head: Position }[] = [];

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#everyMs = options.everyMs ?? 1_000;
  }

  /**
   * For how many milliseconds what was recorded may be missing from what was handled, beyond the pause that two questions may
   * make; 0 while the log answers, and its end is handled soon.
   */
  get silentForMs(): number {
    if (this.#asked.length > 0) this.#hear();
    return Math.max(0, performance.now() - this.#heardAt - 2 * this.#everyMs);
  }

  /** Goes on until `signal` aborts. */
  async beat(signal: AbortSignal): Promise<void> {
    this.#heardAt = performance.now();
    this.#asked = [];
    while (!signal.aborted) {
      await this.#ask(signal);
      await delay(this.#everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { store, reach } = this.#options;
    const at = performance.now();
    try {
      const head = await store.head();
      this.#asked.push({ at, head });
      await reach(head, { timeoutMs: this.#everyMs, signal });
    } catch {
      // It is silent for as long as it cannot be asked.
    }
  }

  /** What the log held when it was asked counts once that is handled: who catches up after an hour is an hour behind till then (P4). */
  #hear(): void {
    const position = this.#options.position();
    const handled = this.#asked.filter(({ head }) => head <= position);
    this.#asked = this.#asked.filter(({ head }) => head > position);
    this.#heardAt = Math.max(this.#heardAt, ...handled.map(({ at }) => at));
  }
}
