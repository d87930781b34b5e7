import type { EventStore } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { DueDatesProjection, DueDatesView, Processor } from '@consent-ledger/projections';
import type { Changes } from './changes.js';

const PATIENCE = 5_000;

/** The index of what falls due, and waiting until it knows the log. */
export class DueDates {
  constructor(
    readonly index: DueDatesProjection,
    readonly view: DueDatesView,
    /** Says when what `view` tells has changed. */
    readonly changes: Changes,
    private readonly processor: Processor,
    private readonly store: EventStore,
  ) {}

  /** Waits until the index knows everything that is in the log now. Throws the problem `UNAVAILABLE` after five seconds. */
  async reachHead(): Promise<void> {
    if (await this.processor.waitFor(await this.store.head(), { timeoutMs: PATIENCE })) return;
    throw new Problem('UNAVAILABLE', 'The index of due dates is behind the log. Look at the projection lag.');
  }
}
