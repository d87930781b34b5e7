import type { RecordedEvent } from '@consent-ledger/event-store';

const DELIVERY = 'delivery-';
const MAILING = 'mailing-';

/** The stream of one message to one contact. */
export function deliveryStream(deliveryId: string): string {
  return DELIVERY + deliveryId;
}

/** The stream of a mailing: a message to many. */
export function mailingStream(mailingId: string): string {
  return MAILING + mailingId;
}

/** What the projection reads of a mailing's events; they may hold more. */
export interface MailingEventData {
  MailingCreated: { mailingId: string; purpose: string; template: string; language: string; subject?: string };
}

/** What the projection reads of a delivery's events; they may hold more. */
export interface DeliveryEventData {
  DeliveryRequested: { deliveryId: string; mailingId: string; contactId: string; purpose: string };
  /** The message is about to be handed over: from here on a crash leaves the outcome unknown. */
  DeliveryStarted: { attempt: number };
  MailSent: Record<string, unknown>;
  /** The verdict was no; `reason` is its reason. */
  DeliverySuppressed: { reason: string };
  /** `retryAt` is RFC 3339; `code` the SMTP reply's. */
  DeliveryDeferred: { attempt: number; retryAt: string; code?: string };
  DeliveryFailed: { code?: string };
  DeliveryOutcomeUnknown: Record<string, never>;
}

/** An event of a mailing's or a delivery's stream. */
export type MailEvent =
  | { [T in keyof MailingEventData]: MailEventIn<'mailing', T, MailingEventData[T]> }[keyof MailingEventData]
  | { [T in keyof DeliveryEventData]: MailEventIn<'delivery', T, DeliveryEventData[T]> }[keyof DeliveryEventData];

interface MailEventIn<K, T, D> {
  readonly kind: K;
  /** The id of the mailing or delivery, as the stream names it. */
  readonly id: string;
  readonly type: T;
  readonly data: D;
}

/** Reads a stored event of a mailing or a delivery; `undefined` when its stream is neither's. */
export function mailEventOf({ streamId, type, data }: RecordedEvent): MailEvent | undefined {
  if (streamId.startsWith(DELIVERY))
    return { kind: 'delivery', id: streamId.slice(DELIVERY.length), type, data } as unknown as MailEvent;
  if (streamId.startsWith(MAILING))
    return { kind: 'mailing', id: streamId.slice(MAILING.length), type, data } as unknown as MailEvent;
  return undefined;
}
