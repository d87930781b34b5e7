import type { EventStore, Position } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { DeliveriesView, Processor } from '@consent-ledger/projections';
import type { Changes } from './changes.js';

const PATIENCE = 5_000;

/** The read model of mailings and deliveries, and waiting until it knows the log up to a position. */
export class MailingProgress {
  constructor(
    readonly view: DeliveriesView,
    readonly processor: Processor,
    /** Says when what `view` tells of deliveries has changed. */
    readonly changes: Changes,
    private readonly store: EventStore,
  ) {}

  /** Waits until the read model knows everything that is in the log now. */
  async reachHead(): Promise<void> {
    await this.reach(await this.store.head());
  }

  /** Throws the problem `UNAVAILABLE` after five seconds. */
  async reach(position: Position): Promise<void> {
    if (await this.processor.waitFor(position, { timeoutMs: PATIENCE })) return;
    throw new Problem('UNAVAILABLE', 'What was accepted is in the log, but is not counted yet. Ask for it again.');
  }
}
