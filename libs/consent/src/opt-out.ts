import type { ContactEvent, ContactState, OptOutMark } from './contact.js';
import { nothing, record, refusePurposes, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import type { PublishedPolicy } from './policy-history.js';
import { anyAfter, isAfter, isWithdrawn } from './standing.js';

export interface OptOut {
  /** The purposes to stop, or `all` commercial mail, also of purposes that do not exist yet. */
  readonly purposes: readonly string[] | 'all';
  readonly occurredAt: Instant;
  /** What a second copy of the same act bears too; absent where nothing tells one from another act. */
  readonly act?: string | undefined;
}

/**
 * Withdraws consent or objects, for some purposes or for all commercial mail (P4). `state` is the contact as it was at
 * `occurredAt`, `events` what is on record. Only a second copy of the same act, sent just after it and while it stands, is
 * not recorded: any other may be taken back by who made it, and this one must stand then. So is one of other purposes
 * recorded, even where it adds nothing yet. What any policy of `history` lets be stopped can be: a link or a page may be
 * older than the policy.
 */
export function optOut(
  { state, events }: { readonly state: ContactState; readonly events: readonly ContactEvent[] },
  { purposes, occurredAt, act }: OptOut,
  policy: Policy,
  history: readonly PublishedPolicy[] = [],
): Decision {
  if (purposes !== 'all') {
    const neverStoppable = purposes.filter((name) => !history.some((known) => isCommercial(name, known.policy)));
    const refused = refusePurposes(policy, neverStoppable);
    if (refused) return refused;
    if (purposes.length === 0) return nothing;
  }
  const scope = purposes === 'all' ? purposes : [...new Set(purposes)];
  const copies = act === undefined ? [] : events.filter((event) => event.act === act).map(({ id }) => id);
  const madeBefore = (made: OptOutMark) =>
    copies.includes(made.id) &&
    samePurposes(made.purposes, scope) &&
    stands(state, made) &&
    repeats(made, occurredAt, policy);
  return state.optOuts.some(madeBefore) ? nothing : record({ type: 'OptedOut', data: { purposes: scope } });
}

function isCommercial(purpose: string, { purposes }: Policy): boolean {
  return purposes.get(purpose)?.commercial === true;
}

/** Whether all of these purposes, or all commercial mail, was stopped by the person and not begun again (P4). */
export function isStopped(state: ContactState, purposes: readonly string[] | 'all'): boolean {
  const asked = purposes === 'all' ? [ANY_OTHER, ...Object.keys(state.given)] : purposes;
  return asked.every((purpose) => isWithdrawn(state, purpose));
}

/** Stands for a purpose that nobody ever named: only what stops all commercial mail stops it. */
const ANY_OTHER = '';

/** Takes back one opt-out, by its event id, and no other (P4): what stood before it stands again. */
export function undoOptOut(state: ContactState, { optOutId }: { readonly optOutId: string }): Decision {
  const known = state.optOuts.some(({ id }) => id === optOutId);
  if (!known || state.undone.includes(optOutId)) return nothing;
  return record({ type: 'OptOutUndone', data: { optOutId } });
}

/** What stays stopped of what an opt-out stopped, once that one is undone; none where anything comes back (P4). */
export function stillStopped(
  state: ContactState,
  { optOutId }: { readonly optOutId: string },
): readonly string[] | 'all' {
  const after = { ...state, undone: [...state.undone, optOutId] };
  if (isStopped(after, 'all')) return 'all';
  const { purposes } = state.optOuts.find(({ id }) => id === optOutId) ?? { purposes: [] };
  return purposes !== 'all' && isStopped(after, purposes) ? purposes : [];
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
