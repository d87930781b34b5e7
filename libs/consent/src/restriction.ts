import type { ContactState } from './contact.js';
import { nothing, record, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { isRestrictedFor, ownRestriction } from './standing.js';

export interface Restriction {
  readonly restricted: boolean;
  readonly occurredAt: Instant;
}

/**
 * Restricts the processing of a contact's data, or lifts that (P9). `state` is the contact as it was at `occurredAt`. What is
 * restricted while a request is judged stays so until that request is answered.
 */
export function restrictProcessing(
  state: ContactState,
  { restricted, occurredAt }: Restriction,
  policy: Policy,
): Decision {
  const standing = ownRestriction(state);
  if (!restricted) return standing ? record({ type: 'RestrictionLifted', data: {} }) : nothing;
  return repeats(standing, occurredAt, policy) ? nothing : record({ type: 'ProcessingRestricted', data: {} });
}

/** Restricts processing while a request of the person is judged (P9). */
export function restrictFor(state: ContactState, requestId: string): Decision {
  return isRestrictedFor(state, requestId) ? nothing : record({ type: 'ProcessingRestricted', data: { requestId } });
}

/** Lifts what was restricted while a request was judged; where that was asked for, processing stays restricted (P9). */
export function liftFor(state: ContactState, requestId: string, { keep }: { readonly keep: boolean }): Decision {
  if (!isRestrictedFor(state, requestId)) return nothing;
  const lifted = { type: 'RestrictionLifted', data: { requestId } } as const;
  return keep ? record({ type: 'ProcessingRestricted', data: {} }, lifted) : record(lifted);
}
