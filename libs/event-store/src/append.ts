import { NO_STREAM, type JsonObject, type NewEvent, type Revision, type StreamAppend } from './event-store.js';

/** An event as text, so that nothing about it can fail between the queue and the log. */
export interface EventText {
  readonly id: string;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** An append that was accepted: well formed, and text already. */
export interface Append {
  readonly streamId: string;
  readonly expected: Revision;
  readonly events: readonly EventText[];
}

/**
 * Makes an append of what a caller hands over. Throws `RangeError` when it holds no events or expects what is not a
 * revision, and `TypeError` when an event is not JSON.
 */
export function prepareAppend({ streamId, expected, events }: StreamAppend): Append {
  if (events.length === 0) throw new RangeError('An append holds at least one event.');
  if (!Number.isSafeInteger(expected) || expected < NO_STREAM)
    throw new RangeError(`An append expects a revision from ${NO_STREAM} (no stream) on, not ${expected}.`);
  return { streamId, expected, events: events.map(textOf) };
}

/** Whether the events that stand where the append wanted to write are its own, so that it only repeats what was done. */
export function isRepeat(append: Append, standing: readonly { readonly id: string }[]): boolean {
  return standing.length === append.events.length && append.events.every(({ id }, at) => standing[at]?.id === id);
}

function textOf({ id, type, data, metadata }: NewEvent): EventText {
  return { id, type, data: jsonText(data), metadata: jsonText(metadata) };
}

/** A value that JSON leaves out would fail in the database, and take down the appends that share its commit. */
function jsonText(value: JsonObject): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('The data and the metadata of an event are JSON objects.');
  return text;
}
