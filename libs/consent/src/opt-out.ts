import type { ContactState } from './contact.js';
import { nothing, record, refusePurposes, repeats, type Decision } from './decision.js';
import { standingOptOut } from './eligibility.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';

export interface OptOut {
  /** The purposes to stop, or `all` commercial mail, also of purposes that do not exist yet. */
  readonly purposes: readonly string[] | 'all';
  readonly occurredAt: Instant;
}

/**
 * Withdraws consent or objects, for some purposes or for all commercial mail (P4). `state` is the contact as it was at
 * `occurredAt`. An opt-out that stands already and was made just before is not recorded twice.
 */
export function optOut(state: ContactState, { purposes, occurredAt }: OptOut, policy: Policy): Decision {
  if (purposes === 'all') {
    const before = state.optOuts.filter((made) => made.purposes === 'all' && !state.undone.includes(made.id)).at(-1);
    const stands = before && !Object.values(state.given).some((given) => given.at > before.at);
    return stands && repeats(before, occurredAt, policy) ? nothing : record({ type: 'OptedOut', data: { purposes } });
  }
  const refused = refusePurposes(policy, purposes);
  if (refused) return refused;
  const news = purposes.filter((purpose) => !repeats(standingOptOut(state, purpose), occurredAt, policy));
  return news.length === 0 ? nothing : record({ type: 'OptedOut', data: { purposes: news } });
}

/** The opt-outs, by event id, that stand for the purpose or for all, and may be taken back: those named and no others. */
export function undoOptOut(state: ContactState, { optOutId }: { readonly optOutId: string }): Decision {
  const known = state.optOuts.some(({ id }) => id === optOutId);
  if (!known || state.undone.includes(optOutId)) return nothing;
  return record({ type: 'OptOutUndone', data: { optOutId } });
}
