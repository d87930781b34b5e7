import { isKnown } from './eligibility.js';
import type { ContactState } from './contact.js';
import { nothing, record, type Decision } from './decision.js';

/**
 * Erases a contact's personal data; at the person's request it counts as an opt-out from all commercial mail (P7). The
 * caller destroys the contact's key: this event says that it did.
 */
export function erase(state: ContactState, { reason }: { readonly reason: 'request' | 'retention' }): Decision {
  const { erased, erasedOnRequest } = state;
  const untouched = erased !== undefined && erased.at === state.latest;
  if (untouched && (reason === 'retention' || erasedOnRequest)) return nothing;
  if (reason === 'retention' && !isKnown(state)) return nothing;
  return record({ type: 'PersonalDataErased', data: { reason } });
}
