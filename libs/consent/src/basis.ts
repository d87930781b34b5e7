import { later, laterStart, type ContactState, type CustomerStartMark, type Mark } from './contact.js';
import { NEVER, type Instant } from './instant.js';
import type { ContactKind, Policy, Purpose } from './policy.js';
import { isBefore, sinceErasure, standingReports } from './standing.js';

/** A consent on record for one purpose, and the instants from which time alone has ended it. */
export interface Consent {
  /** The act on which it rests. */
  readonly act: Mark;
  /** P6: the contact from the person that moved a clock beyond the act. */
  readonly movedBy: Mark | undefined;
  /** P5: what started the clock of renewal: the act, or `movedBy` where the policy lets a contact start it. */
  readonly renewalFrom: Mark;
  /** P5, P7: it lapses for want of a renewal; `NEVER` when it needs none. */
  readonly lapsesAt: Instant;
  /** P6: the last contact is too long ago; `NEVER` when it does not hang on contact. */
  readonly contactEndsAt: Instant;
}

/**
 * The consent on record, valid or ended (P3). Only the person renews (P5): what another party reports counts where the
 * person never consented themselves, and of several reports the one that ends first does. So no report revives what time
 * has ended.
 */
export function consentOnRecord(state: ContactState, policy: Policy, purpose: Purpose): Consent | undefined {
  const given = sinceErasure(state, latest(state.given[purpose.name], state.carried[purpose.name]));
  return given ? consentFrom(given, state, policy, purpose) : reportedConsent(state, policy, purpose);
}

/** Mostly that of the earliest report; but three years from 28 February end later in the day than from the 29th at an earlier hour. */
function reportedConsent(state: ContactState, policy: Policy, purpose: Purpose): Consent | undefined {
  let first: Consent | undefined;
  for (const { purposes, ...report } of standingReports(state)) {
    if (!purposes.includes(purpose.name)) continue;
    const consent = consentFrom(report, state, policy, purpose);
    if (!first || endsBefore(consent, first)) first = consent;
  }
  return first;
}

function endsBefore(consent: Consent, other: Consent): boolean {
  const [end, otherEnd] = [endOfConsent(consent), endOfConsent(other)];
  return end < otherEnd || (end === otherEnd && isBefore(consent.act, other.act));
}

/** An act on which consent rested, and the first instant at which time alone has ended it; `NEVER` when it does not. */
export type ConsentEnd = Pick<Consent, 'act'> & { readonly endsAt: Instant };

/**
 * Each consent for a purpose on record, the person's own and those that another party reported: each has its proof (P7). For
 * a purpose that the policy lacks, nothing follows the act.
 */
export function consentsOnRecord(state: ContactState, policy: Policy, name: string): readonly ConsentEnd[] {
  const purpose = policy.purposes.get(name);
  const own = [state.given[name], state.carried[name]].filter((act) => sinceErasure(state, act) !== undefined);
  const reports = standingReports(state).filter(({ purposes }) => purposes.includes(name));
  return [...own, ...reports].map((act) => ({
    act: act!,
    endsAt: purpose ? endOfConsent(consentFrom(act!, state, policy, purpose)) : act!.at,
  }));
}

/** P5: the instant at which the question whether to go on falls due; `NEVER` for a consent that needs no renewal. */
export function promptDueAt({ renewalFrom, lapsesAt }: Consent, { calendar }: Policy, purpose: Purpose): Instant {
  const { renewAfter, promptBefore } = purpose;
  if (!renewAfter) return NEVER;
  return promptBefore ? calendar.subtract(lapsesAt, promptBefore) : calendar.add(renewalFrom.at, renewAfter);
}

/** The first instant at which the consent is no longer valid. */
export function endOfConsent({ lapsesAt, contactEndsAt }: Consent): Instant {
  return Math.min(lapsesAt, contactEndsAt);
}

function consentFrom(act: Mark, state: ContactState, { calendar }: Policy, purpose: Purpose): Consent {
  const { renewAfter, renewFrom, answerWindow, proofKept, afterLastContact } = purpose;
  const movedBy = contactThatMoved(act, state, purpose.movedBy);
  const renewalFrom = renewFrom === 'last-contact' ? (movedBy ?? act) : act;
  let lapsesAt = NEVER;
  if (renewAfter) lapsesAt = calendar.add(renewalFrom.at, renewAfter);
  if (renewAfter && answerWindow) lapsesAt = calendar.add(lapsesAt, answerWindow);
  if (proofKept) lapsesAt = Math.min(lapsesAt, calendar.add(act.at, proofKept));
  const contactEndsAt = afterLastContact ? calendar.add((movedBy ?? act).at, afterLastContact) : NEVER;
  return { act, movedBy, renewalFrom, lapsesAt, contactEndsAt };
}

function contactThatMoved(act: Mark, state: ContactState, kinds: readonly ContactKind[]): Mark | undefined {
  let last: Mark | undefined;
  for (const kind of kinds) {
    const contact = contactOf(state, kind);
    if (contact && contact.at > (last ?? act).at) last = contact;
  }
  return last;
}

function contactOf(state: ContactState, kind: ContactKind): Mark | undefined {
  switch (kind) {
    case 'contact':
      return lastContact(state);
    case 'purchase':
      return lastPurchase(state);
    case 'customer-started':
      return customerStart(state);
  }
}

/** The latest contact from the person, here or under the address that this one replaced (P9). */
export function lastContact({ contacted, carriedContact }: ContactState): Mark | undefined {
  return latest(contacted, carriedContact);
}

/** The latest purchase, here or under the address that this one replaced (P9). */
export function lastPurchase({ purchased, carriedPurchase }: ContactState): Mark | undefined {
  return latest(purchased, carriedPurchase);
}

/** The latest end of the agreement, here or under the address that this one replaced (P9). */
export function customerEnd({ customerEnded, carriedEnd }: ContactState): Mark | undefined {
  return latest(customerEnded, carriedEnd);
}

/** The latest start of the customer relationship, here or under the address that this one replaced (P9). */
export function customerStart({ customerStarted, carriedStart }: ContactState): CustomerStartMark | undefined {
  return carriedStart ? laterStart(customerStarted, carriedStart, carriedStart.conditions) : customerStarted;
}

function latest(own: Mark | undefined, carried: Mark | undefined): Mark | undefined {
  return carried ? later(own, carried) : own;
}

/** P2: the customer relationship on which a soft opt-in for one purpose may rest. */
export interface CustomerRelationship {
  /** The conditions of the policy that are not on record. */
  readonly missing: readonly string[];
  /** When the soft opt-in that rests on it ends; `NEVER` while the agreement runs. */
  readonly endsAt: Instant;
  readonly evidence: readonly Mark[];
}

/** The customer relationship on record, running or ended; `undefined` where the policy allows no soft opt-in (P2). */
export function customerRelationship(
  state: ContactState,
  { calendar }: Policy,
  { softOptIn }: Purpose,
): CustomerRelationship | undefined {
  if (!softOptIn) return undefined;
  const started = sinceErasure(state, customerStart(state));
  const ended = sinceErasure(state, customerEnd(state));
  const missing = softOptIn.conditions.filter((condition) => !started?.conditions.includes(condition));
  const running = runningAgreement(state);
  if (running) return { missing, endsAt: NEVER, evidence: [running] };
  if (!ended) return undefined;
  const endsAt = calendar.add(ended.at, softOptIn.holdsAfterEnd);
  return { missing, endsAt, evidence: started ? [started, ended] : [ended] };
}

/** The start of the agreement that has not ended, nor was erased, since; one that ended as it started does not run (law 1). */
export function runningAgreement(state: ContactState): CustomerStartMark | undefined {
  const started = sinceErasure(state, customerStart(state));
  const ended = customerEnd(state);
  return started && !(ended && ended.at >= started.at) ? started : undefined;
}
