import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';

export type DeliverabilityFact =
  | { readonly kind: 'bounced'; readonly permanent: boolean; readonly occurredAt: Instant }
  | { readonly kind: 'complained' | 'deliverable'; readonly occurredAt: Instant };

/**
 * Records what a mail provider says of an address: facts kept apart from the person's choice, save that a spam complaint
 * counts as an opt-out from all commercial mail (P4). `state` is the contact as it was at `occurredAt`.
 */
export function recordDeliverability(state: ContactState, fact: DeliverabilityFact, policy: Policy): Decision {
  const { bounced, complained, addressProven } = state;
  switch (fact.kind) {
    case 'bounced': {
      const stands = bounced && !(addressProven && addressProven.at > bounced.at);
      if (fact.permanent && stands && repeats(bounced, fact.occurredAt, policy)) return nothing;
      return record({ type: 'MailBounced', data: { permanent: fact.permanent } });
    }
    case 'complained': {
      const stands = complained && !Object.values(state.given).some((given) => given.at > complained.at);
      if (stands && repeats(complained, fact.occurredAt, policy)) return nothing;
      return record({ type: 'SpamReported', data: {} });
    }
    case 'deliverable': {
      const stands = addressProven && !(bounced && bounced.at >= addressProven.at);
      if (stands && repeats(addressProven, fact.occurredAt, policy)) return nothing;
      return record({ type: 'AddressProven', data: {} });
    }
  }
}
