import { setTimeout as wait } from 'node:timers/promises';

/** Waits for the next turn; rejects when `signal` aborts first. */
export type Pace = (signal: AbortSignal) => Promise<void>;

/** Spreads turns evenly, at most `perSecond` of them in any second; without a bound each turn is at once. */
export function createPace(perSecond: number | undefined): Pace {
  if (!perSecond) return async () => {};
  const gap = 1000 / perSecond;
  let free = 0;
  return async (signal) => {
    const now = performance.now();
    const turn = Math.max(now, free);
    free = turn + gap;
    if (turn > now) await wait(turn - now, undefined, { signal });
  };
}

/** Runs work as soon as fewer than `atOnce` others run, first come first served. */
export function createTurns(atOnce: number): <Result>(work: () => Promise<Result>) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
