import { atEndOfTurn } from '@consent-ledger/platform';

/** Reads that wait to be made together. */
export interface GroupRead {
  /** Resolves to what the query finds in all that was committed before it is made; rejects with what it throws. */
  add<T>(query: () => T): Promise<T>;
  /** Makes all that waits, now. */
  flush(): void;
}

interface Waiting {
  read(): void;
  reject(error: unknown): void;
}

/**
 * Makes together the reads that arrive in one turn of the event loop, so that the file is locked once for all of them.
 * `inTransaction` runs its argument over one state of the log.
 */
export function createGroupRead(inTransaction: (reads: () => void) => void): GroupRead {
  let queue: Waiting[] = [];

  function flush(): void {
    const group = queue;
    queue = [];
    if (group.length === 0) return;
    try {
      inTransaction(() => group.forEach(readOrReject));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  return {
    add: <T>(query: () => T) =>
      new Promise<T>((resolve, reject) => {
        if (queue.length === 0) atEndOfTurn(flush);
        queue.push({ read: () => resolve(query()), reject });
      }),
    flush,
  };
}

/** What cannot be read concerns whoever asked for it alone. */
function readOrReject({ read, reject }: Waiting): void {
  try {
    read();
  } catch (error) {
    reject(error);
  }
}
