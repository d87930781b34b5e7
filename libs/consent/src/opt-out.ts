import type { ContactState, OptOutMark } from './contact.js';
import { nothing, record, refusePurposes, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { anyAfter, isAfter } from './standing.js';

export interface OptOut {
  /** The purposes to stop, or `all` commercial mail, also of purposes that do not exist yet. */
  readonly purposes: readonly string[] | 'all';
  readonly occurredAt: Instant;
}

/**
 * Withdraws consent or objects, for some purposes or for all commercial mail (P4). `state` is the contact as it was at
 * `occurredAt`. The same opt-out, made just before and still standing, is not recorded twice; one of other purposes is,
 * even where it adds nothing yet: undoing the wider one must not undo it too.
 */
export function optOut(state: ContactState, { purposes, occurredAt }: OptOut, policy: Policy): Decision {
  if (purposes !== 'all') {
    const refused = refusePurposes(policy, purposes);
    if (refused) return refused;
    if (purposes.length === 0) return nothing;
  }
  const scope = purposes === 'all' ? purposes : [...new Set(purposes)];
  const madeBefore = (made: OptOutMark) =>
    samePurposes(made.purposes, scope) && stands(state, made) && repeats(made, occurredAt, policy);
  return state.optOuts.some(madeBefore) ? nothing : record({ type: 'OptedOut', data: { purposes: scope } });
}

/** Takes back one opt-out, by its event id, and no other (P4): what stood before it stands again. */
export function undoOptOut(state: ContactState, { optOutId }: { readonly optOutId: string }): Decision {
  const known = state.optOuts.some(({ id }) => id === optOutId);
  if (!known || state.undone.includes(optOutId)) return nothing;
  return record({ type: 'OptOutUndone', data: { optOutId } });
}

function stands({ given, undone }: ContactState, made: OptOutMark): boolean {
  if (undone.includes(made.id)) return false;
  if (made.purposes === 'all') return !anyAfter(given, made);
  return !made.purposes.some((purpose) => isAfter(given[purpose], made));
}

function samePurposes(a: readonly string[] | 'all', b: readonly string[] | 'all'): boolean {
  if (a === 'all' || b === 'all') return a === b;
  return a.length === b.length && a.every((purpose) => b.includes(purpose));
}
