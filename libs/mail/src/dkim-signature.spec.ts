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
const ed25519 = readDkimKey('example.nl', 'ed2027', generateKeyPairSync('ed25519').privateKey.export(pem));

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
async function verified(raw: Buffer | string, resolver = published(rsa, ed25519)) {
  const { dkim } = await authenticate(Buffer.from(raw), { resolver, strict: true, disableBimi: true });
  return dkim.results.map(({ status: { result, aligned }, selector, algo }) => ({ result, aligned, selector, algo }));
}

const results = async (raw: string) => (await verified(raw)).map(({ result }) => result);

describe('A signature', () => {
  it.each([
    ['RSA', rsa, 'rsa-sha256'],
    ['Ed25519', ed25519, 'ed25519-sha256'],
  ])('of %s is taken by a receiver, and counts for the sender', async (_, key, algo) => {
    expect(await verified(await signed([key]))).toStrictEqual([
      { result: 'pass', aligned: 'example.nl', selector: key.selector, algo },
    ]);
  });

  it('is made with each key, for receivers that know only one of them', async () => {
    const raw = await signed([rsa, ed25519]);
    expect((await verified(raw)).map(({ result, selector }) => [result, selector])).toStrictEqual([
      ['pass', 'rsa2027'],
      ['pass', 'ed2027'],
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

  it('is the same to the byte when it is made again, with the date of the message as its time', async () => {
    const [first, again] = await Promise.all([signed([rsa, ed25519]), signed([rsa, ed25519])]);
    expect(again.equals(first)).toBe(true);
    expect(first.toString()).toContain(` t=${Date.parse('2026-03-29T01:30:00Z') / 1000};`);
  });

  it('RFC 8058: covers List-Unsubscribe and List-Unsubscribe-Post, and all that a reader is shown', async () => {
    const [, h] = / h=([^;]+);/.exec((await signed([rsa])).toString())!;
    const names = h!.replace(/\s/g, '').split(':');
    for (const name of ['From', 'To', 'Subject', 'Date', 'Message-ID', 'MIME-Version', 'Content-Type'])
      expect(names.filter((one) => one === name)).toHaveLength(2);
    for (const name of ['List-Id', 'List-Unsubscribe', 'List-Unsubscribe-Post'])
      expect(names.filter((one) => one === name)).toHaveLength(2);
    expect(names).toEqual(expect.arrayContaining(['Content-Language', 'Feedback-ID']));
  });

  it('is folded', async () => {
    const message = (await signed([rsa, ed25519])).toString();
    const lines = message.slice(0, message.indexOf('\r\nFrom:')).split('\r\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(78);
  });

  it.each([
    ['the body', 'lente.', 'herfst.'],
    ['the subject', 'Subject: ', 'Subject: Gratis! '],
    ['the one-click header', 'List-Unsubscribe=One-Click', 'List-Unsubscribe=Two-Clicks'],
    ['the way out', 'https://mail.example.nl/u/abc>', 'https://evil.example/u/abc>'],
    ['the sender', '<nieuws@example.nl>', '<directie@example.nl>'],
  ])('breaks when somebody changes %s', async (_, from, to) => {
    const message = (await signed([rsa, ed25519])).toString();
    expect(message).toContain(from);
    expect(await results(message.replace(from, to))).toStrictEqual(['fail', 'fail']);
  });

  it.each([
    'From: Directie <directie@example.nl>',
    'Subject: Gratis',
    'List-Unsubscribe: <https://evil.example/>',
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    'Reply-To: evil@evil.example',
  ])('breaks when somebody puts on top: %s', async (header) => {
    expect(await results(`${header}\r\n${(await signed([rsa])).toString()}`)).toStrictEqual(['fail']);
  });

  it('breaks when somebody makes a button for service mail', async () => {
    const message = (await signed([rsa], { purpose: { kind: 'operational' } })).toString();
    expect(await results(`List-Unsubscribe: <https://evil.example/>\r\n${message}`)).toStrictEqual(['fail']);
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
