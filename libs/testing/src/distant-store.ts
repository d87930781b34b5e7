import { RevisionConflict } from '@consent-ledger/event-store';
import type { InterruptibleStore } from './interruptible-store.js';

export interface Distance {
  /** How many turns of the event loop the next answer takes. */
  turns(): number;
  /** How many turns later than it was written anybody is told of an event. */
  readonly behind: number;
}

/** A log on another machine, with what was asked of it. */
export interface DistantStore extends InterruptibleStore {
  /** The appends that were made. */
  readonly appends: number;
  /** Those of them that came too late. */
  readonly conflicts: number;
}

/** A log as a process sees it that shares it with others: answers take a while, and what is new is told later still. */
export function createDistantStore(store: InterruptibleStore, { turns, behind }: Distance): DistantStore {
  let appends = 0;
  let conflicts = 0;
  return {
    ...store,
    get appends() {
      return appends;
    },
    get conflicts() {
      return conflicts;
    },
    async append(...args) {
      appends += 1;
      await pass(turns());
      try {
        return await store.append(...args);
      } catch (error) {
        if (error instanceof RevisionConflict) conflicts += 1;
        throw error;
      }
    },
    async readStream(...args) {
      await pass(turns());
      return store.readStream(...args);
    },
    async *subscribe(...args) {
      for await (const batch of store.subscribe(...args)) {
        await pass(behind);
        yield batch;
      }
    },
  };
}

async function pass(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
