import type { ContactEvent } from './contact.js';
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

/**
 * Whether anything is on record of a contact that a stranger cannot put there: an opt-in that nobody confirmed may be asked
 * for by anybody, for anybody's address (P3).
 */
export function isMoreThanAskedFor(events: readonly ContactEvent[]): boolean {
  return events.some(({ type }) => type !== 'OptInRequested');
}

const FIRST_WAIT = 15 * 60_000;
const EACH_WAIT_LONGER = 4;
const LONGEST_WAIT = 24 * 60 * 60_000;

/**
 * Milliseconds from the latest mail to the next, after `count` mails that anybody may have asked for and that nobody
 * answered: a quarter of an hour, then ever longer, a day at most. 0 after none.
 */
export function waitAfterMails(count: number): number {
  return count === 0 ? 0 : Math.min(FIRST_WAIT * EACH_WAIT_LONGER ** (count - 1), LONGEST_WAIT);
}
