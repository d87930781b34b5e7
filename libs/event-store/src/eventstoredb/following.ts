import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Position, RecordedEvent } from '../event-store.js';
import type { Tail } from './tail.js';

/** A log that is read over the network, and its newest stretch. */
export interface RemoteLog {
  readonly read: (after: Position, limit: number, signal: AbortSignal) => Promise<readonly RecordedEvent[]>;
  readonly tail: Tail;
}

/**
 * The batches of `EventStore.subscribe`: pages of the log as long as there are any, then what the tail brings. The position
 * moves only over what was handed out. Throws when the way to the log is lost: whoever follows then knows that it may be
 * behind, and subscribes again after the last position that it handled.
 */
export async function* followRemote(
  { read, tail }: RemoteLog,
  after: Position,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  let position = after;
  let caughtUp = false;
  tail.join();
  try {
    for (;;) {
      // A lost way fails at once: who subscribes again at once would starve the sockets that are to bring it back.
      await nextTurn();
      if (signal.aborted) return;
      // One more than is handed out tells whether anything stands behind it.
      const held = tail.after(position, batchSize + 1);
      const found = held ?? (await read(position, batchSize + 1, signal));
      const events = found.slice(0, batchSize);
      position = events.at(-1)?.position ?? position;
      if (found.length > 0 || !caughtUp) {
        caughtUp = found.length <= batchSize;
        yield { events, caughtUp };
      }
      if (!caughtUp) continue;
      await tail.grown(position, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    tail.leave();
  }
}
