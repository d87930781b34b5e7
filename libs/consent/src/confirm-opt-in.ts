import type { CarriedOptOut, ContactEvent, ContactState } from './contact.js';
import type { Instant } from './instant.js';
import { nothing, record, refuse, type Decision } from './decision.js';
import { standingBounce, standingRectification } from './standing.js';

/** How an opt-in by double opt-in stands: it waits for its confirmation, was confirmed, or something later stands against it. */
export type RequestStanding = 'waiting' | 'confirmed' | 'overtaken';

/** How the opt-in that was asked for stands; `undefined` where no such request is among the `events` of the contact. */
export function requestStanding(events: readonly ContactEvent[], requestId: string): RequestStanding | undefined {
  const request = requestIn(events, requestId);
  if (!request) return undefined;
  const confirmation = confirmationOf(events, requestId);
  const { purposes } = request.data;
  if (isOvertaken(events, (confirmation ?? request).occurredAt, purposes)) return 'overtaken';
  return confirmation ? 'confirmed' : 'waiting';
}

/**
 * Confirms the opt-in that was asked for by double opt-in: consent counts from this act on (P3). A confirmation that was
 * overtaken by an opt-out, a complaint or an erasure is refused: the person must ask again (P4). `events` is everything
 * on record of the contact.
 */
export function confirmOptIn(events: readonly ContactEvent[], command: { readonly requestId: string }): Decision {
  const request = requestIn(events, command.requestId);
  if (!request) return refuse('NO_SUCH_REQUEST', 'No opt-in that waits for a confirmation belongs to this link.');
  if (confirmationOf(events, request.id)) return nothing;

  const { purposes, statement } = request.data;
  if (isOvertaken(events, request.occurredAt, purposes))
    return refuse('REQUEST_OVERTAKEN', 'Something later stands against this opt-in; ask for it again.');
  return record({ type: 'OptInConfirmed', data: { purposes, statement, requestId: request.id } });
}

/**
 * Whether a mail may ask for this confirmation: also at an address that mail does not reach any more a confirmation proves it,
 * so one goes there for as long as that lasts, about the first opt-in that was asked for since. `events` is everything on
 * record of the contact, `state` their fold.
 */
export function mayAskToConfirm(state: ContactState, events: readonly ContactEvent[], requestId: string): boolean {
  const since = unreachableSince(state, events);
  if (since === undefined) return true;
  const asked = events.filter(({ type, occurredAt }) => type === 'OptInRequested' && occurredAt > since);
  return asked[0]?.id === requestId;
}

/** The first failure that nothing proved wrong since: a mail that fails again gives no right to another. */
function unreachableSince(state: ContactState, events: readonly ContactEvent[]): Instant | undefined {
  const provenAt = state.addressProven?.at ?? Number.NEGATIVE_INFINITY;
  const isFailure = (event: ContactEvent) => event.type === 'MailBounced' && event.data.permanent;
  const failures = standingBounce(state)
    ? events.filter((event) => isFailure(event) && event.occurredAt >= provenAt)
    : [];
  const left = standingRectification(state);
  const times = [...failures.map(({ occurredAt }) => occurredAt), ...(left ? [left.at] : [])];
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** The request of that id; `undefined` for any other event. */
export function requestIn(events: readonly ContactEvent[], requestId: string) {
  const request = events.find(({ id }) => id === requestId);
  return request?.type === 'OptInRequested' ? request : undefined;
}

function confirmationOf(events: readonly ContactEvent[], requestId: string): ContactEvent | undefined {
  return events.find((event) => event.type === 'OptInConfirmed' && event.data.requestId === requestId);
}

function isOvertaken(events: readonly ContactEvent[], since: Instant, purposes: readonly string[]): boolean {
  const undone = events.filter((event) => event.type === 'OptOutUndone').map(({ data }) => data.optOutId);
  const later = events.filter(({ id, occurredAt }) => occurredAt >= since && !undone.includes(id));
  return later.some((event) => overtakes(event, purposes));
}

/** Whether an event stands against an opt-in to any of these purposes that came before it (P4). */
export function overtakes(event: ContactEvent, purposes: readonly string[]): boolean {
  if (event.type === 'PersonalDataErased' || event.type === 'SpamReported') return true;
  if (event.type === 'PreferencesCarriedOver') return event.data.optOuts.some((optOut) => stops(optOut, purposes));
  return event.type === 'OptedOut' && stops(event.data, purposes);
}

function stops(
  { purposes: stopped, except = [] }: Omit<CarriedOptOut, 'optOutId'>,
  purposes: readonly string[],
): boolean {
  return purposes.some((purpose) => (stopped === 'all' || stopped.includes(purpose)) && !except.includes(purpose));
}
