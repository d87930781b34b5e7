import type { JsonObject, Position, RecordedEvent, Revision } from './event-store.js';

/** An event as it is kept: position, stream, revision, id, type, and data and metadata as JSON text. */
export type EventRow = readonly [
  position: Position,
  streamId: string,
  revision: Revision,
  id: string,
  type: string,
  data: string,
  metadata: string,
];

/** Reads a kept event. Throws when its text is not JSON; the message names the position and nothing of the content. */
export function recordedEvent(row: EventRow): RecordedEvent {
  return {
    id: row[3],
    type: row[4],
    data: readJson(row[5], row[0]),
    metadata: readJson(row[6], row[0]),
    streamId: row[1],
    revision: row[2],
    position: row[0],
  };
}

function readJson(text: string, position: Position): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    throw new Error(`The event at position ${position} is damaged: restore the log from a backup.`);
  }
}

/** Throws `RangeError` unless `limit` is a whole number of events from 1 on. */
export function refuseBadLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`A limit is a whole number of events from 1 on, not ${limit}.`);
}
