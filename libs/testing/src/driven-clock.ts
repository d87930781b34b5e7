import type { Instant } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';

/** A clock that stands still until a test moves it. */
export interface DrivenClock extends Clock {
  /** Moves on by so many milliseconds. */
  advance(milliseconds: number): void;
  /** Puts the clock at a moment, RFC 3339 or epoch milliseconds; also back. */
  set(moment: string | Instant): void;
}

/** A clock at a moment, RFC 3339 or epoch milliseconds. Throws `RangeError` when it is not one. */
export function createDrivenClock(start: string | Instant): DrivenClock {
  let now = instant(start);
  return {
    now: () => now,
    advance: (milliseconds) => void (now += milliseconds),
    set: (moment) => void (now = instant(moment)),
  };
}

/** A moment as epoch milliseconds. Throws `RangeError` for text that is not an instant. */
export function instant(moment: string | Instant): Instant {
  return new Date(new Date(moment).toISOString()).getTime();
}
