import type { Deliver, MailingProgress } from '@consent-ledger/application';
import type { Clock, Logger } from '@consent-ledger/platform';

export interface MailerOptions {
  readonly deliver: Deliver;
  readonly progress: MailingProgress;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many messages are under way at once. */
  readonly concurrency: number;
  /** The most messages a second; 0 for no bound. */
  readonly rate: number;
}

/** How many due deliveries are read at a time. */
const PAGE = 200;
/** The longest that an idle mailer sleeps before it looks at the clock again. */
const LONGEST_NAP = 60_000;
/** How long a mailer waits after something unforeseen, before it goes on. */
const RECOVERY_PAUSE = 1_000;

/** Sends what is due, in order of due date, for as long as it runs; wakes for new requests and for what is to be retried. */
export class Mailer {
  private readonly stopping = new AbortController();
  /** Deliveries that may have left without that being on record: their mailer died, or the log could not be written. */
  private readonly unsettled = new Set<string>();
  private running: Promise<void> = Promise.resolve();
  private nextSlot = 0;

  constructor(private readonly options: MailerOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Finishes the messages in hand and resolves then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { progress, logger } = this.options;
    this.takeOver();
    while (!this.stopped) {
      try {
        const seen = progress.changes.count;
        await this.sendDue();
        await this.awaitWork(seen);
      } catch (error) {
        logger.error('The mailer met an error, and goes on', { error });
        await this.nap(RECOVERY_PAUSE);
      }
    }
  }

  private takeOver(): void {
    const { progress, logger } = this.options;
    for (const { deliveryId } of progress.view.startedDeliveries()) this.unsettled.add(deliveryId);
    const count = this.unsettled.size;
    if (count > 0) logger.warn('Settling messages that were under way at the last stop', { count });
  }

  private async sendDue(): Promise<void> {
    const { progress, clock, concurrency } = this.options;
    while (!this.stopped) {
      await this.settle();
      const due = progress.view.dueDeliveries(clock.now(), PAGE);
      if (due.length === 0) return;
      const queue = due.values();
      await Promise.all(Array.from({ length: concurrency }, () => this.sendFrom(queue)));
      // What was just done must be seen as done before the next page is read.
      await progress.reachHead();
    }
  }

  /** Nothing new is sent before it is on record what became of the old. */
  private async settle(): Promise<void> {
    for (const deliveryId of this.unsettled) {
      await this.options.deliver.recover(deliveryId);
      this.unsettled.delete(deliveryId);
    }
  }

  private async sendFrom(queue: IterableIterator<{ readonly deliveryId: string }>): Promise<void> {
    for (const { deliveryId } of queue) {
      if (this.stopped) return;
      await this.awaitSlot();
      if (this.stopped) return;
      try {
        await this.options.deliver.deliver(deliveryId);
      } catch (error) {
        this.unsettled.add(deliveryId);
        this.options.logger.error('A delivery met an error, and is looked at again', { deliveryId, error });
        await this.nap(RECOVERY_PAUSE);
      }
    }
  }

  /** Keeps to the rate, before the verdict is asked for: a verdict must not grow old in a queue. */
  private async awaitSlot(): Promise<void> {
    const { rate, clock } = this.options;
    if (rate === 0) return;
    const now = clock.now();
    const slot = Math.max(now, this.nextSlot);
    this.nextSlot = slot + 1000 / rate;
    if (slot > now) await this.nap(slot - now);
  }

  /** Until a delivery changed since the count was `seen`, the next retry is due, or the mailer stops. */
  private async awaitWork(seen: number): Promise<void> {
    const { progress, clock } = this.options;
    const due = progress.view.nextDueAt() ?? Number.POSITIVE_INFINITY;
    const timeoutMs = Math.min(LONGEST_NAP, Math.max(0, due - clock.now()));
    await progress.changes.since(seen, { timeoutMs, signal: this.stopping.signal });
  }

  private nap(milliseconds: number): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      signal.addEventListener('abort', wake);
    });
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }
}
