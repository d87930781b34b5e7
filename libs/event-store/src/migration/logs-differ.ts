import type { RecordedEvent } from '../event-store.js';

/** One log is not the other one, nor a part of it. The message names places and types, and nothing of the content. */
export class LogsDiffer extends Error {
  readonly code = 'LOGS_DIFFER';
}

/** The event as a message may name it. */
export function nameOf({ type, position }: RecordedEvent): string {
  return `the ${type} at position ${position}`;
}
