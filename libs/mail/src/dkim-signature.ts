import { buffer } from 'node:stream/consumers';
import DKIM from 'nodemailer/lib/dkim';
import type { DkimKey } from './dkim-key.js';

/** Puts signatures on top of a message; the same message gives the same bytes. */
export type MessageSigner = (raw: Buffer) => Promise<Buffer>;

/** What a reader is shown, what a provider's unsubscribe button is made of, and what providers count by; nodemailer's own list lacks half of it. */
const SIGNED = [
  'From',
  'Reply-To',
  'To',
  'Cc',
  'Subject',
  'Date',
  'Message-ID',
  'MIME-Version',
  'Content-Type',
  'Content-Transfer-Encoding',
  'Content-Language',
  'List-Id',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Feedback-ID',
  'Auto-Submitted',
];

/**
 * Signs messages with DKIM (RFC 6376), `relaxed/relaxed`, once with each key. `h=` covers the List- headers as RFC 8058 §4
 * wants it; without `t=`, so that the same message is the same bytes. Throws when a key gave no signature.
 */
export function createDkimSigner(keys: readonly DkimKey[]): MessageSigner {
  const dkim = new DKIM({
    headerFieldNames: SIGNED.join(':'),
    keys: keys.map(({ domain, selector, pem }) => ({ domainName: domain, keySelector: selector, privateKey: pem })),
  });
  return async (raw) => {
    const signed = await buffer(dkim.sign(raw));
    // nodemailer leaves out a signature that it cannot make, and says nothing.
    if (signaturesOn(signed) < keys.length) throw new Error('A message could not be signed with every DKIM key.');
    return signed;
  };
}

/** How many signatures stand on top of a message. */
function signaturesOn(message: Buffer): number {
  const headers = message.toString('latin1', 0, message.indexOf('\r\n\r\n'));
  return headers.split(/\r\n(?![ \t])/).filter((header) => header.startsWith('DKIM-Signature:')).length;
}
