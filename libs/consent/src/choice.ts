import type { ContactState, Mark } from './contact.js';
import type { Instant } from './instant.js';
import type { Policy, Purpose } from './policy.js';
import { standingBounce, standingRectification, standingRestriction } from './standing.js';
import { Case, tableFor, type Reason } from './verdict-table.js';

/** Why no mail goes out for now, whatever the person chose. */
export type Hindrance = 'RESTRICTED' | 'UNDELIVERABLE';

/** What keeps back every mail to a contact for now, and since which event; `undefined` where nothing does (P9). */
export function hindranceOf(state: ContactState): { readonly reason: Hindrance; readonly mark: Mark } | undefined {
  const restricted = standingRestriction(state);
  if (restricted) return { reason: 'RESTRICTED', mark: restricted };
  const unreachable = standingBounce(state) ?? standingRectification(state);
  return unreachable && { reason: 'UNDELIVERABLE', mark: unreachable };
}

/** How a purpose stands by what the person chose. */
export interface Choice {
  readonly isOn: boolean;
  readonly reason: Reason;
  /** The events that it rests on. */
  readonly evidence: readonly Mark[];
}

/**
 * How a purpose stands at `at` by the verdict table without its hindrances: once those end, this is the verdict.
 * A person who chooses anew while mail is kept back must see what will come then.
 */
export function choiceOf(state: ContactState, policy: Policy, purpose: Purpose, at: Instant): Choice {
  const facts = new Case(state, policy, purpose, at);
  for (const { reason, basis, match } of tableFor(purpose)) {
    const found = isHindrance(reason) ? undefined : match(facts);
    if (found) return { isOn: basis !== null, reason, evidence: found.evidence };
  }
  throw new Error('The verdict table has no last row.');
}

function isHindrance(reason: Reason): reason is Hindrance {
  return reason === 'RESTRICTED' || reason === 'UNDELIVERABLE';
}
