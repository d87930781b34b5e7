import { evolve, type ContactState } from './contact.js';
import { forecast, nextDue, recordedAsDue, type Due } from './due-dates.js';
import { decideEligibility, reasonFor, type Verdict } from './eligibility.js';
import { NEVER, type Instant } from './instant.js';
import { policyInForce, type PolicyHistory } from './policy-history.js';
import type { Policy } from './policy.js';
import { momentFor } from './standing.js';
import type { Reason } from './verdict-table.js';

/** A calendar month, or what is left of it: from the first instant, inclusive, until the last, exclusive. */
export interface Month {
  /** As `2026-01`. */
  readonly name: string;
  readonly from: Instant;
  readonly until: Instant;
}

/** What a simulation looks at: the policies as they are supposed to be, a moment, and the months from it on. */
export interface Outlook {
  readonly history: PolicyHistory;
  readonly at: Instant;
  readonly months: readonly Month[];
  /** The policies as they are, where `history` supposes another one: who gains and who loses is counted against them. */
  readonly comparedWith?: PolicyHistory;
}

/** How many contacts have which answer for one purpose. */
export interface PurposeCounts {
  eligible: number;
  /** Eligible under the supposed policies and not under those that are; 0 where nothing is supposed. */
  gained: number;
  /** Eligible under the policies that are and not under the supposed ones; 0 where nothing is supposed. */
  lost: number;
  reasons: Partial<Record<Reason, number>>;
}

/** How much falls due: prompts and reminders as messages, lapses per purpose (P5, P6), ends of evidence (P8) and erasures (P7). */
export interface DueCounts {
  prompts: number;
  reminders: number;
  lapses: Record<string, number>;
  evidenceEnds: number;
  erasures: number;
}

/** What a simulation has counted. The lists of two simulations of one outlook go together, month by month. */
export interface SimulationCounts {
  contacts: number;
  purposes: Record<string, PurposeCounts>;
  /** What is due before the moment and not on record. */
  overdue: DueCounts;
  months: DueCounts[];
}

/** Counts over the states of contacts that are added one by one; no state is kept. */
export interface Tally {
  /** Adds a contact; `visit` sees all that falls due for it within the months, and before them. */
  add(state: ContactState, visit?: (due: Due) => void): void;
  readonly counts: SimulationCounts;
}

/** The calendar months from a moment on, in the zone of the policy then in force; of the first one what is left of it. */
export function monthsFrom(history: PolicyHistory, at: Instant, count: number): Month[] {
  const { calendar } = policyInForce(history, at, NEVER);
  return Array.from({ length: count }, (_, index) => {
    const from = index === 0 ? at : calendar.startOfMonth(at, index);
    return { name: calendar.monthOf(from), from, until: calendar.startOfMonth(at, index + 1) };
  });
}

/** Starts to count what an outlook brings (P5, P6, P7, P8), in memory that does not grow with the contacts. */
export function createTally(outlook: Outlook): Tally {
  const { history, at, months } = outlook;
  const policy = policyInForce(history, at, NEVER);
  const present = outlook.comparedWith && policyInForce(outlook.comparedWith, at, NEVER);
  const counts = noCounts(months, [policy, ...(present ? [present] : [])]);
  const until = months.at(-1)?.until ?? at;
  const purposes = Object.entries(counts.purposes);
  return {
    counts,
    add(state, visit) {
      counts.contacts++;
      const moment = momentFor(state, at);
      for (const [purpose, count] of purposes) countVerdict(count, state, purpose, { policy, present, at: moment });
      let month = 0;
      for (const due of forecast(state, history, until)) {
        while (month < months.length && due.at >= months[month]!.until) month++;
        countDue(due.at < at ? counts.overdue : counts.months[month]!, due);
        visit?.(due);
      }
    },
  };
}

/** The counts of two parts of the contacts, under one outlook, as those of all of them. */
export function mergeCounts(a: SimulationCounts, b: SimulationCounts): SimulationCounts {
  return {
    contacts: a.contacts + b.contacts,
    purposes: mergeRecords(a.purposes, b.purposes, mergePurposes),
    overdue: mergeDues(a.overdue, b.overdue),
    months: a.months.map((month, index) => mergeDues(month, b.months[index]!)),
  };
}

/** Why a message would not have gone out: a reason of the table, or that the policy has no such purpose (P10). */
export type SendRefusal = Reason | 'UNKNOWN_PURPOSE';

/**
 * Why one policy would have refused a message for this purpose at a moment; `undefined` where it would have let it go.
 * `state` must hold only what was known then (law 3).
 */
export function refusalUnder(
  policy: Policy,
  state: ContactState,
  purpose: string,
  at: Instant,
): SendRefusal | undefined {
  if (!policy.purposes.has(purpose)) return 'UNKNOWN_PURPOSE';
  const { eligible, reason } = reasonFor(state, policy, purpose, at);
  return eligible ? undefined : reason;
}

/** A moment in what lies ahead of a contact: what falls due at it, if anything does, and the verdict per purpose from then on. */
export interface Scene {
  readonly at: Instant;
  readonly due?: Due;
  readonly policy: Policy;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

/**
 * What lies ahead of one contact until an instant, exclusive, if nothing happens but what time brings: the verdicts at
 * `from`, then in order all that falls due and every change of a verdict. What is overdue comes first, at its own instant.
 */
export function* lookAhead(
  state: ContactState,
  history: PolicyHistory,
  from: Instant,
  until: Instant,
): Generator<Scene, void> {
  let [expected, scene] = [state, sceneAt(state, history, momentFor(state, from))];
  yield scene;
  for (let number = 1; ; number++) {
    const due = nextDue(expected, history);
    const change = firstChange(scene);
    const dueFirst = due !== undefined && due.at <= change;
    if ((dueFirst ? due.at : change) >= until) return;
    if (dueFirst) expected = evolve(expected, recordedAsDue(due, `ahead-${number}`));
    const moment = Math.max(dueFirst ? due.at : change, momentFor(state, from));
    scene = sceneAt(expected, history, moment);
    yield dueFirst ? { ...scene, at: due.at, due } : scene;
  }
}

function sceneAt(state: ContactState, history: PolicyHistory, at: Instant): Scene {
  const policy = policyInForce(history, at, NEVER);
  const verdicts = [...policy.purposes.keys()].map(
    (purpose) => [purpose, decideEligibility(state, history, purpose, at)] as const,
  );
  return { at, policy, verdicts: new Map(verdicts) };
}

function firstChange({ verdicts }: Scene): Instant {
  return Math.min(...[...verdicts.values()].map(({ validUntil }) => validUntil ?? NEVER));
}

interface Question {
  readonly policy: Policy;
  readonly present: Policy | undefined;
  readonly at: Instant;
}

function countVerdict(count: PurposeCounts, state: ContactState, purpose: string, { policy, present, at }: Question) {
  const supposed = policy.purposes.has(purpose) ? reasonFor(state, policy, purpose, at) : undefined;
  if (supposed) count.reasons[supposed.reason] = (count.reasons[supposed.reason] ?? 0) + 1;
  const isEligible = supposed?.eligible ?? false;
  if (isEligible) count.eligible++;
  if (!present) return;
  const wasEligible = refusalUnder(present, state, purpose, at) === undefined;
  if (isEligible && !wasEligible) count.gained++;
  if (wasEligible && !isEligible) count.lost++;
}

function countDue(counts: DueCounts, due: Due): void {
  switch (due.kind) {
    case 'prompt':
      counts.prompts++;
      return;
    case 'reminder':
      counts.reminders++;
      return;
    case 'lapse':
      for (const purpose of due.purposes) counts.lapses[purpose] = (counts.lapses[purpose] ?? 0) + 1;
      return;
    case 'evidence-end':
      counts.evidenceEnds++;
      return;
    case 'retention-end':
      counts.erasures++;
      return;
  }
}

function noCounts(months: readonly Month[], policies: readonly Policy[]): SimulationCounts {
  const names = new Set(policies.flatMap(({ purposes }) => [...purposes.keys()]));
  return {
    contacts: 0,
    purposes: Object.fromEntries([...names].map((name) => [name, noPurposeCounts()])),
    overdue: noDues(),
    months: months.map(noDues),
  };
}

function noPurposeCounts(): PurposeCounts {
  return { eligible: 0, gained: 0, lost: 0, reasons: {} };
}

function noDues(): DueCounts {
  return { prompts: 0, reminders: 0, lapses: {}, evidenceEnds: 0, erasures: 0 };
}

function mergePurposes(a: PurposeCounts, b: PurposeCounts): PurposeCounts {
  return {
    eligible: a.eligible + b.eligible,
    gained: a.gained + b.gained,
    lost: a.lost + b.lost,
    reasons: mergeRecords(a.reasons, b.reasons, add),
  };
}

function mergeDues(a: DueCounts, b: DueCounts): DueCounts {
  return {
    prompts: a.prompts + b.prompts,
    reminders: a.reminders + b.reminders,
    lapses: mergeRecords(a.lapses, b.lapses, add),
    evidenceEnds: a.evidenceEnds + b.evidenceEnds,
    erasures: a.erasures + b.erasures,
  };
}

function mergeRecords<K extends string, T>(
  a: Partial<Record<K, T>>,
  b: Partial<Record<K, T>>,
  merge: (x: T, y: T) => T,
): Record<K, T> {
  const merged = { ...a } as Record<K, T>;
  for (const [name, value] of Object.entries(b) as [K, T][])
    merged[name] = Object.hasOwn(a, name) ? merge(merged[name], value) : value;
  return merged;
}

function add(a: number, b: number): number {
  return a + b;
}
