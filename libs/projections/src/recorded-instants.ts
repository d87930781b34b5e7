import type { Instant } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';

/** When a stored event happened, in epoch milliseconds. Throws `TypeError` when its metadata does not say so. */
export function occurredAtOf(recorded: RecordedEvent): Instant {
  return instantOf(recorded, 'occurredAt');
}

/** When this service learnt of a stored event, in epoch milliseconds. Throws `TypeError` when its metadata does not say so. */
export function recordedAtOf(recorded: RecordedEvent): Instant {
  return instantOf(recorded, 'recordedAt');
}

function instantOf({ metadata, position }: RecordedEvent, field: 'occurredAt' | 'recordedAt'): Instant {
  const text = metadata[field];
  const instant = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instant)) throw new TypeError(`The event at position ${position} has no RFC 3339 ${field}.`);
  return instant;
}
