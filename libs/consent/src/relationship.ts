import { runningAgreement } from './basis.js';
import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';

export type RelationshipFact =
  | { readonly kind: 'customer-started'; readonly conditions: readonly string[]; readonly occurredAt: Instant }
  | { readonly kind: 'customer-ended' | 'purchase' | 'contact'; readonly occurredAt: Instant };

/**
 * Records what binds a person to the controller (P2, P6). `state` is the contact as it was at `occurredAt`. An end that
 * repeats one is an end of its own: a start between the two may still be to come.
 */
export function recordRelationship(state: ContactState, fact: RelationshipFact, policy: Policy): Decision {
  switch (fact.kind) {
    case 'customer-started':
      return startCustomer(state, [...new Set(fact.conditions)].sort());
    case 'customer-ended':
      if (!runningAgreement(state) && repeats(state.customerEnded, fact.occurredAt, policy)) return nothing;
      return record({ type: 'CustomerEnded', data: {} });
    case 'purchase':
      return state.purchased?.at === fact.occurredAt ? nothing : record({ type: 'PurchaseMade', data: {} });
    case 'contact':
      return state.contacted?.at === fact.occurredAt ? nothing : record({ type: 'ContactMade', data: {} });
  }
}

function startCustomer(state: ContactState, conditions: readonly string[]): Decision {
  const running = runningAgreement(state);
  if (running && sameNames(running.conditions, conditions)) return nothing;
  return record({ type: 'CustomerStarted', data: { conditions } });
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name));
}
