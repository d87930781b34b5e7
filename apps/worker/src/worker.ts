import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DueDates, EraseStrangers, SettleDue } from '@consent-ledger/application';
import { ownOrder, type Clock, type Logger } from '@consent-ledger/platform';
import { LONGEST_WAIT_MS, type DueContact } from '@consent-ledger/projections';

export interface WorkerOptions {
  /** Another for every worker on the log; it may be another after a restart. */
  readonly name: string;
  readonly dueDates: DueDates;
  readonly settleDue: Pick<SettleDue, 'settle'>;
  readonly eraseStrangers: Pick<EraseStrangers, 'sweep'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How many contacts are read from the index at a time: several workers share a page, and meet at its end. */
const PAGE = 2_000;
/** How many contacts are looked at again at a time after a change of policy. */
const REVIEWED_AT_ONCE = 500;
/** How many contacts are settled at once: appends that arrive together are committed together. */
const AT_ONCE = 32;
/** How often the worker looks for people who are not on record and whose address nothing holds any longer. */
const STRANGERS_EVERY = 86_400_000;
/** How long a worker waits after something unforeseen, before it goes on. */
const RECOVERY_PAUSE = 1_000;

/**
 * Turns what falls due into events for as long as it runs: each contact's in order of due date, the contacts a page at a time
 * in order of the first, some at once. Several may run: the log decides, and each takes the page in an order of its own, so
 * that they seldom do the same.
 */
export class Worker {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private strangersAt = 0;

  constructor(private readonly options: WorkerOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Finishes the contacts in hand and resolves then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Settles all that is due now; answers how many events that took. A contact that fails is left for the next time. */
  async settleDue(): Promise<number> {
    const { name, dueDates, clock } = this.options;
    await this.review();
    let settled = 0;
    let last: DueContact | undefined;
    while (!this.stopped) {
      const page = dueDates.view.due(clock.now(), PAGE, last);
      if (page.length === 0) return settled;
      const contactIds = page.map(({ contactId }) => contactId);
      const queue = ownOrder(name, contactIds).values();
      const counts = await Promise.all(Array.from({ length: AT_ONCE }, () => this.settleFrom(queue)));
      settled += counts.reduce((sum, count) => sum + count, 0);
      last = page.at(-1);
      await dueDates.reachHead();
    }
    return settled;
  }

  private async run(): Promise<void> {
    const { dueDates, logger } = this.options;
    while (!this.stopped) {
      const seen = dueDates.changes.count;
      try {
        const count = await this.settleDue();
        if (count > 0) logger.info('Recorded what fell due', { count });
        await this.eraseStrangers();
        await this.awaitWork(seen);
      } catch (error) {
        logger.error('The worker met an error, and goes on', { error });
        await this.awaitWork(seen, RECOVERY_PAUSE);
      }
    }
  }

  /** Erases the addresses of strangers that nothing holds any longer (P7), once a day; answers how many. */
  async eraseStrangers(): Promise<number> {
    const { eraseStrangers, clock } = this.options;
    if (!this.isTimeForStrangers(clock.now())) return 0;
    let destroyed = 0;
    let after: string | undefined;
    do {
      const swept = await eraseStrangers.sweep(after);
      destroyed += swept.destroyed;
      after = swept.next;
    } while (after !== undefined && !this.stopped);
    this.strangersAt = clock.now() + STRANGERS_EVERY;
    return destroyed;
  }

  /** Also when the clock was ahead at the last sweep, and was set right since. */
  private isTimeForStrangers(now: number): boolean {
    return now >= this.strangersAt || now < this.strangersAt - STRANGERS_EVERY;
  }

  /** After a change of policy every contact is looked at again, a page at a time, so that requests are answered between. */
  private async review(): Promise<void> {
    while (!this.stopped && this.options.dueDates.index.review(REVIEWED_AT_ONCE)) await nextTurn();
  }

  private async settleFrom(queue: IterableIterator<string>): Promise<number> {
    const { settleDue, dueDates, clock, logger } = this.options;
    let settled = 0;
    for (const contactId of queue) {
      if (this.stopped) break;
      // Another worker was here meanwhile.
      if ((dueDates.view.find(contactId) ?? Number.POSITIVE_INFINITY) > clock.now()) continue;
      try {
        const count = await settleDue.settle(contactId, clock.now());
        // The index said that something was due and the contact's own stream did not: the index is mended.
        if (count === 0) dueDates.index.refresh(contactId);
        settled += count;
      } catch (error) {
        logger.error('What fell due for a contact could not be recorded, and is tried again', { error });
      }
    }
    return settled;
  }

  /** Until a due date changed since the count was `seen`, the next one comes, or the worker stops. */
  private async awaitWork(seen: number, shortestMs = 0): Promise<void> {
    const { dueDates, clock } = this.options;
    const { signal } = this.stopping;
    const dueAt = dueDates.view.nextDueAt() ?? Number.POSITIVE_INFINITY;
    const untilDue = Math.min(LONGEST_WAIT_MS, Math.max(shortestMs, dueAt - clock.now()));
    // What is overdue still has just failed: it waits a while, whatever else changes.
    const timeoutMs = untilDue === 0 ? RECOVERY_PAUSE : untilDue;
    await dueDates.changes.since(untilDue === 0 ? dueDates.changes.count : seen, { timeoutMs, signal });
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }
}
