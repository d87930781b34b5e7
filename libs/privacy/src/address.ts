import { domainToASCII } from 'node:url';

/** The text is no address that mail can be sent to. The message says why; it never repeats the text. */
export class InvalidAddress extends Error {
  readonly code = 'INVALID_ADDRESS';
  constructor(why: string) {
    super(`The address ${why}.`);
  }
}

/** RFC 5321 §4.5.3.1, erratum 1690: octets of a local part and of a whole address. */
const MAX_LOCAL_OCTETS = 64;
export const MAX_ADDRESS_OCTETS = 254;

/** More than any valid address has before it is composed and its domain encoded; bounds the work on garbage. */
const MAX_RAW_LENGTH = 1024;

const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/** Addresses for which the whole rule comes down to lower case: nearly all, and the hottest path of the service. */
const PLAIN = new RegExp(
  `^(?=.{3,${MAX_ADDRESS_OCTETS}}$)(?=[^@]{1,${MAX_LOCAL_OCTETS}}@)` +
    `${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+[A-Za-z]{1,63}$`,
);

const DOT_ATOM =
  /^[a-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[a-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*$/u;
const UNSEEN = /[\p{C}\p{Z}]/u;
/** `domainToASCII` reads a host as a URL does: it would decode `%40` and stop at a `/`. */
const NOT_IN_DOMAIN = /[^A-Za-z0-9.\-\u0080-\uffff]/;
const HOST_LABEL = new RegExp(`^${LABEL}$`);

/**
 * The one form of an e-mail address by which a contact is known: trimmed, NFC, domain as lower-case A-label, local part
 * in lower case; dots and plus tags stand. Internationalised addresses (RFC 6531) are taken; quoted local parts, IP
 * literals and domains of one label are not. Throws `InvalidAddress`.
 */
export function normaliseAddress(raw: string): string {
  const trimmed = raw.trim();
  return PLAIN.test(trimmed) ? trimmed.toLowerCase() : normaliseFully(trimmed);
}

const DOTS_DO_NOT_COUNT: ReadonlySet<string> = new Set(['gmail.com', 'googlemail.com']);

/**
 * The mailbox that an address in normal form most likely leads to: without its plus tag and, at Gmail, without dots. Only
 * for bounds on mail: whose an address is, is told by all of it.
 */
export function mailboxOf(normalised: string): string {
  const [local, domain] = normalised.split('@') as [string, string];
  const untagged = local.replace(/(?!^)\+.*/, '');
  return DOTS_DO_NOT_COUNT.has(domain) ? `${untagged.replaceAll('.', '')}@gmail.com` : `${untagged}@${domain}`;
}

function normaliseFully(trimmed: string): string {
  if (trimmed === '') throw new InvalidAddress('is empty');
  if (trimmed.length > MAX_RAW_LENGTH) throw tooLong();
  const composed = trimmed.normalize('NFC');
  if (composed.startsWith('"')) throw new InvalidAddress('has a quoted local part, which is not supported');
  const at = composed.indexOf('@');
  if (at === -1) throw new InvalidAddress('has no "@"');
  if (composed.indexOf('@', at + 1) !== -1) throw new InvalidAddress('has more than one "@"');

  const address = `${normaliseLocalPart(composed.slice(0, at))}@${normaliseDomain(composed.slice(at + 1))}`;
  if (Buffer.byteLength(address) > MAX_ADDRESS_OCTETS) throw tooLong();
  return address;
}

function normaliseLocalPart(composed: string): string {
  const local = composed.toLowerCase().normalize('NFC');
  if (local === '') throw new InvalidAddress('has nothing before the "@"');
  if (UNSEEN.test(local)) throw new InvalidAddress('has a space or an invisible character before the "@"');
  if (`.${local}.`.includes('..'))
    throw new InvalidAddress('has a dot before the "@" that stands first, last or beside another');
  if (!DOT_ATOM.test(local)) throw new InvalidAddress('has a character before the "@" that is not allowed there');
  if (Buffer.byteLength(local) > MAX_LOCAL_OCTETS)
    throw new InvalidAddress(`has more than ${MAX_LOCAL_OCTETS} octets before the "@"`);
  return local;
}

function normaliseDomain(composed: string): string {
  if (composed === '') throw new InvalidAddress('has nothing after the "@"');
  if (composed.startsWith('[')) throw new InvalidAddress('has an IP address for a domain, which is not supported');
  if (NOT_IN_DOMAIN.test(composed)) throw new InvalidAddress('has a character in its domain that is not allowed there');
  const labels = domainToASCII(composed).split('.');
  if (!labels.every((label) => HOST_LABEL.test(label))) throw new InvalidAddress('has a domain that cannot exist');
  if (labels.length === 1) throw new InvalidAddress('has a domain without a dot');
  if (/^\d+$/.test(labels.at(-1)!))
    throw new InvalidAddress('has an IP address or a number for a domain, which is not supported');
  return labels.join('.');
}

function tooLong(): InvalidAddress {
  return new InvalidAddress(`is longer than ${MAX_ADDRESS_OCTETS} octets`);
}
