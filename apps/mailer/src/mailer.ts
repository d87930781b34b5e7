import type { Deliver, MailingProgress } from '@consent-ledger/application';
import type { Revision } from '@consent-ledger/event-store';
import { ownOrder, type Clock, type Logger } from '@consent-ledger/platform';
import { createLeases, type Leases } from './leases.js';

export interface MailerOptions {
  /** The name under which it takes deliveries: the same after a restart, and no other mailer's. */
  readonly name: string;
  readonly deliver: Deliver;
  readonly progress: MailingProgress;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many messages are under way at once. */
  readonly concurrency: number;
  /** The most messages a second; 0 for no bound. */
  readonly rate: number;
  /** Milliseconds that another mailer may have a message under way before it is taken for dead. */
  readonly lease: number;
}

/** How many due deliveries are read at a time: several mailers share a page, and meet at its end. */
const PAGE = 500;
/** The longest that an idle mailer sleeps before it looks at the clock again. */
const LONGEST_NAP = 60_000;
/** How long a mailer waits after something unforeseen, before it goes on. */
const RECOVERY_PAUSE = 1_000;

/**
 * Sends what is due for as long as it runs, some messages at once: page by page in order of due date, within a page in an order
 * of its own, so that several mailers on one log do not reach for the same message. Wakes for new requests, for what is to be
 * retried, and when a message in hand is done.
 */
export class Mailer {
  private readonly stopping = new AbortController();
  /**
   * Deliveries that may have left without that being on record: this mailer died, or could not write to the log, or another
   * mailer abandoned them at a revision.
   */
  private readonly unsettled = new Map<string, Revision | undefined>();
  private readonly leases: Leases;
  /** What is left of the page that was read last. */
  private queue: string[] = [];
  private readonly inHand = new Map<string, Promise<void>>();
  /** Aborts when a message in hand is done. */
  private done = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private nextSlot = 0;

  constructor(private readonly options: MailerOptions) {
    this.leases = createLeases(options.lease);
  }

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
        this.done = new AbortController();
        await this.settle();
        await this.sendDue();
        await this.awaitWork(seen);
      } catch (error) {
        logger.error('The mailer met an error, and goes on', { error });
        await this.nap(RECOVERY_PAUSE);
      }
    }
    await Promise.all(this.inHand.values());
  }

  /** Of what is under way at the start, this mailer's own is settled at once; the rest may be in the hands of others. */
  private takeOver(): void {
    for (const { deliveryId } of this.options.progress.view.startedDeliveries())
      this.unsettled.set(deliveryId, undefined);
  }

  /** Takes in hand what is due, until that are as many as may be at once. */
  private async sendDue(): Promise<void> {
    while (!this.isFull) {
      const next = await this.nextDue();
      if (next === undefined) return;
      await this.awaitSlot();
      if (this.stopped) return;
      // Another mailer may have taken it meanwhile; the slot is good for one that is still there.
      const deliveryId = this.isFree(next) ? next : this.nextInQueue();
      if (deliveryId === undefined) continue;
      const sent = this.send(deliveryId).finally(() => {
        this.inHand.delete(deliveryId);
        this.done.abort();
      });
      this.inHand.set(deliveryId, sent);
    }
  }

  /** Nothing new is sent before it is on record what became of the old. */
  private async settle(): Promise<void> {
    const { deliver, progress, clock, logger } = this.options;
    const elsewhere = progress.view.startedDeliveries().filter(({ deliveryId }) => !this.inHand.has(deliveryId));
    for (const { deliveryId, revision } of this.leases.over(elsewhere, clock.now()))
      this.unsettled.set(deliveryId, revision);
    let count = 0;
    for (const [deliveryId, abandoned] of this.unsettled) {
      if (await deliver.recover(deliveryId, abandoned)) count += 1;
      this.unsettled.delete(deliveryId);
    }
    if (count > 0) logger.warn('Settled messages that were under way when their mailer ended', { count });
  }

  private async nextDue(): Promise<string | undefined> {
    const next = this.nextInQueue();
    if (next !== undefined) return next;
    const { name, progress, clock } = this.options;
    // What was done must be seen as done before the next page is read.
    await progress.reachHead();
    const due = progress.view.dueDeliveries(clock.now(), PAGE);
    this.queue = ownOrder(
      name,
      due.map(({ deliveryId }) => deliveryId),
    );
    return this.nextInQueue();
  }

  private nextInQueue(): string | undefined {
    for (let next = this.queue.pop(); next !== undefined; next = this.queue.pop()) if (this.isFree(next)) return next;
    return undefined;
  }

  /** Whether it is due, and no mailer is known to have taken it. */
  private isFree(deliveryId: string): boolean {
    const { progress, clock } = this.options;
    const dueAt = progress.view.delivery(deliveryId)?.dueAt ?? Number.POSITIVE_INFINITY;
    return dueAt <= clock.now() && !this.inHand.has(deliveryId);
  }

  private async send(deliveryId: string): Promise<void> {
    try {
      await this.options.deliver.deliver(deliveryId);
    } catch (error) {
      this.unsettled.set(deliveryId, undefined);
      this.options.logger.error('A delivery met an error, and is looked at again', { deliveryId, error });
      await this.nap(RECOVERY_PAUSE);
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

  /** Until a message in hand is done, a delivery changed since the count was `seen`, the next is due, a lease is over, or the mailer stops. */
  private async awaitWork(seen: number): Promise<void> {
    const { progress, clock } = this.options;
    const now = clock.now();
    const signal = AbortSignal.any([this.stopping.signal, this.done.signal]);
    const dueAt = this.isFull ? Number.POSITIVE_INFINITY : (progress.view.nextDueAt() ?? Number.POSITIVE_INFINITY);
    // What is due and was left is in hand, and not yet seen to be: that it was taken is told soon.
    const untilDue = dueAt > now ? dueAt - now : RECOVERY_PAUSE;
    const timeoutMs = Math.min(LONGEST_NAP, untilDue, Math.max(0, this.leases.nextOver() - now));
    await progress.changes.since(this.isFull ? progress.changes.count : seen, { timeoutMs, signal });
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

  private get isFull(): boolean {
    return this.inHand.size >= this.options.concurrency;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }
}
