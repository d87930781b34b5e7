import type { ContactState, Mark } from './contact.js';
import { NEVER, type Instant } from './instant.js';
import { nextPolicyChange, policyInForce, type PolicyHistory } from './policy-history.js';
import type { Policy, Purpose } from './policy.js';
import { Case, tableFor, type Basis, type Match, type Reason, type Row } from './verdict-table.js';

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
  const facts = new Case(state, policy, purposeOf(policy, purpose), at);
  const finding = judge(facts);
  const { row, match } = finding;
  const verdict = {
    eligible: row.basis !== null,
    reason: row.reason,
    basis: row.basis,
    validUntil: endOf(finding, facts, history, knownAt),
    evidence: match.evidence,
    policy,
  };
  return match.missing ? { ...verdict, missing: match.missing } : verdict;
}

/** The answer and its reason under one policy, without evidence and end. Throws `UnknownPurpose` (P10). */
export function reasonFor(
  state: ContactState,
  policy: Policy,
  purpose: string,
  at: Instant,
): Pick<Verdict, 'eligible' | 'reason'> {
  const { row } = judge(new Case(state, policy, purposeOf(policy, purpose), at));
  return { eligible: row.basis !== null, reason: row.reason };
}

/** Each row of the table that was tried for this question, in order, up to the one that decided, under one policy. */
export function traceEligibility(state: ContactState, policy: Policy, purpose: string, at: Instant): TraceStep[] {
  const facts = new Case(state, policy, purposeOf(policy, purpose), at);
  const steps: TraceStep[] = [];
  for (const row of tableFor(facts.purpose)) {
    const applies = row.match(facts) !== undefined;
    steps.push({ row: row.number, reason: row.reason, applies, because: row.because(facts, applies) });
    if (applies) break;
  }
  return steps;
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
function endOf(now: Finding, from: Case, history: PolicyHistory, knownAt: Instant): Instant | null {
  let facts = from;
  for (;;) {
    const at = nextBoundary(now.row, facts, history, knownAt);
    if (at === NEVER) return null;
    const policy = policyInForce(history, at, knownAt);
    const purpose = policy.purposes.get(from.purpose.name);
    if (!purpose) return at;
    facts = policy === facts.policy ? facts.movedTo(at) : new Case(from.state, policy, purpose, at);
    if (!sameAnswer(judge(facts), now)) return at;
  }
}

/** The first instant after the moment of the case at which time alone may change the answer of this row. */
function nextBoundary(row: Row, facts: Case, history: PolicyHistory, knownAt: Instant): Instant {
  const next = nextPolicyChange(history, facts.at, knownAt) ?? NEVER;
  return row.movedByTime ? Math.min(next, nextEnd(facts)) : next;
}

/** The first end of a basis after the moment of the case. */
function nextEnd({ at, consent, relationship }: Case): Instant {
  const ends = [consent?.lapsesAt, consent?.contactEndsAt, relationship?.endsAt];
  return ends.reduce<Instant>((next, end) => (end !== undefined && end > at && end < next ? end : next), NEVER);
}

function sameAnswer(a: Finding, b: Finding): boolean {
  return a.row === b.row && sameNames(a.match.missing, b.match.missing);
}

function sameNames(a: readonly string[] = [], b: readonly string[] = []): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
