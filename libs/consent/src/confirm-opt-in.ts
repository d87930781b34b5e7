import type { CarriedOptOut, ContactEvent } from './contact.js';
import { nothing, record, refuse, type Decision } from './decision.js';

/**
 * Confirms the opt-in that was asked for by double opt-in: consent counts from this act on (P3). A confirmation that was
 * overtaken by an opt-out, a complaint or an erasure is refused: the person must ask again (P4). `events` is everything
 * on record of the contact.
 */
export function confirmOptIn(events: readonly ContactEvent[], command: { readonly requestId: string }): Decision {
  const request = events.find(({ id }) => id === command.requestId);
  if (request?.type !== 'OptInRequested')
    return refuse('NO_SUCH_REQUEST', 'No opt-in that waits for a confirmation belongs to this link.');
  if (events.some((event) => event.type === 'OptInConfirmed' && event.data.requestId === request.id)) return nothing;

  const undone = events.filter((event) => event.type === 'OptOutUndone').map(({ data }) => data.optOutId);
  const later = events.filter(({ id, occurredAt }) => occurredAt >= request.occurredAt && !undone.includes(id));
  const { purposes, statement } = request.data;
  if (later.some((event) => overtakes(event, purposes)))
    return refuse('REQUEST_OVERTAKEN', 'Something later stands against this opt-in; ask for it again.');
  return record({ type: 'OptInConfirmed', data: { purposes, statement, requestId: request.id } });
}

function overtakes(event: ContactEvent, purposes: readonly string[]): boolean {
  if (event.type === 'PersonalDataErased' || event.type === 'SpamReported') return true;
  if (event.type === 'PreferencesCarriedOver') return event.data.optOuts.some((optOut) => stops(optOut, purposes));
  return event.type === 'OptedOut' && stops(event.data, purposes);
}

function stops(
  { purposes: stopped, except = [] }: Omit<CarriedOptOut, 'optOutId'>,
  purposes: readonly string[],
): boolean {
  return purposes.some((purpose) => (stopped === 'all' || stopped.includes(purpose)) && !except.includes(purpose));
}
