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

/** Of clients; the one not seen for longest is forgotten first. */
const MOST_REMEMBERED = 10_000;

/** Lets so many pass a second for each client, and so many of all together: one alone cannot take what is there for the others. */
export interface ClientAllowances {
  /** Whether one more of this client may pass now. */
  take(client: string): boolean;
}

export function createClientAllowances(each: number, together: number, clock: Clock): ClientAllowances {
  const all = createAllowance(together, clock);
  const byClient = new Map<string, Allowance>();
  return {
    take(client) {
      const own = byClient.get(client) ?? createAllowance(each, clock);
      byClient.delete(client);
      byClient.set(client, own);
      if (byClient.size > MOST_REMEMBERED) byClient.delete(byClient.keys().next().value!);
      return own.take() && all.take();
    },
  };
}
