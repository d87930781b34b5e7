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
  /** All that changed by time alone until then is published. */
  readonly settledAt: Instant;
  /** How many policies were on record when the verdicts of every contact were published last. */
  readonly policies: number;
}

/** The text of a note. */
export function writeNote({ position, eventId, known, settledAt, policies }: RelayNote): string {
  return JSON.stringify({ position, eventId: eventId ?? null, known, settledAt: toRfc3339(settledAt), policies });
}

/**
 * Where to go on: at the note, or at the beginning where there is none or the log is not the one it was written of. What was
 * published before then comes once more; consumers know it by its id.
 */
export async function resumeFrom(
  text: string | undefined,
  store: Pick<EventStore, 'readAt'>,
  beginning: Pick<RelayNote, 'settledAt' | 'policies'>,
): Promise<RelayNote> {
  const anew = { ...beginning, position: START, eventId: undefined, known: START };
  if (text === undefined) return anew;
  const { position, eventId, known, settledAt, policies } = JSON.parse(text) as NoteText;
  if (position !== START && (await store.readAt(position))?.id !== eventId) return anew;
  return { position, eventId: eventId ?? undefined, known, settledAt: Date.parse(settledAt), policies };
}

interface NoteText {
  readonly position: Position;
  readonly eventId: string | null;
  readonly known: Position;
  readonly settledAt: string;
  readonly policies: number;
}
