import { isRepeat, prepareAppend, type Append } from '../append.js';
import { recordedEvent, refuseBadLimit, type EventRow } from '../event-row.js';
import { RevisionConflict, type Appended, type EventStore, type Position } from '../event-store.js';
import { createGrowth } from '../growth.js';
import { DEFAULT_BATCH_SIZE, follow } from '../subscription.js';

/** A log that lives as long as the process: for tests and trials. It keeps events as text, as a real log does. */
export function createMemoryEventStore(): EventStore {
  const rows: EventRow[] = [];
  const streams = new Map<string, EventRow[]>();
  const growth = createGrowth();
  const closing = new AbortController();

  const head = (): Position => rows.length - 1;
  const read = (after: Position, limit: number) => rows.slice(after + 1, after + 1 + limit).map(recordedEvent);

  function write(append: Append): Appended {
    const stream = streams.get(append.streamId) ?? [];
    const revision = append.expected + append.events.length;
    if (stream.length - 1 !== append.expected) {
      const standing = stream.slice(append.expected + 1, revision + 1);
      const last = standing.at(-1);
      if (
        last &&
        isRepeat(
          append,
          standing.map(([, , , id]) => ({ id })),
        )
      )
        return { revision, position: last[0] };
      throw new RevisionConflict(append.streamId, append.expected, stream.length - 1);
    }
    streams.set(append.streamId, stream);
    for (const { id, type, data, metadata } of append.events) {
      const row: EventRow = [rows.length, append.streamId, stream.length, id, type, data, metadata];
      rows.push(row);
      stream.push(row);
    }
    growth.announce();
    return { revision, position: head() };
  }

  function writeOrConflict(append: Append): Appended | RevisionConflict {
    try {
      return write(append);
    } catch (error) {
      if (error instanceof RevisionConflict) return error;
      throw error;
    }
  }

  return {
    async append(streamId, expected, events) {
      closing.signal.throwIfAborted();
      return write(prepareAppend({ streamId, expected, events }));
    },
    async appendEach(appends) {
      closing.signal.throwIfAborted();
      return appends.map(prepareAppend).map(writeOrConflict);
    },
    async existing(streamIds) {
      closing.signal.throwIfAborted();
      return new Set(streamIds.filter((streamId) => streams.has(streamId)));
    },
    async readStream(streamId, { from = 0, limit = Number.MAX_SAFE_INTEGER } = {}) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return (streams.get(streamId) ?? []).slice(from, from + limit).map(recordedEvent);
    },
    async readAll(after, limit) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return read(after, limit);
    },
    async readAt(position) {
      closing.signal.throwIfAborted();
      return read(position - 1, 1).find((event) => event.position === position);
    },
    subscribe(after, { signal, batchSize = DEFAULT_BATCH_SIZE }) {
      refuseBadLimit(batchSize);
      return follow({ read, head, growth }, after, batchSize, AbortSignal.any([signal, closing.signal]));
    },
    async head() {
      closing.signal.throwIfAborted();
      return head();
    },
    async close() {
      closing.abort(new Error('The event store is closed.'));
    },
  };
}
