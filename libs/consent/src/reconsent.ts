import { consentOnRecord, endOfConsent } from './basis.js';
import type { ContactState } from './contact.js';
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
  if (validUntil(state, policy, purpose, at) === undefined) return 'ended';
  const asked = state.prompted[purpose];
  return asked && isAfter(state.given[purpose], asked) ? 'renewed' : 'open';
}

/** The first instant at which the consent that is valid at `at` no longer is; `undefined` where none is. */
export function validUntil(state: ContactState, policy: Policy, name: string, at: Instant): Instant | undefined {
  const purpose = policy.purposes.get(name);
  const consent = purpose && consentOnRecord(state, policy, purpose);
  if (!consent || consent.act.at > at) return undefined;
  const end = endOfConsent(consent);
  return at < end ? end : undefined;
}
