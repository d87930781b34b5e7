import type { EventStore } from '@consent-ledger/event-store';

/** A log in which something else happens just before an append: another writer, or a crash. */
export interface InterruptibleStore extends EventStore {
  /**
   * Runs `act` right before each of the next appends, once by default. What it throws is what the append rejects with,
   * and nothing is written then. Appends that `act` makes itself are not interrupted.
   */
  beforeAppend(act: (streamId: string) => Promise<unknown>, times?: number): void;
}

/** Makes a log interruptible. */
export function createInterruptibleStore(store: EventStore): InterruptibleStore {
  let interrupt: ((streamId: string) => Promise<unknown>) | undefined;
  let left = 0;
  let interrupting = false;

  async function interruptOnce(streamId: string): Promise<void> {
    if (interrupting || left === 0) return;
    left -= 1;
    interrupting = true;
    try {
      await interrupt?.(streamId);
    } finally {
      interrupting = false;
    }
  }

  return {
    ...store,
    async append(streamId, expected, events) {
      await interruptOnce(streamId);
      return store.append(streamId, expected, events);
    },
    async appendEach(appends) {
      for (const { streamId } of appends) await interruptOnce(streamId);
      return store.appendEach(appends);
    },
    beforeAppend(act, times = 1) {
      interrupt = act;
      left = times;
    },
  };
}
