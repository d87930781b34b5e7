import { atEndOfTurn } from '@consent-ledger/platform';

/** Writes that wait to be committed together. */
export interface WriteGroup {
  /** Runs the write in the next commit; once that is durable, resolves with what `finish` makes of its answer. */
  add<A, T>(write: () => A, finish: (answer: A) => T): Promise<T>;
  /** Whether a write waits. */
  isWaiting(): boolean;
  /** Commits what waits, now. */
  flush(): void;
}

interface Waiting {
  run(): void;
  finish(): void;
  reject(error: unknown): void;
}

/**
 * Commits together the writes that arrive in one turn of the event loop, in their order, so that the disk is waited for
 * once for all of them. `commit` runs its argument in one transaction; when it throws, nothing was written and all fail.
 */
export function createWriteGroup(commit: (writes: () => void) => void): WriteGroup {
  let queue: Waiting[] = [];

  function flush(): void {
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    try {
      commit(() => group.forEach(({ run }) => run()));
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const waiting of group) finishOrReject(waiting);
  }

  return {
    add: <A, T>(write: () => A, finish: (answer: A) => T) =>
      new Promise<T>((resolve, reject) => {
        if (queue.length === 0) atEndOfTurn(flush);
        let answer: A;
        queue.push({ run: () => void (answer = write()), finish: () => resolve(finish(answer)), reject });
      }),
    isWaiting: () => queue.length > 0,
    flush,
  };
}

/** The write is durable already: what goes wrong from here on concerns this one alone. */
function finishOrReject({ finish, reject }: Waiting): void {
  try {
    finish();
  } catch (error) {
    reject(error);
  }
}
