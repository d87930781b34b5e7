import type { Revision } from '@consent-ledger/event-store';

/** A delivery that some mailer has under way, at the revision at which it was taken. */
export interface UnderWay {
  readonly deliveryId: string;
  readonly revision: Revision;
}

/** Tells who has had a message under way for too long to be alive. */
export interface Leases {
  /**
   * Those that have been under way since the lease began, unchanged; each is told once in a lease. `underWay` are all that
   * are, `now` is in epoch milliseconds.
   */
  over(underWay: readonly UnderWay[], now: number): readonly UnderWay[];
  /** When the next lease is over, in epoch milliseconds; infinite while none runs. */
  nextOver(): number;
}

/**
 * Leases of so many milliseconds, each from when the delivery was first seen here under way: the clocks of other machines
 * have no say in it.
 */
export function createLeases(milliseconds: number): Leases {
  let running = new Map<string, { readonly revision: Revision; readonly since: number }>();
  return {
    over(underWay, now) {
      const over: UnderWay[] = [];
      const next: typeof running = new Map();
      for (const { deliveryId, revision } of underWay) {
        const before = running.get(deliveryId);
        // A clock that was set back must not make the lease longer than it is.
        const since = before?.revision === revision ? Math.min(before.since, now) : now;
        const isOver = now - since >= milliseconds;
        if (isOver) over.push({ deliveryId, revision });
        next.set(deliveryId, { revision, since: isOver ? now : since });
      }
      running = next;
      return over;
    },
    nextOver: () => Math.min(...[...running.values()].map(({ since }) => since + milliseconds)),
  };
}
