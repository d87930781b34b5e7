import { LogUnavailable } from './errors.js';

export interface RetryOptions {
  /** For how long it is tried again, in milliseconds. The last try may end later. */
  readonly forMs: number;
  /** Resolves after `ms`. */
  readonly wait: (ms: number) => Promise<void>;
  /** A number in [0, 1). */
  readonly random: () => number;
}

const FIRST_WAIT_MS = 25;
const LONGEST_WAIT_MS = 2_000;

/**
 * Tries until the server says something. Throws what it refuses at once, and the last `LogUnavailable` when the time is over.
 */
export async function untilAnswered<T>(attempt: () => Promise<T>, { forMs, wait, random }: RetryOptions): Promise<T> {
  const startedAt = performance.now();
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LogUnavailable) || performance.now() - startedAt >= forMs) throw error;
      await wait(waitAfter(tries, random()));
    }
  }
}

/** Doubles up to two seconds, and spreads over the second half those who failed together. */
function waitAfter(tries: number, random: number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return longest / 2 + (longest / 2) * random;
}
