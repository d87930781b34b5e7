import { createHash, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { Instant } from '@consent-ledger/consent';
import type { DkimKey } from './dkim-key.js';

/** Puts a signature on top of a message; the same message and date give the same bytes. */
export type MessageSigner = (raw: Buffer, date: Instant) => Promise<Buffer>;

/**
 * What a reader is shown, and what a provider's unsubscribe button is made of. Each is signed once more than it is there
 * (RFC 6376 §8.15), so that nobody can put another one on top of it.
 */
const SEALED = [
  'From',
  'Reply-To',
  'To',
  'Cc',
  'Subject',
  'Date',
  'Message-ID',
  'MIME-Version',
  'Content-Type',
  'List-Id',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
] as const;

/** Signed where they are there. */
const SIGNED = ['Content-Language', 'Content-Transfer-Encoding', 'Feedback-ID', 'Auto-Submitted'] as const;

const LINE = 72;

/** On a thread of its own: an RSA signature takes a millisecond, in which nobody else would be answered. */
const signAside = promisify(sign);

/**
 * Signs messages with DKIM (RFC 6376, RFC 8463), `relaxed/relaxed`, once with each key. `h=` covers the List- headers as
 * RFC 8058 §4 wants it; `t=` is the date of the message.
 */
export function createDkimSigner(keys: readonly DkimKey[]): MessageSigner {
  return async (raw, date) => {
    const message = takeApart(raw);
    const signatures = await Promise.all(keys.map((key) => signature(message, key, date)));
    return Buffer.concat([Buffer.from(signatures.join(''), 'latin1'), raw]);
  };
}

interface Header {
  /** In lower case. */
  readonly name: string;
  /** Canonical, with its name. */
  readonly line: string;
}

interface CanonicalMessage {
  readonly headers: readonly Header[];
  readonly bodyHash: string;
}

/** One byte a character, as the canonical form is one of bytes. */
function takeApart(raw: Buffer): CanonicalMessage {
  const end = raw.indexOf('\r\n\r\n');
  const head = raw.toString('latin1', 0, end);
  const body = relaxedBody(raw.toString('latin1', end + 4));
  return {
    headers: head.split(/\r\n(?![ \t])/).map(headerIn),
    bodyHash: createHash('sha256').update(body, 'latin1').digest('base64'),
  };
}

function headerIn(field: string): Header {
  const line = relaxedHeader(field);
  return { name: line.slice(0, line.indexOf(':')), line };
}

/** RFC 6376 §3.4.2. */
function relaxedHeader(field: string): string {
  const colon = field.indexOf(':');
  const value = field.slice(colon + 1).replace(/\r\n/g, '');
  return `${field.slice(0, colon).trimEnd().toLowerCase()}:${value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '')}`;
}

/** RFC 6376 §3.4.4. */
function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const last = lines.findLastIndex((line) => line !== '');
  return lines
    .slice(0, last + 1)
    .map((line) => `${line}\r\n`)
    .join('');
}

async function signature({ headers, bodyHash }: CanonicalMessage, key: DkimKey, date: Instant): Promise<string> {
  const names = signedNames(headers);
  const field = [
    `DKIM-Signature: v=1; a=${key.algorithm}; c=relaxed/relaxed; d=${key.domain};`,
    ` s=${key.selector}; t=${Math.floor(date / 1000)};`,
    ` h=${folded(names)};`,
    ` bh=${bodyHash};`,
    ' b=',
  ].join('\r\n');
  const signed = Buffer.from(`${signedLines(headers, names)}${relaxedHeader(field)}`, 'latin1');
  const bytes = await signatureOf(signed, key);
  return `${field}${bytes.toString('base64').replace(new RegExp(`.{${LINE}}(?=.)`, 'g'), '$&\r\n ')}\r\n`;
}

function signatureOf(signed: Buffer, { algorithm, privateKey }: DkimKey): Promise<Buffer> {
  if (algorithm === 'rsa-sha256') return signAside('sha256', signed, privateKey);
  return signAside(null, createHash('sha256').update(signed).digest(), privateKey);
}

function signedNames(headers: readonly Header[]): string[] {
  const times = (name: string) => headers.filter((header) => header.name === name.toLowerCase()).length;
  return [
    ...SEALED.flatMap((name) => Array.from({ length: times(name) + 1 }, () => name)),
    ...SIGNED.flatMap((name) => Array.from({ length: times(name) }, () => name)),
  ];
}

/** RFC 6376 §5.4.2: of several headers with one name the last is signed first; one that is not there is signed as nothing. */
function signedLines(headers: readonly Header[], names: readonly string[]): string {
  const left = headers.toReversed();
  return names
    .map((name) => {
      const at = left.findIndex((header) => header.name === name.toLowerCase());
      return at === -1 ? '' : `${left.splice(at, 1)[0]!.line}\r\n`;
    })
    .join('');
}

/** Names with colons between, in lines that are not long. */
function folded(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    if (lines.at(-1)!.length + name.length > LINE) lines.push('');
    lines[lines.length - 1] += `${name}:`;
  }
  return lines.join('\r\n ').slice(0, -1);
}
