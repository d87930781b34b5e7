import {
  DueDatesProjection,
  DueDatesView,
  PoliciesProjection,
  PreferencesView,
  type ReadModels,
} from '@consent-ledger/projections';
import type { Finding } from './finding.js';
import { formatCount } from './progress-display.js';
import { storedCheckpoint } from './stored-read-models.js';

const PAGE = 1_000;

/** Whether the index of due dates follows from the states and the policies that stand beside it. */
export function verifyDueDates(stored: ReadModels | undefined): Finding {
  if (!stored) return { isSound: true, text: 'are built from the preferences' };
  const policies = new PoliciesProjection(stored);
  const preferences = new PreferencesView(stored);
  const index = new DueDatesProjection({ readModels: stored, preferences, policies });
  if (storedCheckpoint(stored, index)?.version !== index.version)
    return { isSound: true, text: 'is of another release; the service builds it anew when it starts' };
  if (index.isUnderReview)
    return { isSound: true, text: 'is under review since a policy was published; the service finishes that' };
  const differing = differences(preferences, new DueDatesView(stored), index);
  if (differing === 0) return { isSound: true, text: 'follows from the preferences' };
  return {
    isSound: false,
    text: `${formatCount(differing)} rows differ from what the preferences say: "ledger rebuild --projection due-dates"`,
  };
}

function differences(preferences: PreferencesView, dueDates: DueDatesView, index: DueDatesProjection): number {
  let [expected, differing] = [0, 0];
  for (
    let page = preferences.page(undefined, PAGE);
    page.length > 0;
    page = preferences.page(page.at(-1)!.contactId, PAGE)
  )
    for (const { contactId, state } of page) {
      const dueAt = index.dueAtOf(state);
      if (dueAt !== undefined) expected += 1;
      if (dueDates.find(contactId) !== dueAt) differing += 1;
    }
  return differing + Math.max(0, dueDates.count() - expected);
}
