import type { JsonObject } from '@consent-ledger/event-store';
import { deterministicId } from '@consent-ledger/platform';

/** Messages that belong to no mailing: the mails that ask to confirm an opt-in. */
export const CONFIRMATIONS = 'opt-in-confirmations';

/** One message to one contact, as `DeliveryRequested` says it. The address and the variables are sealed beside it. */
export interface Delivery {
  readonly deliveryId: string;
  readonly mailingId: string;
  readonly contactId: string;
  readonly purpose: string;
  readonly template: string;
  readonly language: string;
  /** The opt-in that waits for this message; only for a confirmation. */
  readonly requestId?: string;
  /** What that opt-in is for. */
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
