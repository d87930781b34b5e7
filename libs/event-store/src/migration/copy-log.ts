import {
  RevisionConflict,
  type EventStore,
  type Position,
  type RecordedEvent,
  type StreamAppend,
} from '../event-store.js';
import { LogsDiffer, nameOf } from './logs-differ.js';

/** So many appends are under way at once. */
const WINDOW = 512;

export interface CopyOptions {
  readonly signal: AbortSignal;
  /**
   * Whether the order of the log counts around an event: it is appended when all before it is written, and before all that
   * comes after it. Any other may come to stand behind those beside it, when the server was too busy for it.
   */
  readonly isLandmark: (event: RecordedEvent) => boolean;
  /** Hears after each window how many events it held, and the position of the last in the source. */
  readonly onCopied: (events: number, position: Position) => void;
}

/**
 * Appends every event of the source after a position to the target: same streams, revisions, ids and contents, in the order
 * of the log. What the target holds already is not written again. Throws `LogsDiffer` where it holds something else.
 */
export async function copyLog(
  source: EventStore,
  target: EventStore,
  after: Position,
  { signal, isLandmark, onCopied }: CopyOptions,
): Promise<void> {
  let events = await source.readAll(after, WINDOW);
  while (events.length > 0) {
    signal.throwIfAborted();
    const { position } = events.at(-1)!;
    const [next] = await Promise.all([source.readAll(position, WINDOW), write(target, events, isLandmark)]);
    onCopied(events.length, position);
    events = next;
  }
}

async function write(
  target: EventStore,
  events: readonly RecordedEvent[],
  isLandmark: CopyOptions['isLandmark'],
): Promise<void> {
  let from = 0;
  for (const [index, event] of events.entries()) {
    if (!isLandmark(event)) continue;
    await writeTogether(target, events.slice(from, index));
    await writeTogether(target, [event]);
    from = index + 1;
  }
  await writeTogether(target, events.slice(from));
}

/** An append may come before the one that it rests on, when that had to be sent again: then it is made again, in order. */
async function writeTogether(target: EventStore, events: readonly RecordedEvent[]): Promise<void> {
  const answers = await target.appendEach(events.map(appendOf));
  for (const [index, answer] of answers.entries())
    if (answer instanceof RevisionConflict) await writeAgain(target, events[index]!);
}

async function writeAgain(target: EventStore, event: RecordedEvent): Promise<void> {
  const { streamId, expected, events } = appendOf(event);
  try {
    await target.append(streamId, expected, events);
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error;
    throw new LogsDiffer(
      `The logs differ: where ${nameOf(event)} of the source belongs, the target holds something else.`,
    );
  }
}

function appendOf({ streamId, revision, id, type, data, metadata }: RecordedEvent): StreamAppend {
  return { streamId, expected: revision - 1, events: [{ id, type, data, metadata }] };
}
