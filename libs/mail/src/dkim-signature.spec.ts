import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { authenticate, type DNSResolver } from 'mailauth';
import { composeMessage, type MessageInput } from './compose-message.js';
import { dkimRecord, readDkimKey, type DkimKey } from './dkim-key.js';
import { createDkimSigner } from './dkim-signature.js';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = readDkimKey(
  'example.nl',
  'rsa2027',
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem),
);
const next = readDkimKey(
  'example.nl',
  'rsa2028',
  generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export(pem),
);

const input: MessageInput = {
  deliveryId: 'delivery-1',
  date: Date.parse('2026-03-29T01:30:00.750Z'),
  from: { name: 'Café & Zonen', address: 'nieuws@example.nl' },
  to: { address: 'zoe@example.org' },
  subject: 'Lente: € 5 korting, een heel erg lang onderwerp dat over meer dan een regel gaat',
  html: '<p>Zoë,  het is   lente.</p>\t \n\n\n',
  text: '  Zoë, het is lente. \t\n\n\n',
  language: 'nl',
  purpose: {
    kind: 'commercial',
    list: { purpose: 'newsletter', host: 'mail.example.nl', name: 'Nieuwsbrief' },
    unsubscribe: { url: 'https://mail.example.nl/u/abc', address: 'af@example.nl', token: 'abc' },
    campaign: 'spring',
  },
};

const published =
  (...keys: readonly DkimKey[]): DNSResolver =>
  async (name) => {
    const found = keys.map(dkimRecord).find((record) => record.name === name);
    if (found) return [[found.value]];
    throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  };

const signed = async (keys: readonly DkimKey[], changes: Partial<MessageInput> = {}) =>
  (await composeMessage({ ...input, ...changes }, createDkimSigner(keys))).raw;

/** What a receiver finds of each signature. */
async function verified(raw: Buffer | string, resolver = published(rsa, next)) {
  const { dkim } = await authenticate(Buffer.from(raw), { resolver, strict: true, disableBimi: true });
  return dkim.results.map(({ status: { result, aligned }, selector, algo }) => ({ result, aligned, selector, algo }));
}

const results = async (raw: string) => (await verified(raw)).map(({ result }) => result);

describe('A signature', () => {
  it('is taken by a receiver, and counts for the sender', async () => {
    expect(await verified(await signed([rsa]))).toStrictEqual([
      { result: 'pass', aligned: 'example.nl', selector: 'rsa2027', algo: 'rsa-sha256' },
    ]);
  });

  it('is made with each key, so that one can follow another', async () => {
    const raw = await signed([rsa, next]);
    expect((await verified(raw)).map(({ result, selector }) => [result, selector])).toStrictEqual([
      ['pass', 'rsa2027'],
      ['pass', 'rsa2028'],
    ]);
  });

  it.each([
    ['service mail', { purpose: { kind: 'operational' } }],
    ['a body of nothing', { text: '', html: '' }],
    ['a body of other scripts', { text: '漢字'.repeat(400), html: `<p>${'x'.repeat(4000)}</p>` }],
    ['a mailbox outside ASCII (RFC 6532)', { to: { address: 'zoë@bücher.example' } }],
    ['a lone carriage return', { text: 'a\rb\r\nc', html: '<p>\r</p>' }],
  ] satisfies [string, Partial<MessageInput>][])('holds for %s', async (_, changes) => {
    expect((await verified(await signed([rsa], changes)))[0]!.result).toBe('pass');
  });

  it('is the same to the byte when it is made again', async () => {
    const [first, again] = await Promise.all([signed([rsa, next]), signed([rsa, next])]);
    expect(again.equals(first)).toBe(true);
  });

  it('RFC 8058: covers List-Unsubscribe and List-Unsubscribe-Post, and all that a reader is shown', async () => {
    const [, h] = /\bh=([^;]+);/.exec((await signed([rsa])).toString())!;
    expect(h!.toLowerCase().replace(/\s/g, '').split(':')).toEqual(
      expect.arrayContaining([
        ...['from', 'to', 'subject', 'date', 'message-id', 'mime-version', 'content-type', 'content-language'],
        ...['list-id', 'list-unsubscribe', 'list-unsubscribe-post', 'feedback-id'],
      ]),
    );
  });

  it('that cannot be made is an error, never a message without it', async () => {
    const broken = { ...rsa, pem: 'no key' };
    await expect(signed([rsa, broken])).rejects.toThrow('could not be signed');
  });

  it('has no line that a mail server may not carry (RFC 5322 §2.1.1)', async () => {
    const message = (await signed([rsa, next])).toString();
    const lines = message.slice(0, message.indexOf('\r\nFrom:')).split('\r\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(998);
  });

  it.each([
    ['the body', 'lente.', 'herfst.'],
    ['the subject', 'Subject: ', 'Subject: Gratis! '],
    ['the one-click header', 'List-Unsubscribe=One-Click', 'List-Unsubscribe=Two-Clicks'],
    ['the way out', 'https://mail.example.nl/u/abc>', 'https://evil.example/u/abc>'],
    ['the sender', '<nieuws@example.nl>', '<directie@example.nl>'],
  ])('breaks when somebody changes %s', async (_, from, to) => {
    const message = (await signed([rsa, next])).toString();
    expect(message).toContain(from);
    expect(await results(message.replace(from, to))).toStrictEqual(['fail', 'fail']);
  });

  it('outlives what relays do: headers of their own, other folds and spaces at the ends of lines', async () => {
    const message = (await signed([rsa])).toString();
    const relayed = `Received: from a by b\r\n${message.replace('\r\nSubject: ', '\r\nSubject:   ').replace('=20\r\n', '=20\t \r\n')}\r\n\r\n`;
    expect(await results(relayed)).toStrictEqual(['pass']);
  });

  it('counts for nothing without the record, or with the record of another key', async () => {
    const raw = await signed([rsa]);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = readDkimKey('example.nl', 'rsa2027', privateKey.export(pem));
    expect((await verified(raw, published()))[0]!.result).toBe('neutral');
    expect((await verified(raw, published(other)))[0]!.result).toBe('fail');
  });
});
