import { domainToASCII } from 'node:url';
import { MessageRefused, type MessageFault } from './message-refused.js';

/** An address with the name that is shown for it. */
export interface Mailbox {
  readonly address: string;
  readonly name?: string;
}

/** A mailbox taken apart; `domain` is in A-labels (RFC 5890). */
export interface MailAddress {
  readonly local: string;
  readonly domain: string;
  readonly spec: string;
}

/** Takes an address apart and writes its domain in A-labels. Throws `INVALID_ADDRESS`, which does not repeat it. */
export function readAddress(address: string): MailAddress {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(at, 0));
  const domain = domainToASCII(address.slice(at + 1));
  if (at < 1 || domain === '' || /[\s\p{Cc}<>@]/u.test(local))
    throw new MessageRefused('INVALID_ADDRESS', 'A mail address is not of the form local@domain.');
  return { local, domain, spec: `${local}@${domain}` };
}

/**
 * Passes text that is to stand in a header and throws the fault for a line break or another control character, which would
 * let it write headers of its own.
 */
export function headerText(text: string, fault: MessageFault, what: string): string {
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text))
    throw new MessageRefused(fault, `${what} holds a line break or another control character.`);
  return text;
}
