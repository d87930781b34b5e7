import type { ContactState } from './contact.js';
import { nothing, record, refuse, type Decision } from './decision.js';
import { dueEvent, forecast, type Due } from './due-dates.js';
import type { Instant } from './instant.js';
import { policyInForce, type PolicyHistory } from './policy-history.js';
import { retentionOf, type Ground } from './retention.js';
import { standingHold } from './standing.js';

export interface ErasureRequest {
  /** When it was asked for, RFC 3339. */
  readonly requestedAt?: string;
}

/**
 * Erases a contact's personal data at the person's request, which counts as an opt-out from all commercial mail (P7), also
 * for a contact never heard of. Nothing is recorded twice while nothing came after; refuses `LEGAL_HOLD` while one stands.
 * The caller destroys the contact's key: this event says that it did.
 */
export function eraseOnRequest(state: ContactState, { requestedAt }: ErasureRequest): Decision {
  if (state.erasedOnRequest && state.erasedOnRequest.at === state.latest) return nothing;
  if (standingHold(state)) return underLegalHold;
  const data = { reason: 'request', ...(requestedAt !== undefined && { requestedAt }) } as const;
  return record({ type: 'PersonalDataErased', data });
}

/**
 * Erases what no ground holds any longer at an instant (P7); it occurred when the last ground ended. Nothing is recorded
 * where nothing is held. Refuses `LEGAL_HOLD` while one stands, and `RETENTION_NOT_ENDED` with the grounds that still hold.
 * The caller destroys the contact's key: this event says that it did.
 */
export function eraseByRetention(state: ContactState, history: PolicyHistory, at: Instant): Decision {
  const { grounds } = retentionOf(state, policyInForce(history, at, at));
  if (grounds.length === 0) return nothing;
  if (standingHold(state)) return underLegalHold;
  const due = retentionEndBy(state, history, at);
  if (due) return { events: [dueEvent(due)], occurredAt: due.at };
  const holding = grounds.filter(({ endsAt }) => endsAt > at);
  const detail = `The data is still held: ${holding.map(tellGround).join('; ')}. Ask again when the last of these has ended. If the person asks for the erasure, its reason is "request".`;
  return { refused: { code: 'RETENTION_NOT_ENDED', detail, grounds: holding } };
}

export type RetentionEnd = Extract<Due, { kind: 'retention-end' }>;

/** The end of retention that fell due by an instant, inclusive, and is not on record; `undefined` when there is none (P7). */
export function retentionEndBy(state: ContactState, history: PolicyHistory, by: Instant): RetentionEnd | undefined {
  for (const due of forecast(state, history, by + 1)) if (due.kind === 'retention-end') return due;
  return undefined;
}

/** A ground in words: what holds, for which purpose, until when. */
export function tellGround({ ground, purpose, endsAt }: Ground): string {
  const what = purpose === undefined ? ground : `${ground} for ${purpose}`;
  return Number.isFinite(endsAt) ? `${what} until ${new Date(endsAt).toISOString()}` : `${what} until it is lifted`;
}

const underLegalHold = refuse(
  'LEGAL_HOLD',
  'A legal hold stands on this data, so nothing was erased. Lift it with POST /v1/legal-holds once the matter is closed, and ask again. Until then record the opt-out with POST /v1/opt-outs, and restrict the processing with POST /v1/restrictions.',
);
