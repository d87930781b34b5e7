import { atEndOfTurn } from '@consent-ledger/platform';
import type { Append } from '../append.js';
import type { Appended, RevisionConflict } from '../event-store.js';

/** What one commit wrote, and the seconds it took, disk included. */
export interface CommitStats {
  readonly appends: number;
  readonly events: number;
  readonly seconds: number;
}

/** What became of each append of a commit, in their order, and how much of it was news to the log. */
export interface Committed extends Omit<CommitStats, 'seconds'> {
  readonly answers: readonly (Appended | RevisionConflict)[];
}

/** Appends that wait for their commit. */
export interface GroupCommit {
  /** Resolves once the appends are durable, in one commit, with what became of each; rejects with the failure of the commit. */
  add(appends: readonly Append[]): Promise<Committed['answers']>;
  /** Commits all that waits, now. */
  flush(): void;
}

interface Waiting {
  readonly appends: readonly Append[];
  readonly resolve: (answers: Committed['answers']) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Commits together the appends that arrive in one turn of the event loop, at most about `maxEvents` events at once, so
 * that the disk is waited for once for all of them; those that were added as one stay together. `commit` is one transaction: when it throws, it wrote nothing.
 */
export function createGroupCommit(options: {
  readonly maxEvents: number;
  readonly commit: (appends: readonly Append[]) => Committed;
  readonly onCommit: (stats: CommitStats) => void;
  readonly onFailed?: ((cause: unknown) => void) | undefined;
}): GroupCommit {
  let queue: Waiting[] = [];
  let scheduled = false;

  function commitGroup(): void {
    const group = queue.slice(0, groupSize(queue, options.maxEvents));
    queue = queue.slice(group.length);
    const started = performance.now();
    const committed = tryCommit(group);
    if (!committed) return;
    let answered = 0;
    for (const { appends, resolve } of group) resolve(committed.answers.slice(answered, (answered += appends.length)));
    const { appends, events } = committed;
    if (events > 0) options.onCommit({ appends, events, seconds: (performance.now() - started) / 1000 });
  }

  function tryCommit(group: readonly Waiting[]): Committed | undefined {
    try {
      return options.commit(group.flatMap(({ appends }) => appends));
    } catch (cause) {
      options.onFailed?.(cause);
      for (const { reject } of group)
        reject(new Error('The log could not commit the append; append it again with the same event ids.', { cause }));
      return undefined;
    }
  }

  function schedule(when: (work: () => void) => void): void {
    if (scheduled || queue.length === 0) return;
    scheduled = true;
    when(() => {
      scheduled = false;
      if (queue.length > 0) commitGroup();
      // What was too much for one commit waits for another turn.
      schedule(setImmediate);
    });
  }

  return {
    add: (appends) =>
      new Promise((resolve, reject) => {
        queue.push({ appends, resolve, reject });
        schedule(atEndOfTurn);
      }),
    flush() {
      while (queue.length > 0) commitGroup();
    },
  };
}

function groupSize(queue: readonly Waiting[], maxEvents: number): number {
  let events = 0;
  const beyond = queue.findIndex(({ appends }, at) => {
    for (const append of appends) events += append.events.length;
    return events > maxEvents && at > 0;
  });
  return beyond === -1 ? queue.length : beyond;
}
