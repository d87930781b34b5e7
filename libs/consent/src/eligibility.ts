import type { ContactState, Mark, OptOutMark } from './contact.js';
import { NEVER, type Instant } from './instant.js';
import { nextPolicyChange, policyInForce, type Policy, type PolicyHistory, type Purpose } from './policy.js';

/** Every reason of the verdict table in rules.md, and `SERVICE` for operational mail (P1). */
export type Reason =
  | 'ERASED'
  | 'RESTRICTED'
  | 'UNDELIVERABLE'
  | 'COMPLAINED'
  | 'OPTED_OUT'
  | 'CONSENT'
  | 'SOFT_OPT_IN'
  | 'PENDING_CONFIRMATION'
  | 'CONSENT_LAPSED'
  | 'NO_RECENT_CONTACT'
  | 'RELATIONSHIP_ENDED'
  | 'SOFT_OPT_IN_INCOMPLETE'
  | 'NO_CONSENT'
  | 'UNKNOWN_CONTACT'
  | 'SERVICE';

export type Basis = 'consent' | 'soft-opt-in' | 'service';

/** The answer to "may I send this?" for one contact, one purpose and one moment. */
export interface Verdict {
  readonly eligible: boolean;
  readonly reason: Reason;
  readonly basis: Basis | null;
  /** The first instant at which the answer changes although nothing more happens; exclusive; `null` if never (law 4). */
  readonly validUntil: Instant | null;
  /** P2: the conditions of the soft opt-in that are not on record; only with `SOFT_OPT_IN_INCOMPLETE`. */
  readonly missing?: readonly string[];
  /** The events that the answer rests on. */
  readonly evidence: readonly Mark[];
  readonly policy: Policy;
}

/** One row of the verdict table as it was tried: whether it applied, and why. */
export interface TraceStep {
  readonly row: number;
  readonly reason: Reason;
  readonly applies: boolean;
  readonly because: string;
}

/** A verdict without its end: what `validUntil` compares. */
interface Finding {
  readonly row: Row;
  readonly match: Match;
}

interface Match {
  readonly evidence: readonly Mark[];
  readonly missing?: readonly string[];
}

/** All that a row looks at. */
interface Case {
  readonly state: ContactState;
  readonly policy: Policy;
  readonly purpose: Purpose;
  readonly at: Instant;
}

/** A row of the table: its reason, the answer it gives, when it applies, and that in words. */
interface Row {
  readonly number: number;
  readonly reason: Reason;
  readonly basis: Basis | null;
  match(facts: Case): Match | undefined;
  because(facts: Case, applies: boolean): string;
}

/** Thrown for a purpose that is not in the policy: it does not exist, which is an error and not a "no" (P10). */
export class UnknownPurpose extends Error {
  readonly code = 'UNKNOWN_PURPOSE';
  constructor(
    readonly purpose: string,
    known: Iterable<string>,
  ) {
    super(`The policy has no purpose "${purpose}"; it has: ${[...known].join(', ')}.`);
  }
}

/**
 * May a message for `purpose` be sent at `at`? The first row of the verdict table that applies decides, under the policy
 * in force at `at` as known at `knownAt` (rules.md, laws 3 and 4). `state` must hold only events that occurred by `at`
 * and were recorded by `knownAt`. Throws `UnknownPurpose` (P10).
 */
export function decideEligibility(
  state: ContactState,
  history: PolicyHistory,
  purpose: string,
  at: Instant,
  knownAt: Instant = NEVER,
): Verdict {
  const policy = policyInForce(history, at, knownAt);
  const facts = { state, policy, purpose: purposeOf(policy, purpose), at };
  const finding = judge(facts);
  const { row, match } = finding;
  return {
    eligible: row.basis !== null,
    reason: row.reason,
    basis: row.basis,
    validUntil: endOf(finding, facts, history, knownAt),
    ...(match.missing && { missing: match.missing }),
    evidence: match.evidence,
    policy,
  };
}

/** Each row of the table that was tried for this question, in order, up to the one that decided, under one policy. */
export function traceEligibility(state: ContactState, policy: Policy, purpose: string, at: Instant): TraceStep[] {
  const facts = { state, policy, purpose: purposeOf(policy, purpose), at };
  const steps: TraceStep[] = [];
  for (const row of tableFor(facts.purpose)) {
    const applies = row.match(facts) !== undefined;
    steps.push({ row: row.number, reason: row.reason, applies, because: row.because(facts, applies) });
    if (applies) break;
  }
  return steps;
}

/** The opt-out that stands for this purpose and has not been ended by a later opt-in of the person (P4). */
export function standingOptOut(state: ContactState, purpose: string): Mark | undefined {
  const latest = latestOptOut(state, purpose);
  const given = state.given[purpose];
  return latest && !(given && given.at > latest.at) ? latest : undefined;
}

function purposeOf(policy: Policy, name: string): Purpose {
  const purpose = policy.purposes.get(name);
  if (!purpose) throw new UnknownPurpose(name, policy.purposes.keys());
  return purpose;
}

function judge(facts: Case): Finding {
  for (const row of tableFor(facts.purpose)) {
    const match = row.match(facts);
    if (match) return { row, match };
  }
  throw new Error('The verdict table has no last row.');
}

/** Walks from one instant at which the answer may change to the next, until it does (law 4). */
function endOf(now: Finding, facts: Case, history: PolicyHistory, knownAt: Instant): Instant | null {
  let { at, policy } = facts;
  for (;;) {
    const next = nextBoundary({ ...facts, policy, at }, history, knownAt);
    if (next === undefined) return null;
    at = next;
    policy = policyInForce(history, at, knownAt);
    const purpose = policy.purposes.get(facts.purpose.name);
    if (!purpose || judge({ ...facts, policy, purpose, at }).row !== now.row) return at;
  }
}

function nextBoundary(facts: Case, history: PolicyHistory, knownAt: Instant): Instant | undefined {
  let next = nextPolicyChange(history, facts.at, knownAt) ?? NEVER;
  if (facts.purpose.commercial) for (const end of endsOf(facts)) if (end > facts.at && end < next) next = end;
  return next === NEVER ? undefined : next;
}

/** The instants at which time alone may change the answer for a commercial purpose. */
function endsOf(facts: Case): Instant[] {
  const ends = [softOptInEnd(facts)];
  const { given, reported } = consentActs(facts);
  if (given) ends.push(consentEnd(facts, given));
  if (reported) ends.push(consentEnd(facts, reported));
  return ends;
}

const table: readonly Row[] = [
  {
    number: 1,
    reason: 'ERASED',
    basis: null,
    match: ({ state }) => {
      const { erased } = state;
      return erased && !returned(state, erased) ? { evidence: [erased] } : undefined;
    },
    because: ({ state }, applies) => {
      if (applies) return 'The personal data was erased, and no opt-in or new relationship followed.';
      return state.erased
        ? 'The personal data was erased, but an opt-in or a new relationship followed.'
        : 'The personal data was not erased.';
    },
  },
  {
    number: 2,
    reason: 'RESTRICTED',
    basis: null,
    match: ({ state, policy, purpose }) => {
      const { restricted, restrictionLifted } = state;
      if (!restricted || isAfter(restrictionLifted, restricted)) return undefined;
      return purpose.commercial || !policy.serviceMailWhenRestricted ? { evidence: [restricted] } : undefined;
    },
    because: ({ state, purpose }, applies) => {
      if (applies) return 'Processing is restricted, and the restriction was not lifted.';
      if (!state.restricted) return 'Processing was not restricted.';
      if (isAfter(state.restrictionLifted, state.restricted))
        return 'Processing was restricted; the restriction was lifted.';
      return `Processing is restricted, but the policy lets ${purpose.name} mail through.`;
    },
  },
  {
    number: 3,
    reason: 'UNDELIVERABLE',
    basis: null,
    match: ({ state }) => {
      const { bounced, addressProven } = state;
      return bounced && !isAfter(addressProven, bounced) ? { evidence: [bounced] } : undefined;
    },
    because: ({ state }, applies) => {
      if (applies) return 'Delivery failed permanently, and nothing has proven the address since.';
      return state.bounced
        ? 'Delivery failed permanently, but the address was proven since.'
        : 'No permanent delivery failure is on record.';
    },
  },
  {
    number: 4,
    reason: 'COMPLAINED',
    basis: null,
    match: ({ state, purpose }) => {
      const { complained } = state;
      return complained && !isAfter(state.given[purpose.name], complained) ? { evidence: [complained] } : undefined;
    },
    because: ({ state, purpose }, applies) => {
      if (applies) return `The person complained of spam and has not opted in to ${purpose.name} since.`;
      return state.complained
        ? `The person complained of spam, but opted in to ${purpose.name} since.`
        : 'No spam complaint is on record.';
    },
  },
  {
    number: 5,
    reason: 'OPTED_OUT',
    basis: null,
    match: ({ state, purpose }) => {
      const optOut = standingOptOut(state, purpose.name);
      return optOut && { evidence: [optOut] };
    },
    because: ({ state, purpose }, applies) => {
      if (applies) return `The person opted out of ${purpose.name} and has not opted in to it since.`;
      return latestOptOut(state, purpose.name)
        ? `The person opted out of ${purpose.name}, but opted in to it since.`
        : `No opt-out of ${purpose.name} stands.`;
    },
  },
  {
    number: 6,
    reason: 'CONSENT',
    basis: 'consent',
    match: (facts) => {
      const consent = validConsent(facts);
      if (!consent) return undefined;
      const moved = contactThatMoved(facts, consent);
      return { evidence: moved ? [consent, moved] : [consent] };
    },
    because: (facts, applies) => {
      if (applies) return `Consent for ${facts.purpose.name} is valid at this moment.`;
      return anyConsent(facts)
        ? `Consent for ${facts.purpose.name} was given, but is no longer valid.`
        : `No consent for ${facts.purpose.name} is on record.`;
    },
  },
  {
    number: 7,
    reason: 'SOFT_OPT_IN',
    basis: 'soft-opt-in',
    match: (facts) => {
      const relationship = customerRelationship(facts);
      if (!relationship || relationship.missing.length > 0 || facts.at >= relationship.endsAt) return undefined;
      return { evidence: relationship.evidence };
    },
    because: (facts, applies) => {
      if (applies) return 'An existing customer, and every condition of the soft opt-in is on record.';
      if (!facts.purpose.softOptIn) return `The policy allows no soft opt-in for ${facts.purpose.name}.`;
      const relationship = customerRelationship(facts);
      if (!relationship) return 'No customer relationship is on record.';
      if (relationship.missing.length > 0) return `Conditions are not on record: ${relationship.missing.join(', ')}.`;
      return 'The agreement ended too long ago.';
    },
  },
  {
    number: 8,
    reason: 'PENDING_CONFIRMATION',
    basis: null,
    match: (facts) => {
      const request = sinceErasure(facts.state, facts.state.requested[facts.purpose.name]);
      const consent = anyConsent(facts);
      return request && !(consent && consent.at >= request.at) ? { evidence: [request] } : undefined;
    },
    because: ({ purpose }, applies) =>
      applies
        ? `An opt-in to ${purpose.name} waits for its confirmation.`
        : `No opt-in to ${purpose.name} waits for a confirmation.`,
  },
  {
    number: 9,
    reason: 'CONSENT_LAPSED',
    basis: null,
    match: (facts) => {
      const consent = anyConsent(facts);
      return consent && facts.at >= renewalEnd(facts, consent) ? { evidence: [consent] } : undefined;
    },
    because: (facts, applies) => {
      if (applies) return `The window to renew consent for ${facts.purpose.name} ended without an answer.`;
      if (!anyConsent(facts)) return `No consent for ${facts.purpose.name} is on record that could lapse.`;
      return `The consent for ${facts.purpose.name} did not end for want of an answer.`;
    },
  },
  {
    number: 10,
    reason: 'NO_RECENT_CONTACT',
    basis: null,
    match: (facts) => {
      const consent = anyConsent(facts);
      if (!consent || facts.at < contactEnd(facts, consent)) return undefined;
      const moved = contactThatMoved(facts, consent);
      return { evidence: moved ? [consent, moved] : [consent] };
    },
    because: (facts, applies) => {
      if (applies) return 'The last contact from the person was too long ago.';
      if (!facts.purpose.afterLastContact) return `Consent for ${facts.purpose.name} does not hang on contact.`;
      return anyConsent(facts) ? 'The last contact from the person is recent.' : 'No consent is on record.';
    },
  },
  {
    number: 11,
    reason: 'RELATIONSHIP_ENDED',
    basis: null,
    match: (facts) => {
      const relationship = customerRelationship(facts);
      if (!relationship || relationship.missing.length > 0 || facts.at < relationship.endsAt) return undefined;
      return { evidence: relationship.evidence };
    },
    because: (_facts, applies) =>
      applies
        ? 'The soft opt-in held once, but the agreement ended too long ago.'
        : 'No soft opt-in that held once has ended.',
  },
  {
    number: 12,
    reason: 'SOFT_OPT_IN_INCOMPLETE',
    basis: null,
    match: (facts) => {
      const relationship = customerRelationship(facts);
      if (!relationship || relationship.missing.length === 0 || facts.at >= relationship.endsAt) return undefined;
      return { evidence: relationship.evidence, missing: relationship.missing };
    },
    because: (facts, applies) => {
      if (!applies) return 'Not a customer whose soft opt-in lacks a condition.';
      return `A customer, but not on record: ${customerRelationship(facts)!.missing.join(', ')}.`;
    },
  },
  {
    number: 13,
    reason: 'NO_CONSENT',
    basis: null,
    match: ({ state }) => (isKnown(state) ? { evidence: [] } : undefined),
    because: (_facts, applies) =>
      applies ? 'A known contact, and nothing else applies.' : 'The service has never heard of this contact.',
  },
  {
    number: 14,
    reason: 'UNKNOWN_CONTACT',
    basis: null,
    match: () => ({ evidence: [] }),
    because: () => 'The service has never heard of this contact.',
  },
];

/** P1: only the rows that stop service mail stand before its yes; it has no number of its own in the table. */
const serviceTable: readonly Row[] = [
  ...table.slice(0, 3),
  {
    number: 0,
    reason: 'SERVICE',
    basis: 'service',
    match: () => ({ evidence: [] }),
    because: ({ purpose }) => `${purpose.name} mail needs no consent, and an opt-out does not stop it.`,
  },
];

function tableFor(purpose: Purpose): readonly Row[] {
  return purpose.commercial ? table : serviceTable;
}

/** Whether the service has heard of this contact by the moment that the state stands for. */
export function isKnown(state: ContactState): boolean {
  return Number.isFinite(state.latest);
}

function isAfter(mark: Mark | undefined, other: Mark): boolean {
  return mark !== undefined && mark.at > other.at;
}

function returned(state: ContactState, erased: Mark): boolean {
  const { customerStarted, purchased, contacted, given, reported } = state;
  return (
    [customerStarted, purchased, contacted].some((mark) => isAfter(mark, erased)) ||
    Object.values(given).some((mark) => isAfter(mark, erased)) ||
    Object.values(reported).some((mark) => isAfter(mark, erased))
  );
}

/** A mark counts only when the personal data it stood on was not erased since (P7). */
function sinceErasure<M extends Mark>(state: ContactState, mark: M | undefined): M | undefined {
  return mark && state.erased && mark.at <= state.erased.at ? undefined : mark;
}

function latestOptOut(state: ContactState, purpose: string): Mark | undefined {
  let latest = state.erasedOnRequest;
  for (const optOut of state.optOuts)
    if (covers(optOut, purpose) && !state.undone.includes(optOut.id) && !(latest && latest.at > optOut.at))
      latest = optOut;
  return latest;
}

function covers({ purposes }: OptOutMark, purpose: string): boolean {
  return purposes === 'all' || purposes.includes(purpose);
}

/** The acts on which consent for the purpose may rest: the person's own, and one that another party reported. */
function consentActs({ state, purpose }: Case): { given: Mark | undefined; reported: Mark | undefined } {
  return {
    given: sinceErasure(state, state.given[purpose.name]),
    reported: sinceErasure(state, state.reported[purpose.name]),
  };
}

/**
 * The act on which consent rests. Only the person renews (P5): a report counts where the person's own consent is absent
 * or had ended before it, and never moves the clock of one that runs.
 */
function anyConsent(facts: Case): Mark | undefined {
  const { given, reported } = consentActs(facts);
  if (!given) return reported;
  return reported && reported.at >= consentEnd(facts, given) ? reported : given;
}

function validConsent(facts: Case): Mark | undefined {
  const consent = anyConsent(facts);
  return consent && facts.at < consentEnd(facts, consent) ? consent : undefined;
}

function consentEnd(facts: Case, consent: Mark): Instant {
  return Math.min(renewalEnd(facts, consent), contactEnd(facts, consent));
}

/** P5: three years and the answer window, each added on the calendar of the policy. */
function renewalEnd({ policy, purpose }: Case, consent: Mark): Instant {
  if (!purpose.renewAfter) return NEVER;
  const due = policy.calendar.add(consent.at, purpose.renewAfter);
  return purpose.answerWindow ? policy.calendar.add(due, purpose.answerWindow) : due;
}

/** P6: so long after the last contact from the person; giving consent is such a contact. */
function contactEnd(facts: Case, consent: Mark): Instant {
  const { policy, purpose } = facts;
  if (!purpose.afterLastContact) return NEVER;
  const last = contactThatMoved(facts, consent) ?? consent;
  return policy.calendar.add(last.at, purpose.afterLastContact);
}

/** The latest contact that moved the clock of P6 beyond the consent itself. */
function contactThatMoved({ state, purpose }: Case, consent: Mark): Mark | undefined {
  if (!purpose.afterLastContact) return undefined;
  let last: Mark | undefined;
  for (const kind of purpose.movedBy) {
    const mark = { contact: state.contacted, purchase: state.purchased, 'customer-started': state.customerStarted }[
      kind
    ];
    if (mark && mark.at > (last ?? consent).at) last = mark;
  }
  return last;
}

interface Relationship {
  readonly missing: readonly string[];
  /** When the soft opt-in that rests on it ends; `NEVER` while the agreement runs. */
  readonly endsAt: Instant;
  readonly evidence: readonly Mark[];
}

/** P2: the customer relationship on which a soft opt-in for this purpose may rest. */
function customerRelationship({ state, policy, purpose }: Case): Relationship | undefined {
  if (!purpose.softOptIn) return undefined;
  const started = sinceErasure(state, state.customerStarted);
  const ended = sinceErasure(state, state.customerEnded);
  if (!started && !ended) return undefined;
  const runs = started !== undefined && !(ended && ended.at >= started.at);
  return {
    missing: purpose.softOptIn.conditions.filter((condition) => !started?.conditions.includes(condition)),
    endsAt: runs ? NEVER : policy.calendar.add(ended!.at, purpose.softOptIn.holdsAfterEnd),
    evidence: [started, runs ? undefined : ended].filter((mark) => mark !== undefined),
  };
}

function softOptInEnd(facts: Case): Instant {
  return customerRelationship(facts)?.endsAt ?? NEVER;
}
