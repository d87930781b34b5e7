import { setTimeout as delay } from 'node:timers/promises';
import type { Batch } from '@consent-ledger/event-store';

/** Reads ahead by one batch: the next is fetched while the last is dealt with, and whoever waits is woken by it. */
export class Arrivals {
  readonly #batches: AsyncIterator<Batch>;
  #arrived: Batch | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake = new AbortController();

  constructor(batches: AsyncIterable<Batch>) {
    this.#batches = batches[Symbol.asyncIterator]();
    this.#fetch();
  }

  /** The batch that has arrived; `undefined` while none has. Throws what ended the subscription. */
  take(): Batch | undefined {
    if (this.#failure) throw this.#failure.error;
    const batch = this.#arrived;
    if (!batch) return undefined;
    this.#arrived = undefined;
    this.#fetch();
    return batch;
  }

  /** Resolves when a batch is there, when the subscription has ended, after `ms`, or when `signal` aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#arrived || this.#failure) return;
    this.#wake = new AbortController();
    await delay(ms, undefined, { signal: AbortSignal.any([signal, this.#wake.signal]) }).catch(() => undefined);
  }

  #fetch(): void {
    this.#batches
      .next()
      .then(({ done, value }) => {
        if (done) this.#failure = { error: new Error('The subscription to the log ended.') };
        else this.#arrived = value;
      })
      .catch((error: unknown) => void (this.#failure = { error }))
      .finally(() => this.#wake.abort());
  }
}
