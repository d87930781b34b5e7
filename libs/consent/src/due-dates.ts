import { consentOnRecord, endOfConsent, promptDueAt, type Consent } from './basis.js';
import { evolve, type ContactEvent, type ContactState, type Mark, type NewContactEvent } from './contact.js';
import { NEVER, type Instant } from './instant.js';
import { policySpans, type PolicyHistory, type PolicySpan } from './policy-history.js';
import type { Policy, Purpose } from './policy.js';
import { endedGrounds, retentionOf, type Ground } from './retention.js';
import { barredUntil, isBarred, isWithdrawn, sinceErasure, standingHold } from './standing.js';

/** Something that time brings about for a contact, and the instant at which it does. */
export type Due =
  | { readonly kind: 'prompt'; readonly at: Instant; readonly purposes: readonly string[] }
  | { readonly kind: 'reminder'; readonly at: Instant; readonly purposes: readonly string[]; readonly promptId: string }
  | { readonly kind: 'lapse'; readonly at: Instant; readonly purposes: readonly string[] }
  | { readonly kind: 'evidence-end'; readonly at: Instant; readonly optInId: string }
  | { readonly kind: 'retention-end'; readonly at: Instant; readonly grounds: readonly Ground[] };

/**
 * What falls due next for a contact and is not on record yet, under the policies in force as known at `knownAt`: a
 * re-consent prompt or its reminder, a lapse (P5, P6), the end of evidence (P8) or of retention (P7). `undefined` where time
 * brings nothing more. It may lie in the past: then nothing has recorded it yet.
 */
export function nextDue(state: ContactState, history: PolicyHistory, knownAt: Instant = NEVER): Due | undefined {
  return nextDueWithin(policySpans(history, knownAt), state);
}

function nextDueWithin(spans: readonly PolicySpan[], state: ContactState): Due | undefined {
  let before: PolicySpan | undefined;
  for (const span of spans) {
    const due = firstDue(state, span, before);
    if (due) return due;
    before = span;
  }
  return undefined;
}

/** All that falls due until an instant, exclusive, in order, if nothing happens to the contact but that. */
export function* forecast(state: ContactState, history: PolicyHistory, until: Instant): Generator<Due, void> {
  const spans = policySpans(history);
  let expected = state;
  for (let number = 1; ; number++) {
    const due = nextDueWithin(spans, expected);
    if (!due || due.at >= until) return;
    yield due;
    expected = evolve(expected, recordedAsDue(due, `forecast-${number}`));
  }
}

/** The event by which what fell due is recorded; it occurred at the instant at which it was due. */
export function dueEvent(due: Due): NewContactEvent {
  switch (due.kind) {
    case 'prompt':
      return { type: 'ReconsentPrompted', data: { purposes: due.purposes } };
    case 'reminder':
      return { type: 'ReconsentReminded', data: { purposes: due.purposes, promptId: due.promptId } };
    case 'lapse':
      return { type: 'ConsentLapsed', data: { purposes: due.purposes } };
    case 'evidence-end':
      return { type: 'EvidenceEnded', data: { optInId: due.optInId } };
    case 'retention-end':
      return { type: 'PersonalDataErased', data: { reason: 'retention', grounds: endedGrounds(due.grounds) } };
  }
}

/** The event by which what fell due would be recorded at the very instant at which it was due. */
export function recordedAsDue(due: Due, id: string): ContactEvent {
  return { ...dueEvent(due), id, occurredAt: due.at, recordedAt: due.at };
}

/** The first due of a stretch of time under one policy; of several at one instant, in the order of this list. */
function firstDue(state: ContactState, span: PolicySpan, before: PolicySpan | undefined): Due | undefined {
  const consents = standingConsents(state, span.policy);
  const questions = [...questionsAbout(consents, state, span.policy)];
  const ofConsent = firstWithin(span, [
    nextPrompt(state, span, questions),
    nextReminder(state, span, questions),
    nextLapse(state, span, before, consents),
  ]);
  const others = [ofConsent, nextEvidenceEnd(state)];
  // A consent that is asked about, or lapses, holds the data until then at least: the grounds need not be looked at (P7).
  return firstWithin(span, ofConsent ? others : [...others, retentionEnd(state, span)]);
}

function firstWithin({ from, until }: PolicySpan, dues: readonly (Due | undefined)[]): Due | undefined {
  let first: Due | undefined;
  for (const due of dues) if (due && due.at >= from && due.at < until && !(first && first.at <= due.at)) first = due;
  return first;
}

/** A consent on record for a purpose, valid or ended, that no act of the person has withdrawn. */
interface StandingConsent {
  readonly purpose: Purpose;
  readonly consent: Consent;
}

function standingConsents(state: ContactState, policy: Policy): readonly StandingConsent[] {
  const standing: StandingConsent[] = [];
  for (const purpose of policy.purposes.values()) {
    const consent = isWithdrawn(state, purpose.name) ? undefined : consentOnRecord(state, policy, purpose);
    if (consent) standing.push({ purpose, consent });
  }
  return standing;
}

/** P5: a consent that is to be renewed, and what was asked of the person about it. */
export interface Question {
  readonly purpose: Purpose;
  readonly consent: Consent;
  readonly dueAt: Instant;
  /** The prompt that has asked it already. */
  readonly prompt: Mark | undefined;
}

/** The consents about which the person may be asked, but for the time (P5). */
export function openQuestions(state: ContactState, policy: Policy): Iterable<Question> {
  return questionsAbout(standingConsents(state, policy), state, policy);
}

function* questionsAbout(
  consents: readonly StandingConsent[],
  state: ContactState,
  policy: Policy,
): Iterable<Question> {
  for (const { purpose, consent } of consents) {
    if (!purpose.renewAfter || isBarred(state, purpose.name)) continue;
    const dueAt = promptDueAt(consent, policy, purpose);
    yield { purpose, consent, dueAt, prompt: promptOf(state, policy, purpose, consent, dueAt) };
  }
}

/** A prompt asks about every consent that falls due within its window; one given or moved since is another question. */
function promptOf(
  state: ContactState,
  { calendar }: Policy,
  purpose: Purpose,
  { act }: Consent,
  dueAt: Instant,
): Mark | undefined {
  const window = windowOf(purpose);
  const prompt = sinceErasure(state, state.prompted[purpose.name]);
  if (!window || !prompt || prompt.at < act.at) return undefined;
  return dueAt < calendar.add(prompt.at, window) ? prompt : undefined;
}

/** How long the person has to answer before the consent ends. */
function windowOf({ answerWindow, promptBefore }: Purpose) {
  return answerWindow ?? promptBefore;
}

function nextPrompt(
  state: ContactState,
  { policy, from }: PolicySpan,
  questions: readonly Question[],
): Due | undefined {
  const barred = barredUntil(state) ?? from;
  const open = questions
    .filter(({ prompt }) => !prompt)
    .map((question) => ({ ...question, since: heldSince(state, question.purpose.name, question.consent) }))
    .map((question) => ({ ...question, at: Math.max(question.dueAt, question.since, from, barred) }))
    .filter(({ consent, at }) => at < endOfConsent(consent))
    .sort((a, b) => a.at - b.at);
  const [first] = open;
  const window = first && windowOf(first.purpose);
  if (!first || !window) return undefined;
  const windowEnd = policy.calendar.add(first.at, window);
  const asked = open.filter(
    ({ at, since, dueAt, purpose }) =>
      at < windowEnd && since <= first.at && dueAt < policy.calendar.add(first.at, windowOf(purpose)!),
  );
  return { kind: 'prompt', at: first.at, purposes: namesOf(asked) };
}

/** From when a consent held: the act, or the contact that gave it back after it had lapsed (P6). */
function heldSince(state: ContactState, name: string, { act, movedBy }: Consent): Instant {
  const lapsed = sinceErasure(state, state.lapsed[name]);
  const isGivenBack = movedBy && lapsed && lapsed.at >= act.at && movedBy.at > lapsed.at;
  return isGivenBack ? movedBy.at : act.at;
}

function nextReminder(state: ContactState, span: PolicySpan, questions: readonly Question[]): Due | undefined {
  const { calendar } = span.policy;
  let first: { at: Instant; prompt: Mark } | undefined;
  const open = questions.filter(({ purpose, prompt }) => prompt && !isReminded(state, purpose.name, prompt));
  for (const { purpose, consent, prompt } of open) {
    if (!purpose.reminderAfter) continue;
    const at = Math.max(calendar.add(prompt!.at, purpose.reminderAfter), span.from, barredUntil(state) ?? span.from);
    if (at < endOfConsent(consent) && !(first && first.at <= at)) first = { at, prompt: prompt! };
  }
  if (!first) return undefined;
  const { at, prompt } = first;
  const asked = open.filter((question) => question.prompt!.id === prompt.id && at < endOfConsent(question.consent));
  return { kind: 'reminder', at, purposes: namesOf(asked), promptId: prompt.id };
}

function isReminded({ reminded }: ContactState, purpose: string, prompt: Mark): boolean {
  const reminder = reminded[purpose];
  return reminder !== undefined && reminder.at >= prompt.at;
}

function nextLapse(
  state: ContactState,
  span: PolicySpan,
  before: PolicySpan | undefined,
  consents: readonly StandingConsent[],
): Due | undefined {
  let at = NEVER;
  let purposes = droppedPurposes(state, span, before);
  if (purposes.length > 0) at = span.from;
  for (const standing of consents) {
    const end = lapseOf(state, span, before, standing);
    if (end === undefined || end > at) continue;
    const { name } = standing.purpose;
    purposes = end < at ? [name] : [...purposes, name];
    at = end;
  }
  return purposes.length > 0 ? { kind: 'lapse', at, purposes: purposes.sort() } : undefined;
}

/** The purposes that a policy lacks, and whose consent held until it came into force: that is their lapse (P10). */
function droppedPurposes(state: ContactState, { policy, from }: PolicySpan, before: PolicySpan | undefined): string[] {
  const dropped = [...(before?.policy.purposes.keys() ?? [])].filter((name) => !policy.purposes.has(name));
  return dropped.filter(
    (name) =>
      !isWithdrawn(state, name) && wasValidUntil(state, before, name, from) && !isLapsedSince(state, name, from),
  );
}

function isLapsedSince(state: ContactState, name: string, at: Instant): boolean {
  const recorded = sinceErasure(state, state.lapsed[name]);
  return recorded !== undefined && recorded.at >= at;
}

/** The instant in a stretch of time at which time alone ends a consent, where that is not on record yet. */
function lapseOf(
  state: ContactState,
  span: PolicySpan,
  before: PolicySpan | undefined,
  { purpose: { name }, consent }: StandingConsent,
): Instant | undefined {
  const end = endOfConsent(consent);
  if (end === NEVER || end < heldSince(state, name, consent)) return undefined;
  const at = end > span.from ? end : span.from;
  if (at === span.from && !wasValidUntil(state, before, name, at)) return undefined;
  return at < span.until && !isLapsedSince(state, name, at) ? at : undefined;
}

/** Whether the consent held until a later policy came into force that ends it at that instant. */
function wasValidUntil(state: ContactState, before: PolicySpan | undefined, name: string, at: Instant): boolean {
  if (!before) return false;
  const purpose = before.policy.purposes.get(name);
  const consent = purpose && consentOnRecord(state, before.policy, purpose);
  return consent !== undefined && consent.act.at < at && endOfConsent(consent) >= at;
}

/** P8: a recording is deleted in its time, but not while a legal hold stands. */
function nextEvidenceEnd(state: ContactState): Due | undefined {
  if (standingHold(state)) return undefined;
  let first: Due | undefined;
  for (const { id, at, endsAt } of state.recordings) {
    if (state.evidenceEnded.includes(id) || (state.erased && at <= state.erased.at)) continue;
    const due = Math.max(endsAt, state.holdLifted?.at ?? endsAt);
    if (!first || due < first.at) first = { kind: 'evidence-end', at: due, optInId: id };
  }
  return first;
}

function retentionEnd(state: ContactState, { policy, from }: PolicySpan): Due | undefined {
  const { grounds, endsAt } = retentionOf(state, policy);
  return endsAt === NEVER ? undefined : { kind: 'retention-end', at: Math.max(endsAt, from), grounds };
}

function namesOf(questions: readonly Question[]): string[] {
  return questions.map(({ purpose }) => purpose.name).sort();
}
