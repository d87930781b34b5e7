import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Position, RecordedEvent } from './event-store.js';
import type { Growth } from './growth.js';

/** How many events a batch holds at most when the subscriber does not say. */
export const DEFAULT_BATCH_SIZE = 500;

/** A log that can be read at once and tells when it grows. */
export interface FollowedLog {
  readonly read: (after: Position, limit: number) => readonly RecordedEvent[];
  readonly head: () => Position;
  readonly growth: Growth;
}

/**
 * The batches of `EventStore.subscribe`: the position moves only over what was handed out, and the next page is read
 * when the consumer asks for it, so nothing is lost, repeated or piled up. Ends when `signal` aborts.
 */
export async function* follow(
  log: FollowedLog,
  after: Position,
  batchSize: number,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  let position = after;
  let caughtUp = false;
  for (;;) {
    // A long catch-up would otherwise run in microtasks only, and starve the timers and sockets of the process.
    await nextTurn();
    if (signal.aborted) return;
    const seen = log.growth.count();
    const events = log.read(position, batchSize);
    if (caughtUp && events.length === 0) {
      await log.growth.since(seen, signal);
      continue;
    }
    position = events.at(-1)?.position ?? position;
    caughtUp = events.length < batchSize || position >= log.head();
    yield { events, caughtUp };
  }
}
