import { consentOnRecord, endOfConsent } from './basis.js';
import { evolve, type ContactEvent, type ContactState } from './contact.js';
import { openQuestions } from './due-dates.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { isAfter, isWithdrawn } from './standing.js';

/**
 * Where the question whether to go on stands for a purpose (P5): `open` while the person may still answer it, `renewed` since
 * it was asked, `stopped` by an opt-out or a complaint, `ended` when the consent is no longer there to be renewed.
 */
export type QuestionStanding = 'open' | 'renewed' | 'stopped' | 'ended';

/** How the question about one purpose stands at an instant. A purpose that the policy lacks by now has ended. */
export function questionStanding(state: ContactState, policy: Policy, purpose: string, at: Instant): QuestionStanding {
  if (isWithdrawn(state, purpose)) return 'stopped';
  if (renewableUntil(state, policy, purpose, at) === undefined) return 'ended';
  const asked = state.prompted[purpose];
  return asked && isAfter(state.given[purpose], asked) ? 'renewed' : 'open';
}

/** The first instant at which the consent that can be renewed at `at` no longer can; `undefined` where none can. */
export function renewableUntil(state: ContactState, policy: Policy, name: string, at: Instant): Instant | undefined {
  const purpose = policy.purposes.get(name);
  const consent = purpose && consentOnRecord(state, policy, purpose);
  if (!consent || consent.act.at > at || isWithdrawn(state, name)) return undefined;
  const end = endOfConsent(consent);
  return at < end ? end : undefined;
}

/** A purpose about which a prompt asks, and the first instant at which its consent is no longer valid. */
export interface AskedPurpose {
  readonly purpose: string;
  readonly endsAt: Instant;
}

/**
 * About which of the purposes a prompt asks at an instant (P5): those whose consent is valid, that nothing stands against and
 * that were not answered since. A prompt that is not on record yet asks as if it were put on record now.
 */
export function askedBy(
  state: ContactState,
  policy: Policy,
  prompt: { readonly id: string; readonly purposes: readonly string[]; readonly isOnRecord: boolean },
  at: Instant,
): AskedPurpose[] {
  const prompted = prompt.isOnRecord ? state : evolve(state, promptedNow(prompt, at));
  const asked = [...openQuestions(prompted, policy)].filter((question) => question.prompt?.id === prompt.id);
  return prompt.purposes.flatMap((purpose) => {
    const question = asked.find((one) => one.purpose.name === purpose);
    const endsAt = question && endOfConsent(question.consent);
    return endsAt !== undefined && at < endsAt ? [{ purpose, endsAt }] : [];
  });
}

/** Whether a prompt on record asks about one of the purposes, so that no other prompt about it will be put on record (P5). */
export function isAskedAlready(state: ContactState, policy: Policy, purposes: readonly string[]): boolean {
  const questions = [...openQuestions(state, policy)];
  return questions.some(({ purpose, prompt }) => prompt !== undefined && purposes.includes(purpose.name));
}

function promptedNow({ id, purposes }: { readonly id: string; readonly purposes: readonly string[] }, at: Instant) {
  return { id, type: 'ReconsentPrompted', data: { purposes }, occurredAt: at, recordedAt: at } satisfies ContactEvent;
}
