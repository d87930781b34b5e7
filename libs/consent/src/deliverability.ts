import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { anyAfter, standingBounce } from './standing.js';

export type DeliverabilityFact =
  | { readonly kind: 'bounced'; readonly permanent: boolean; readonly occurredAt: Instant }
  | { readonly kind: 'complained' | 'deliverable'; readonly occurredAt: Instant };

/**
 * Records what a mail provider says of an address: facts kept apart from the person's choice, save that a spam complaint
 * counts as an opt-out from all commercial mail (P4). `state` is the contact as it was at `occurredAt`.
 */
export function recordDeliverability(state: ContactState, fact: DeliverabilityFact, policy: Policy): Decision {
  const { complained, addressProven, given } = state;
  switch (fact.kind) {
    case 'bounced':
      if (fact.permanent && repeats(standingBounce(state), fact.occurredAt, policy)) return nothing;
      return record({ type: 'MailBounced', data: { permanent: fact.permanent } });
    case 'complained': {
      const stands = complained && !anyAfter(given, complained);
      return stands && repeats(complained, fact.occurredAt, policy)
        ? nothing
        : record({ type: 'SpamReported', data: {} });
    }
    case 'deliverable': {
      const proven = standingBounce(state) ? undefined : addressProven;
      return repeats(proven, fact.occurredAt, policy) ? nothing : record({ type: 'AddressProven', data: {} });
    }
  }
}
