import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { standingRestriction } from './standing.js';

export interface Restriction {
  readonly restricted: boolean;
  readonly occurredAt: Instant;
}

/** Restricts the processing of a contact's data, or lifts that (P9). `state` is the contact as it was at `occurredAt`. */
export function restrictProcessing(
  state: ContactState,
  { restricted, occurredAt }: Restriction,
  policy: Policy,
): Decision {
  const standing = standingRestriction(state);
  if (!restricted) return standing ? record({ type: 'RestrictionLifted', data: {} }) : nothing;
  return repeats(standing, occurredAt, policy) ? nothing : record({ type: 'ProcessingRestricted', data: {} });
}
