import type { EventStore, Position } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { Processor, RequestsView } from '@consent-ledger/projections';

const PATIENCE = 5_000;

/** The read model of requests, and waiting until it knows the log up to a position. */
export class Requests {
  constructor(
    readonly view: RequestsView,
    private readonly processor: Processor,
    private readonly store: EventStore,
  ) {}

  /** Resolves with the end of the log once the read model knows it. Throws the problem `UNAVAILABLE` after five seconds. */
  async reachHead(): Promise<Position> {
    const head = await this.store.head();
    if (await this.processor.waitFor(head, { timeoutMs: PATIENCE })) return head;
    throw new Problem('UNAVAILABLE', 'The requests are not known up to the end of the log yet. Ask for them again.');
  }
}
