import type { SendOutcome } from './mail-transport.js';

/** What nodemailer says of a message that a server did not take, and how far the message had gone by then. */
export interface SmtpFailure {
  readonly error: unknown;
  /** Whether the whole message, with the dot that ends it, was handed to the connection. */
  readonly transmitted: boolean;
}

/** The replies that are about this service's log-in (RFC 4954, RFC 3207), not about the message. */
const LOG_IN_REPLIES = new Set([530, 534, 535, 538]);

/**
 * The outcome of a failed SMTP transaction (RFC 5321 §4.2.1). A 5yz reply to the message rejects it; a 4yz reply, a refusal
 * of the connection or the log-in, and a loss before the message was through defer it; a loss after that leaves it unknown.
 */
export function outcomeOf({ error, transmitted }: SmtpFailure): SendOutcome {
  const { responseCode, code, command, permanent } = fieldsOf(error);
  const reason = reasonOf(error);
  if (responseCode === undefined && transmitted) return { status: 'unknown', code: reason };
  if (code !== 'EENVELOPE' && code !== 'EMESSAGE') return { status: 'deferred', code: reason };

  const refusedHere = responseCode === undefined;
  const refusedThere = permanent === true && !LOG_IN_REPLIES.has(responseCode ?? 0);
  if (!refusedHere && !refusedThere) return { status: 'deferred', code: reason };
  return { status: 'rejected', code: reason, at: command === 'RCPT TO' ? 'recipient' : 'message' };
}

/** The code of a reply and its enhanced status code, without its words: `250 2.0.0`. */
export function replyCode(reply: string): string | undefined {
  const parts = /^(\d{3})(?:[ -](\d\.\d{1,3}\.\d{1,3})(?!\S))?/.exec(reply);
  if (!parts) return undefined;
  return parts[2] === undefined ? parts[1] : `${parts[1]} ${parts[2]}`;
}

/** Why, in codes only: that of the reply, else that of the system, else nodemailer's. */
export function reasonOf(error: unknown): string {
  const { response, originalCode, code } = fieldsOf(error);
  const reply = response === undefined ? undefined : replyCode(response);
  return reply ?? [originalCode, code].find((name) => name !== undefined && /^[A-Z][A-Z0-9_]*$/.test(name)) ?? 'CLOSED';
}

interface SmtpErrorFields {
  readonly responseCode?: number;
  readonly response?: string;
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly permanent?: boolean;
}

function fieldsOf(error: unknown): SmtpErrorFields {
  return typeof error === 'object' && error !== null ? error : {};
}
