import type { Instant } from '@consent-ledger/consent';
import { START, type EventStore, type Position } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';

/** How far the relay has come, as it notes it beside what it publishes. */
export interface RelayNote {
  /** The last event of the log that was relayed, by its place and its id; `START` and no id before the first. */
  readonly position: Position;
  readonly eventId: string | undefined;
  /** The position that the verdicts knew that were published last: nobody may publish of less. */
  readonly known: Position;
  /** The id of the event at `known`; `undefined` where a release noted it that did not tell. */
  readonly knownId: string | undefined;
  /** All that changed by time alone until then is published. */
  readonly settledAt: Instant;
  /** The latest moment that verdicts were decided for that are published. */
  readonly decidedAt: Instant;
  /** How many policies were on record when the verdicts of every contact were published last. */
  readonly policies: number;
}

/** The text of a note. */
export function writeNote({ eventId, knownId, settledAt, decidedAt, ...note }: RelayNote): string {
  return JSON.stringify({
    ...note,
    eventId: eventId ?? null,
    knownId: knownId ?? null,
    settledAt: toRfc3339(settledAt),
    decidedAt: toRfc3339(decidedAt),
  });
}

/** Where a relay goes on. */
export interface Resumption {
  readonly note: RelayNote;
  /** The note that was found is of a log that went on otherwise, or of another one: what was published may be of neither. */
  readonly isOfAnotherLog: boolean;
}

/**
 * Where to go on: at the note, or at the beginning where there is none or the log is not the one it was written of. What was
 * published before then comes once more; consumers know it by its id.
 */
export async function resumeFrom(
  text: string | undefined,
  store: Pick<EventStore, 'readAt'>,
  beginning: Pick<RelayNote, 'settledAt' | 'policies'>,
): Promise<Resumption> {
  const nowhere = { position: START, eventId: undefined, known: START, knownId: undefined };
  const anew = { ...beginning, ...nowhere, decidedAt: beginning.settledAt };
  if (text === undefined) return { note: anew, isOfAnotherLog: false };
  const { eventId, knownId, settledAt, decidedAt = settledAt, ...places } = JSON.parse(text) as NoteText;
  const note = {
    ...places,
    eventId: eventId ?? undefined,
    knownId: knownId ?? undefined,
    settledAt: Date.parse(settledAt),
    decidedAt: Date.parse(decidedAt),
  };
  const holds = async (position: Position, id: string | undefined) =>
    id === undefined || (await store.readAt(position))?.id === id;
  if ((await holds(note.position, note.eventId)) && (await holds(note.known, note.knownId)))
    return { note, isOfAnotherLog: false };
  return { note: anew, isOfAnotherLog: true };
}

interface NoteText {
  readonly position: Position;
  readonly eventId: string | null;
  readonly known: Position;
  readonly knownId?: string | null;
  readonly settledAt: string;
  /** Absent in notes of earlier releases. */
  readonly decidedAt?: string;
  readonly policies: number;
}
