import type { JsonObject } from '@consent-ledger/event-store';
import { deterministicId } from '@consent-ledger/platform';

/** Under these ids stand the messages that belong to no mailing, which the service sends of itself. No mailing takes one. */
export const CONFIRMATIONS = 'opt-in-confirmations';
export const RECONSENT = 'reconsent-prompts';
export const PREFERENCE_LINKS = 'preference-links';

/**
 * On what occasion a message is sent: a mailing, an opt-in that waits for its confirmation, consent that is to be renewed,
 * a link to the preference page that somebody asked for.
 */
export type Occasion = 'mailing' | 'confirmation' | 'reconsent' | 'preferences';

const ownOccasions: ReadonlyMap<string, Occasion> = new Map([
  [CONFIRMATIONS, 'confirmation'],
  [RECONSENT, 'reconsent'],
  [PREFERENCE_LINKS, 'preferences'],
]);

/** The occasion that the messages under this mailing id are sent on. */
export function occasionOf(mailingId: string): Occasion {
  return ownOccasions.get(mailingId) ?? 'mailing';
}

/**
 * One message to one contact, as `DeliveryRequested` says it. The address and the variables are sealed beside it, except
 * with a preference link: that goes to the address on record, and anybody may ask for it with anybody's.
 */
export interface Delivery {
  readonly deliveryId: string;
  readonly mailingId: string;
  readonly contactId: string;
  readonly purpose: string;
  readonly template: string;
  readonly language: string;
  /** The opt-in that waits for this message; only for a confirmation. */
  readonly requestId?: string;
  /** The prompt that this message puts to the person, or reminds of; only for re-consent. */
  readonly promptId?: string;
  /** The delivery of the prompt that this message reminds of. */
  readonly remindsOf?: string;
  /** Before when it does not go out, RFC 3339; at once when absent. */
  readonly notBefore?: string;
  /** What the opt-in is for, or the prompt asks about. */
  readonly requestedPurposes?: readonly string[];
}

/** What is sealed of a delivery. */
export interface DeliverySecrets {
  readonly address: string;
  readonly variables: JsonObject;
}

/** The id of the one delivery of a mailing to a contact: the same recipient twice is the same delivery. */
export function deliveryIdOf(mailingId: string, contactId: string): string {
  return deterministicId('delivery', mailingId, contactId);
}
