import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/** Waits before a try that follows so many failures in a row: longer each time, and spread over half of it. */
export async function waitAfter(failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  await delay(longest / 2 + (longest / 2) * Math.random(), undefined, { signal }).catch(() => undefined);
}

/** Settles as `work` does, or rejects when `signal` aborts first: what is abandoned is not waited for. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Aborted());
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** What was waited for is not wanted any more. */
export class Aborted extends Error {
  readonly code = 'ABORTED';
  constructor() {
    super('It was abandoned before it was done.');
  }
}
