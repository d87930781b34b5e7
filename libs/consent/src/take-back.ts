import type { ContactState } from './contact.js';
import { nothing, record, type Decision } from './decision.js';

/**
 * Takes back opt-ins that another party reported, by their event ids: what stands without them stands again. An act of the
 * person is passed over, and so is what was taken back already. An opt-out, a complaint or a bounce cannot be taken back
 * so: the person would hear again from those they left (P4, law 2). What was carried over to another address is taken back
 * there (P9).
 */
export function takeBackOptIns(state: ContactState, { optInIds }: { readonly optInIds: readonly string[] }): Decision {
  const reports = [...state.reports, ...state.carriedReports].map(({ id }) => id);
  const standing = reports.filter((id) => !state.takenBack.includes(id));
  const takenBack = [...new Set(optInIds)].filter((id) => standing.includes(id)).sort();
  return takenBack.length === 0 ? nothing : record({ type: 'OptInTakenBack', data: { optInIds: takenBack } });
}
