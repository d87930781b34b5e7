import type { Clock } from '@consent-ledger/platform';

/** Lets so many pass a second, a second's worth of them at once. */
export interface Allowance {
  /** Whether one more may pass now. */
  take(): boolean;
}

export function createAllowance(perSecond: number, clock: Clock): Allowance {
  let left = perSecond;
  let at = clock.now();
  return {
    take() {
      const now = clock.now();
      left = Math.min(perSecond, left + (Math.max(0, now - at) * perSecond) / 1000);
      at = now;
      if (left < 1) return false;
      left -= 1;
      return true;
    },
  };
}
