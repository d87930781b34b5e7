import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { standingHold } from './standing.js';

export interface LegalHold {
  readonly held: boolean;
  readonly occurredAt: Instant;
}

/**
 * Places a legal hold on a contact's personal data, or lifts it (P7): while one stands nothing of it is erased. `state` is
 * the contact as it was at `occurredAt`.
 */
export function placeLegalHold(state: ContactState, { held, occurredAt }: LegalHold, policy: Policy): Decision {
  const standing = standingHold(state);
  if (!held) return standing ? record({ type: 'LegalHoldLifted', data: {} }) : nothing;
  return repeats(standing, occurredAt, policy) ? nothing : record({ type: 'LegalHoldPlaced', data: {} });
}
