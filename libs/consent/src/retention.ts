import {
  consentsOnRecord,
  customerEnd,
  customerStart,
  lastContact,
  lastPurchase,
  runningAgreement,
  type ConsentEnd,
} from './basis.js';
import type { ByPurpose, ContactState, EndedGround, Mark } from './contact.js';
import { NEVER, type Instant } from './instant.js';
import type { Policy } from './policy.js';
import {
  lastLift,
  optOutsOf,
  sinceErasure,
  standingHold,
  standingReports,
  standingRequest,
  standingRestriction,
} from './standing.js';

/** What may hold personal data of a contact (P7). */
export type GroundName =
  | 'consent'
  | 'consent-proof'
  | 'unconfirmed'
  | 'agreement'
  | 'purchase'
  | 'sales-contact'
  | 'inactive'
  | 'legal-hold'
  | 'restriction';

/** P7: a ground that holds personal data, and the first instant at which it no longer does; `NEVER` while that is open. */
export interface Ground {
  readonly ground: GroundName;
  readonly purpose?: string;
  readonly endsAt: Instant;
}

/** P7: every ground on record, and the end of the longest; `NEVER` while a hold stands or there is nothing to erase. */
export interface Retention {
  readonly grounds: readonly Ground[];
  readonly endsAt: Instant;
}

/**
 * What holds the personal data of a contact under one policy, and until when (P7): the longest ground wins. A customer has an
 * account, which is held until it has been inactive for the policy's time. That time is also the end, "in any case", of a
 * ground that has none of its own (an agreement that runs, a consent that needs no renewal), and of a record that no ground
 * holds. A request for an opt-in that nobody confirmed may be a stranger's: it holds the data for a short time of its own, and
 * moves no other. A legal hold, or a restriction of processing (P9), holds everything until it is lifted.
 */
export function retentionOf(state: ContactState, policy: Policy): Retention {
  const lastAct = lastActOf(state)?.at;
  const lastActivity = lastAct ?? latestSinceErasure(state);
  if (lastActivity === undefined) return { grounds: [], endsAt: NEVER };
  const inactive = policy.calendar.add(lastActivity, policy.retention.inactive);
  const proven = [...groundsOnRecord(state, policy)].map((ground) =>
    ground.endsAt === NEVER ? { ...ground, endsAt: inactive } : ground,
  );
  const grounds: Ground[] = [...proven, ...unconfirmedGround(state, policy)];
  const isHeldByNothing = proven.length === 0 && (lastAct !== undefined || grounds.length === 0);
  if (isHeldByNothing || hasAccount(state)) grounds.push({ ground: 'inactive', endsAt: inactive });
  const holds = [...holdsOn(state)];
  if (holds.length > 0) return { grounds: [...grounds, ...holds], endsAt: NEVER };
  const longest = Math.max(...grounds.map(({ endsAt }) => endsAt));
  return {
    grounds,
    endsAt: Math.max(longest, state.holdLifted?.at ?? longest, lastLift(state)?.at ?? longest),
  };
}

/** The grounds as the event of an erasure names them: which ended, and when. */
export function endedGrounds(grounds: readonly Ground[]): EndedGround[] {
  return grounds.map(({ endsAt, ...ground }) => ({ ...ground, endedAt: new Date(endsAt).toISOString() }));
}

function* groundsOnRecord(state: ContactState, policy: Policy): Iterable<Ground> {
  const { calendar, retention } = policy;
  for (const name of purposesConsentedTo(state)) yield* consentGrounds(state, policy, name);

  const objection = latestOf(state, [...state.optOuts, state.complained, state.tookBack]);
  if (objection) yield { ground: 'consent-proof', endsAt: calendar.add(objection.at, retention.consentProof.period) };

  const ended = sinceErasure(state, customerEnd(state));
  if (runningAgreement(state)) yield { ground: 'agreement', endsAt: NEVER };
  else if (ended) yield { ground: 'agreement', endsAt: calendar.add(ended.at, retention.agreementEnded) };

  const purchased = sinceErasure(state, lastPurchase(state));
  if (purchased) yield { ground: 'purchase', endsAt: calendar.add(purchased.at, retention.purchase) };

  const contacted = sinceErasure(state, lastContact(state));
  if (contacted) yield { ground: 'sales-contact', endsAt: calendar.add(contacted.at, retention.salesContact) };
}

/** The latest request for an opt-in that waits, or waited in vain, for its confirmation. */
function* unconfirmedGround(state: ContactState, { calendar, retention }: Policy): Iterable<Ground> {
  const requests = Object.keys(state.requested).map((purpose) => standingRequest(state, purpose));
  const request = latestOf(state, requests);
  if (request) yield { ground: 'unconfirmed', endsAt: calendar.add(request.at, retention.unconfirmed) };
}

/** Consent holds the data while it is valid, its proof for a time after it ended or, where the policy says so, was given. */
function* consentGrounds(state: ContactState, policy: Policy, purpose: string): Iterable<Ground> {
  const { period, from } = policy.retention.consentProof;
  for (const consent of consentsOnRecord(state, policy, purpose)) {
    const endsAt = endOfReliance(state, consent, purpose);
    yield { ground: 'consent', purpose, endsAt };
    const start = from === 'given' ? consent.act.at : endsAt;
    const proofEndsAt = start === NEVER ? NEVER : policy.calendar.add(start, period);
    yield { ground: 'consent-proof', purpose, endsAt: proofEndsAt };
  }
}

/**
 * When a consent ends by time, by withdrawal or by a complaint, whichever comes first. A later policy may end it sooner, or
 * lack the purpose, but it was relied on until that came into force: its lapse is then on record (P7).
 */
function endOfReliance(state: ContactState, { act, endsAt }: ConsentEnd, purpose: string): Instant {
  let end = Math.max(endsAt, state.lapsed[purpose]?.at ?? endsAt);
  for (const objection of [...optOutsOf(state, purpose), state.complained])
    if (objection && objection.at >= act.at && objection.at < end) end = objection.at;
  return end;
}

/** Sorted: in what order the registers were filled does not show (law 1). */
function purposesConsentedTo(state: ContactState): readonly string[] {
  const reported = standingReports(state).flatMap(({ purposes }) => purposes);
  return [...new Set([...Object.keys(state.given), ...Object.keys(state.carried), ...reported])].sort();
}

function hasAccount(state: ContactState): boolean {
  return (sinceErasure(state, customerStart(state)) ?? sinceErasure(state, customerEnd(state))) !== undefined;
}

function* holdsOn(state: ContactState): Iterable<Ground> {
  if (standingHold(state)) yield { ground: 'legal-hold', endsAt: NEVER };
  if (standingRestriction(state)) yield { ground: 'restriction', endsAt: NEVER };
}

/**
 * The latest act of the person, since their data was erased. A mail to them is no act, nor is a request for an opt-in: until it
 * is confirmed nobody knows whose it is.
 */
function lastActOf(state: ContactState): Mark | undefined {
  const { given, carried, optOuts, carriedOptOuts, complained, adopted, addressProven } = state;
  const consents = [...[given, carried].flatMap(marksOf), ...standingReports(state)];
  const acts = [...consents, ...optOuts, ...carriedOptOuts, complained, adopted, addressProven];
  const relations = [customerStart(state), customerEnd(state), lastPurchase(state), lastContact(state)];
  return latestOf(state, [...acts, ...relations]);
}

/** Each event may have personal data sealed beside it, also one that leaves no mark, so none is without an end. */
function latestSinceErasure({ latest, erased }: ContactState): Instant | undefined {
  return latest !== undefined && !(erased && latest <= erased.at) ? latest : undefined;
}

function marksOf(register: ByPurpose): readonly Mark[] {
  return Object.values(register);
}

function latestOf(state: ContactState, marks: readonly (Mark | undefined)[]): Mark | undefined {
  let latest: Mark | undefined;
  for (const mark of marks) if (mark && sinceErasure(state, mark) && !(latest && latest.at >= mark.at)) latest = mark;
  return latest;
}
