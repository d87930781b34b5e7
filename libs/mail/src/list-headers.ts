import { encodeWord } from 'nodemailer/lib/mime-funcs';
import { headerText, readAddress } from './mailbox.js';
import { MessageRefused } from './message-refused.js';

/** The list that a purpose's mails belong to: `<purpose.host>` with a name for people (RFC 2919). */
export interface MailingList {
  readonly purpose: string;
  readonly host: string;
  readonly name: string;
}

/** Both ways out of a list: a POST to `url` (RFC 8058) and a mail to `address` with the token as its subject (RFC 6068). */
export interface Unsubscribe {
  readonly url: string;
  readonly address: string;
  readonly token: string;
}

/** A header that is written as it stands. */
export interface PreparedHeader {
  readonly prepared: true;
  readonly value: string;
}

/**
 * The three headers that every commercial message bears (RFC 8058 §3.1, RFC 2369, RFC 2919). Throws `INVALID_LIST` and
 * `INSECURE_UNSUBSCRIBE_URL`.
 */
export function listHeaders(list: MailingList, unsubscribe: Unsubscribe): Record<string, PreparedHeader> {
  return {
    'List-Id': prepared(listId(list)),
    'List-Unsubscribe': prepared(`<${mailtoUri(unsubscribe)}>,\r\n <${oneClickUri(unsubscribe.url)}>`),
    'List-Unsubscribe-Post': prepared('List-Unsubscribe=One-Click'),
  };
}

function listId({ purpose, host, name }: MailingList): string {
  const id = `${purpose}.${host}`;
  if (!/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+$/.test(id) || id.length > 255)
    throw new MessageRefused('INVALID_LIST', `"${id}" cannot be a List-Id: it must be a purpose and a host name.`);
  return `${phrase(headerText(name, 'INVALID_LIST', 'The name of the list'))} <${id}>`;
}

function phrase(name: string): string {
  if (/^[\x20-\x7e]*$/.test(name)) return `"${name.replace(/["\\]/g, '\\$&')}"`;
  return encodeWord(name, 'Q', 52);
}

function mailtoUri({ address, token }: Unsubscribe): string {
  const { local, domain } = readAddress(address);
  return `mailto:${encodeURIComponent(local)}@${domain}?subject=${encodeURIComponent(token)}`;
}

function oneClickUri(url: string): string {
  if (!URL.canParse(url)) throw insecure();
  const { protocol, hostname, href } = new URL(url);
  if (protocol === 'https:' || (protocol === 'http:' && isLocal(hostname))) return href;
  throw insecure();
}

/** Whether a host is out of reach of the internet, so that a trial without a certificate can still be made. */
function isLocal(hostname: string): boolean {
  return /^127\.|^\[::1\]$|^[a-z0-9_-]+$|\.(?:localhost|local|internal|test|example|invalid)$/.test(hostname);
}

function insecure(): MessageRefused {
  return new MessageRefused(
    'INSECURE_UNSUBSCRIBE_URL',
    'The unsubscribe URL must be https (RFC 8058): set PUBLIC_URL to an https address.',
  );
}

function prepared(value: string): PreparedHeader {
  return { prepared: true, value };
}
