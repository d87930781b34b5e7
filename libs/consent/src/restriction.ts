import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';

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
  const { restricted: before, restrictionLifted } = state;
  const stands = before !== undefined && !(restrictionLifted && restrictionLifted.at > before.at);
  if (!restricted) return stands ? record({ type: 'RestrictionLifted', data: {} }) : nothing;
  if (stands && repeats(before, occurredAt, policy)) return nothing;
  return record({ type: 'ProcessingRestricted', data: {} });
}
