import type { EventMetadata, Instant } from '@consent-ledger/consent';
import { Problem } from '@consent-ledger/platform';
import type { Contact } from './load-contact.js';

/** By how much a caller's clock may run ahead, in milliseconds. */
export const CLOCK_SKEW = 5 * 60_000;

/** When a fact is recorded, and when it occurred by what is told of it. */
export interface Moments {
  readonly now: Instant;
  readonly toldAt: Instant;
}

/** A caller's clock may run ahead a little: what it dates in the near future happened now, never later. */
export function settleOccurrence(occurredAt: Instant | undefined, now: Instant): Instant {
  if (occurredAt === undefined) return now;
  if (occurredAt <= now + CLOCK_SKEW) return Math.min(occurredAt, now);
  throw new Problem(
    'OCCURRED_IN_FUTURE',
    'occurredAt is more than 5 minutes ahead. Record the fact once it has happened.',
    [{ field: 'occurredAt', message: 'must not be later than 5 minutes from now' }],
  );
}

/**
 * Now, but later than all that is on record: of two acts in one millisecond the stricter would win (law 1), and an opt-in
 * that follows an opt-out at once would be without effect. What fell due occurred when it was due, whenever it is recorded.
 */
export function instantAfter({ recorded, events }: Contact, now: Instant): Instant {
  let instant = now;
  for (const [index, { occurredAt, recordedAt }] of events.entries()) {
    const { source } = recorded[index]!.metadata as unknown as EventMetadata;
    const known = source.kind === 'scheduler' ? occurredAt : recordedAt;
    if (known >= instant) instant = known + 1;
  }
  return instant;
}
