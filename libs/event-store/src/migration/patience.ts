import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  readonly signal: AbortSignal;
  /** For how long nothing may come of trying again, in milliseconds. */
  readonly forMs: number;
  /** How much was done so far: who gets anywhere in between has all the time again. */
  readonly progress: () => number;
  readonly onInterrupted: (error: Error) => void;
}

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;
const OUT_OF_REACH = new Set<unknown>(['LOG_UNAVAILABLE', 'APPEND_OUTCOME_UNKNOWN']);

/** Works again, after waits that grow, while a log is out of reach. Throws the last failure when patience ends. */
export async function patiently<T>(work: () => Promise<T>, patience: Patience): Promise<T> {
  const { signal, forMs, progress, onInterrupted } = patience;
  let done = progress();
  let [failingSince, waitMs] = [performance.now(), FIRST_WAIT_MS];
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      if (progress() > done) [done, failingSince, waitMs] = [progress(), performance.now(), FIRST_WAIT_MS];
      if (performance.now() - failingSince >= forMs) throw error;
      onInterrupted(error);
      await delay(waitMs, undefined, { signal });
      waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
    }
  }
}

function isOutOfReach(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && OUT_OF_REACH.has(error.code);
}
