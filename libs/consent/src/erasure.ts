import type { ContactState } from './contact.js';
import { nothing, record, type Decision } from './decision.js';
import { isKnown } from './standing.js';

export interface Erasure {
  readonly reason: 'request' | 'retention';
  /** When it was asked for, RFC 3339. */
  readonly requestedAt?: string;
}

/**
 * Erases a contact's personal data; at the person's request it counts as an opt-out from all commercial mail (P7), also
 * for a contact never heard of. Nothing is recorded twice while nothing came after. The caller destroys the contact's
 * key: this event says that it did.
 */
export function erase(state: ContactState, { reason, requestedAt }: Erasure): Decision {
  if (reason === 'retention' && !isKnown(state)) return nothing;
  const before = reason === 'request' ? state.erasedOnRequest : state.erased;
  if (before && before.at === state.latest) return nothing;
  return record({ type: 'PersonalDataErased', data: { reason, ...(requestedAt !== undefined && { requestedAt }) } });
}
