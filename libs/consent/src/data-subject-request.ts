import type { Instant } from './instant.js';
import type { Policy, RightsTerms } from './policy.js';
import type { RequestKind } from './request-kinds.js';

/** What each event of a data-subject request holds in the open; texts, and whom data went to, are sealed apart from it (P9). */
export interface RequestEventData {
  /** `answerBy` is RFC 3339: the month of the policy that was in force when the request was received. */
  RequestReceived: { kind: RequestKind; contactId: string; answerBy: string };
  IdentityChecked: { method: string };
  RequestExtended: { answerBy: string };
  /** What left, and in which form. */
  PersonalDataDisclosed: { what: readonly string[]; form: 'json' | 'html' };
  /** `rectifiedTo` is the contact of the address that the person named. */
  RequestFulfilled: { rectifiedTo?: string };
  RequestRefused: { ground: string };
}

export type RequestEventType = keyof RequestEventData;

/** An event of a request as a decision makes it. */
export type NewRequestEvent = {
  [T in RequestEventType]: { readonly type: T; readonly data: RequestEventData[T] };
}[RequestEventType];

/** An event of a request as the log holds it. */
export type RequestEvent = NewRequestEvent & { readonly occurredAt: Instant };

/** Where a request stands. An answer is due before `answerBy`. */
export interface RequestState {
  readonly kind: RequestKind;
  readonly contactId: string;
  readonly receivedAt: Instant;
  readonly answerBy: Instant;
  readonly identityChecked: boolean;
  readonly extended: boolean;
  readonly disclosed: boolean;
  readonly outcome?: 'fulfilled' | 'refused';
}

export type RequestRefusalCode =
  | 'REQUEST_CLOSED'
  | 'IDENTITY_NOT_CHECKED'
  | 'ALREADY_EXTENDED'
  | 'TOO_LATE_TO_EXTEND'
  | 'NOTHING_DISCLOSED'
  | 'NOTHING_TO_DISCLOSE'
  | 'UNKNOWN_GROUND'
  | 'OBJECTION_IS_ABSOLUTE'
  | 'NO_RIGHTS_IN_POLICY';

/** What a decision about a request answers: the events to append (none when nothing changed), or why not. */
export type RequestDecision =
  | { readonly events: readonly NewRequestEvent[] }
  | { readonly refused: { readonly code: RequestRefusalCode; readonly detail: string } };

/** The state of a request after its events, in the order of its stream; `undefined` before the first. */
export function foldRequest(events: Iterable<RequestEvent>): RequestState | undefined {
  let state: RequestState | undefined;
  for (const event of events) state = evolveRequest(state, event);
  return state;
}

/** The state of a request after one more event. Throws `TypeError` for an event before the request was received. */
export function evolveRequest(state: RequestState | undefined, event: RequestEvent): RequestState {
  if (event.type === 'RequestReceived') {
    const { kind, contactId, answerBy } = event.data;
    const open = { identityChecked: false, extended: false, disclosed: false };
    return { kind, contactId, receivedAt: event.occurredAt, answerBy: Date.parse(answerBy), ...open };
  }
  if (!state) throw new TypeError(`${event.type} of a request that was never received.`);
  switch (event.type) {
    case 'IdentityChecked':
      return { ...state, identityChecked: true };
    case 'RequestExtended':
      return { ...state, extended: true, answerBy: Date.parse(event.data.answerBy) };
    case 'PersonalDataDisclosed':
      return { ...state, disclosed: true };
    case 'RequestFulfilled':
      return { ...state, outcome: 'fulfilled' };
    case 'RequestRefused':
      return { ...state, outcome: 'refused' };
    default:
      return unreadable(event);
  }
}

/** Takes a request of a data subject; an answer is due within the month of the policy, counted from its receipt (P9). */
export function receiveRequest(
  policy: Policy,
  request: { readonly kind: RequestKind; readonly contactId: string; readonly receivedAt: Instant },
): RequestDecision {
  const { kind, contactId, receivedAt } = request;
  if (!policy.rights)
    return refused(
      'NO_RIGHTS_IN_POLICY',
      'The policy does not say within what time to answer: publish one with `rights`.',
    );
  const answerBy = toText(policy.calendar.add(receivedAt, policy.rights.answerWithin));
  return events({ type: 'RequestReceived', data: { kind, contactId, answerBy } });
}

/** Records how it was established that the request comes from the person (P9). */
export function checkIdentity(state: RequestState, { method }: { readonly method: string }): RequestDecision {
  return closed(state) ?? events({ type: 'IdentityChecked', data: { method } });
}

/**
 * Puts the answer off, once and before it is due, by the time that the policy allows (P9). It is counted from the receipt
 * too, so that the end of a short month costs no days.
 */
export function extendRequest(state: RequestState, { at }: { readonly at: Instant }, policy: Policy): RequestDecision {
  const { rights, calendar } = policy;
  if (state.outcome) return closed(state)!;
  if (state.extended) return refused('ALREADY_EXTENDED', 'The answer was put off before. Answer the request.');
  if (at >= state.answerBy)
    return refused('TOO_LATE_TO_EXTEND', `The answer was due by ${toText(state.answerBy)}. Answer the request now.`);
  if (!rights) return refused('NO_RIGHTS_IN_POLICY', 'The policy does not say by how much an answer may be put off.');
  const answerBy = toText(calendar.add(state.receivedAt, longest(rights)));
  return events({ type: 'RequestExtended', data: { answerBy } });
}

/** Lets personal data leave for the person: only to whoever was found to be that person (P9). */
export function disclose(state: RequestState, disclosure: RequestEventData['PersonalDataDisclosed']): RequestDecision {
  if (!discloses(state))
    return refused('NOTHING_TO_DISCLOSE', `A request for ${state.kind} discloses nothing. Receive one for access.`);
  return closed(state) ?? unchecked(state) ?? events({ type: 'PersonalDataDisclosed', data: disclosure });
}

/**
 * Grants a request (P9). The caller carries out first what was asked: this event says that it did. An objection asks for no
 * identity, because an opt-out never does (P4).
 */
export function fulfilRequest(
  state: RequestState,
  outcome: RequestEventData['RequestFulfilled'] = {},
): RequestDecision {
  if (state.outcome === 'fulfilled') return { events: [] };
  const stopped = closed(state) ?? (state.kind === 'objection' ? undefined : unchecked(state));
  if (stopped) return stopped;
  if (discloses(state) && !state.disclosed)
    return refused('NOTHING_DISCLOSED', 'Nothing was given to the person yet. Disclose what is held, then fulfil.');
  return events({ type: 'RequestFulfilled', data: outcome });
}

/** Refuses a request on a ground of the policy (P9). An objection to direct marketing is absolute (GDPR 21(3)). */
export function refuseRequest(
  state: RequestState,
  { ground }: { readonly ground: string },
  policy: Policy,
): RequestDecision {
  if (state.outcome === 'refused') return { events: [] };
  const grounds = Object.keys(policy.rights?.refusalGrounds ?? {});
  if (state.outcome) return closed(state)!;
  if (state.kind === 'objection')
    return refused('OBJECTION_IS_ABSOLUTE', 'An objection to commercial mail is never refused. Fulfil it.');
  if (!grounds.includes(ground))
    return refused('UNKNOWN_GROUND', `The policy has no such ground to refuse on; it has: ${grounds.join(', ')}.`);
  return events({ type: 'RequestRefused', data: { ground } });
}

/** Whether an answer was due by this moment and is not there. */
export function isOverdue({ answerBy, outcome }: Pick<RequestState, 'answerBy' | 'outcome'>, at: Instant): boolean {
  return outcome === undefined && at >= answerBy;
}

function discloses({ kind }: RequestState): boolean {
  return kind === 'access' || kind === 'portability';
}

function closed({ outcome }: RequestState): RequestDecision | undefined {
  return outcome && refused('REQUEST_CLOSED', `The request was ${outcome}, which is final. Receive a new request.`);
}

function unchecked({ identityChecked }: RequestState): RequestDecision | undefined {
  if (identityChecked) return undefined;
  return refused('IDENTITY_NOT_CHECKED', 'Establish who asks first, and record how with POST …/identity.');
}

function longest({ answerWithin, extendableBy }: RightsTerms) {
  return { months: answerWithin.months + extendableBy.months, days: answerWithin.days + extendableBy.days };
}

function events(event: NewRequestEvent): RequestDecision {
  return { events: [event] };
}

function refused(code: RequestRefusalCode, detail: string): RequestDecision {
  return { refused: { code, detail } };
}

function toText(instant: Instant): string {
  return new Date(instant).toISOString();
}

function unreadable(event: never): never {
  throw new TypeError(`Unknown event of a request: ${JSON.stringify((event as { type?: unknown }).type)}`);
}
