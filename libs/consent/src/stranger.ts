import type { Instant } from './instant.js';
import type { Policy } from './policy.js';

/** What is known of somebody who is not on record: messages were meant for them. Instants are epoch milliseconds. */
export interface MailToStranger {
  /** How many messages are yet to be sent. */
  readonly waiting: number;
  /** When the latest one was handed over; absent when each was kept back. */
  readonly lastSentAt?: Instant;
  /** When the latest one was settled, whatever came of it. */
  readonly lastSettledAt: Instant;
}

/**
 * When the address goes of somebody who is not on record but for messages to them (P7). One that was sent is a sign of an
 * account, and ends as an inactive one does; one that was kept back is no ground to hold anything. `undefined` while one waits.
 */
export function strangerRetentionEnd(
  { waiting, lastSentAt, lastSettledAt }: MailToStranger,
  { calendar, retention }: Policy,
): Instant | undefined {
  if (waiting > 0) return undefined;
  return lastSentAt === undefined ? lastSettledAt : calendar.add(lastSentAt, retention.inactive);
}
