import type { ComposedMessage } from './compose-message.js';

/** A message to hand over. The same `deliveryId` is the same message. */
export interface OutgoingMessage extends Pick<ComposedMessage, 'raw' | 'envelope'> {
  readonly deliveryId: string;
}

/**
 * How handing over a message ended. `code` and `response` hold a reply's code and enhanced status code (RFC 3463), or the
 * code of a system error; never the words of a reply, which quote addresses.
 * - `sent`: it was taken over.
 * - `deferred`: it was not, and may be later.
 * - `rejected`: it never will be; `at` says whether the recipient or the message was refused.
 * - `unknown`: it may have been taken over: sending it again might send it twice.
 */
export type SendOutcome =
  | { readonly status: 'sent'; readonly response: string }
  | { readonly status: 'deferred'; readonly code?: string }
  | { readonly status: 'rejected'; readonly code?: string; readonly at: 'recipient' | 'message' }
  | { readonly status: 'unknown'; readonly code?: string };

/** Takes messages to where they leave this service. */
export interface MailTransport {
  /** Hands a message over. Failures are outcomes; only a malformed delivery id rejects. */
  send(message: OutgoingMessage): Promise<SendOutcome>;
  /** Whether an earlier `send` took this delivery over; absent where that cannot be told. */
  wasSent?(deliveryId: string): Promise<boolean>;
  /** Rejects with `MailTransportUnavailable` when messages cannot be handed over now. */
  verify(): Promise<void>;
  /** Finishes what is under way, defers what has not begun and lets go of every resource. */
  close(): Promise<void>;
}

/** The way out for mail does not work. `reason` is a reply's code or that of a system error. */
export class MailTransportUnavailable extends Error {
  readonly code = 'MAIL_TRANSPORT_UNAVAILABLE';
  constructor(readonly reason: string) {
    super(`Mail cannot be handed over now (${reason}).`);
  }
}
