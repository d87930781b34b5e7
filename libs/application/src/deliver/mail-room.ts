import type { AskedPurpose, Policy } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import type { Delivery } from './delivery.js';

/** All that one message is made of. */
export interface Letter {
  readonly delivery: Delivery;
  readonly address: string;
  /** The mailing's variables, overlaid by the recipient's own. */
  readonly variables: JsonObject;
  /** The mailing's subject; the messages that the service sends of itself have their own. */
  readonly subject: string | undefined;
  readonly policy: Policy;
  /** P5: what a re-consent prompt asks about, and until when an answer counts. */
  readonly asked?: readonly AskedPurpose[];
  /** When the delivery was requested: the date of the message, the same at every try. */
  readonly date: number;
}

/** A message, made and ready to be handed over. */
export interface PreparedMail {
  /** Hands it over once; what came of it is a value, not an error. Codes hold no address. */
  send(): Promise<SendOutcome>;
}

export type SendOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'deferred' | 'rejected'; readonly code?: string }
  /** Handed over, but the answer was lost: it may have been sent, and is not sent again. */
  | { readonly status: 'unknown' };

/** The template refuses what it was given: the message cannot be made, now or later. */
export class UnmakeableMessage extends Error {
  readonly code = 'MESSAGE_REFUSED';
}

/** Makes messages and hands them over. The mailer app brings it: the application knows neither MIME nor SMTP. */
export interface MailRoom {
  /** Rejects with `UnmakeableMessage` when the template refuses it; the message says why and holds no personal data. */
  prepare(letter: Letter): Promise<PreparedMail>;
  /** Whether a message that was under way in a crash went out; `undefined` where that cannot be known. */
  wasSent(deliveryId: string): Promise<boolean | undefined>;
}
