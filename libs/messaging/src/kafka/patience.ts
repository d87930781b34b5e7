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

/** Milliseconds that what was abandoned may take to come to an end, before what it uses is closed under it. */
const LAST_WORDS_MS = 2_000;

/** Waits for what was abandoned: a connection that is made after it was closed would stay open. */
export async function comeToEnd(work: Promise<unknown>): Promise<void> {
  const ended = new AbortController();
  const over = work.catch(() => undefined).finally(() => ended.abort());
  await Promise.race([over, delay(LAST_WORDS_MS, undefined, { signal: ended.signal }).catch(() => undefined)]);
}

/** What was waited for is not wanted any more. */
export class Aborted extends Error {
  readonly code = 'ABORTED';
  constructor() {
    super('It was abandoned before it was done.');
  }
}
