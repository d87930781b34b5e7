import { requestStanding } from './confirm-opt-in.js';
import type { ContactEvent, ContactState } from './contact.js';
import { nothing, refuse, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import { optIn } from './opt-in.js';
import type { Policy } from './policy.js';
import type { StatementName } from './statement.js';
import { waitAfterMails } from './stranger.js';

export interface Subscription {
  readonly purposes: readonly string[];
  /** What was shown to the person. */
  readonly statement: StatementName;
  readonly occurredAt: Instant;
}

/** A subscription that waits for its confirmation, and when the mail that asks for it may go out. */
export interface WaitingSubscription {
  readonly requestId: string;
  readonly purposes: readonly string[];
  /** The language in which the statement was shown. */
  readonly language: string;
  readonly mailAt: Instant;
}

/** For how long after its mail, in milliseconds, a subscription that is asked for again is the same. */
const SAME_REQUEST = waitAfterMails(1);
/** How many subscriptions may wait for their turn to be mailed about; one more takes the turn of the oldest. */
const LONGEST_QUEUE = 3;
/** The most requests that are recorded of a contact within a day. */
const MOST_A_DAY = 12;
const DAY = 24 * 60 * 60_000;

/**
 * Asks for a subscription on an open form, which anybody can fill in with anybody's address: it counts once the person
 * confirms it by mail (P3). What is asked for again while its mail is on the way, or once very many were recorded that day,
 * records nothing, so that nobody's history grows much by what strangers do. Refused with `STATEMENT_NOT_CURRENT` where another text was
 * shown than the policy's. `events` and `state` are everything on record of the contact.
 */
export function subscribe(
  { state, events }: { readonly state: ContactState; readonly events: readonly ContactEvent[] },
  { purposes, statement, occurredAt }: Subscription,
  policy: Policy,
): Decision {
  const { subscriptionStatement: current } = policy;
  if (current?.id !== statement.id || current.version !== statement.version)
    return refuse('STATEMENT_NOT_CURRENT', 'The form shows another statement by now. Show that one and ask anew.');
  const request = { purposes, statement, confirmation: 'double', actOf: 'person', recorded: false } as const;
  const decision = optIn(state, { ...request, occurredAt }, policy);
  if ('refused' in decision) return decision;

  const waiting = waitingSubscriptions(events, occurredAt);
  const isAskedAlready = waiting.some((other) => areSame(other.purposes, purposes));
  const recently = events.filter(({ type, recordedAt }) => type === 'OptInRequested' && recordedAt > occurredAt - DAY);
  return isAskedAlready || recently.length >= MOST_A_DAY ? nothing : decision;
}

/**
 * The subscriptions whose mail is to go out, or went out so shortly before `now` that no other follows it. Mails about an
 * address that answers none come ever more slowly, at most one a day in the end.
 */
export function waitingSubscriptions(events: readonly ContactEvent[], now: Instant): WaitingSubscription[] {
  return turnsOf(events).filter(
    ({ requestId, mailAt }) => mailAt > now - SAME_REQUEST && requestStanding(events, requestId) === 'waiting',
  );
}

/** Whether a later subscription took the turn of this one, so that no mail is to go out about it. */
export function isReplaced(events: readonly ContactEvent[], requestId: string): boolean {
  return !turnsOf(events).some((turn) => turn.requestId === requestId);
}

/**
 * When each mail may go out, by what is on record alone: every process finds the same. Were the latest choice the one to be
 * left out, a stranger who keeps the queue full would keep the person out.
 */
function turnsOf(events: readonly ContactEvent[]): readonly WaitingSubscription[] {
  let unanswered = 0;
  let last = Number.NEGATIVE_INFINITY;
  let turns: readonly WaitingSubscription[] = [];
  for (const event of events) {
    if (event.type === 'OptInConfirmed') unanswered = 0;
    if (event.type !== 'OptInRequested') continue;
    const queued = turns.filter(({ mailAt }) => mailAt > event.recordedAt);
    const replaced = queued.length >= LONGEST_QUEUE ? queued[0] : undefined;
    if (!replaced) {
      last = Math.max(event.recordedAt, last + waitAfterMails(unanswered));
      unanswered += 1;
    }
    const { purposes, statement } = event.data;
    const mailAt = replaced?.mailAt ?? last;
    turns = [
      ...turns.filter((turn) => turn !== replaced),
      { requestId: event.id, purposes, language: statement.language, mailAt },
    ];
  }
  return turns;
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  const names = new Set(others);
  return new Set(some).size === names.size && some.every((name) => names.has(name));
}
