import type { DeliveriesListener, DueDatesListener } from '@consent-ledger/projections';

/** Lets who has dealt with all that is due sleep until a read model changes. */
export class Changes implements DeliveriesListener, DueDatesListener {
  private readonly waiting = new Set<() => void>();
  private changes = 0;

  /** How often the read model changed. Take it before reading them: what changes after the read then cannot be missed. */
  get count(): number {
    return this.changes;
  }

  changed(): void {
    this.changes += 1;
    for (const wake of [...this.waiting]) wake();
  }

  /** Resolves once it has changed since the count was `seen`, after `timeoutMs`, or when `signal` aborts. */
  since(seen: number, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<void> {
    if (this.changes !== seen || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      signal.addEventListener('abort', wake);
      this.waiting.add(wake);
    });
  }
}
