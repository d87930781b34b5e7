import { readdirSync, readFileSync } from 'node:fs';
import { createLinks, createReturnPaths } from '@consent-ledger/links';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_INBOUND_BYTES } from './mail-reader.js';
import { readInbound, type InboundEnvelope, type InboundReading } from './read-inbound.js';

const NOW = Date.UTC(2026, 2, 10);
const keys = [{ id: 'k1', secret: Buffer.alloc(32, 'link') }];
const trust = {
  links: createLinks({ keys, publicUrl: 'https://voorkeuren.example.nl' }),
  returnPaths: createReturnPaths(keys),
};
const deliveryId = '0197a3a2-5b1c-8d2e-9f30-4a5b6c7d8e9f';
const contactId = '4bgi6iyx7ivfaenvt3n2w43m24';
const mailing = 'lente-2026';

const fixtures = new URL('fixtures/', import.meta.url);
const names = readdirSync(fixtures);
const textOf = (name: string) => readFileSync(new URL(`${name}.eml`, fixtures), 'utf8');
const messageOf = (text: string) => Buffer.from(text.replaceAll('\n', '\r\n'));

async function read(message: Buffer | string, envelope: InboundEnvelope = {}): Promise<InboundReading> {
  const raw = typeof message === 'string' ? messageOf(message) : message;
  return (await readInbound(raw, envelope, trust, NOW)).reading;
}

const failed = (status: string) => ({ kind: 'bounce', deliveryId, action: 'failed', status }) as const;
const delayed = (status: string) => ({ kind: 'bounce', deliveryId, action: 'delayed', status }) as const;
const other = (why: string) => ({ kind: 'other', why }) as const;
const automatic = { kind: 'automatic-reply' } as const;
const optOut = { kind: 'opt-out', contactId, purposes: ['newsletter'], mailing } as const;

/** Messages as mail systems really write them, and what each says. */
const readings: Record<string, object> = {
  'postfix-user-unknown': failed('5.1.1'),
  'postfix-delayed': delayed('4.4.1'),
  'postfix-expired': failed('4.4.1'),
  'postfix-relayed': automatic,
  'postfix-forged': other('unsigned-bounce'),
  'exim-user-unknown': failed('5.1.1'),
  'exim-sender-callout': failed('5.0.0'),
  'exim-delayed': delayed('4.7.1'),
  'exchange-online-not-found': failed('5.1.10'),
  'exchange-online-full': failed('5.2.2'),
  'exchange-online-blocked': failed('5.7.1'),
  'gmail-not-found': failed('5.1.1'),
  'gmail-unauthenticated': failed('5.7.26'),
  'sendmail-user-unknown': failed('5.1.1'),
  'sendmail-warning': delayed('4.4.1'),
  'no-enhanced-code': failed('5.0.0'),
  'qmail-no-mailbox': failed('5.1.1'),
  'opensmtpd-error': failed('5.1.1'),
  'arf-yahoo': { kind: 'complaint', about: { deliveryId } },
  'arf-redacted': { kind: 'complaint', about: { contactId, mailing } },
  'jmrp-outlook': { kind: 'complaint', about: { contactId, mailing } },
  'arf-unsigned': other('unsigned-complaint'),
  'arf-not-spam': other('other-feedback'),
  'arf-dmarc-failure': other('other-feedback'),
  'away-exchange': automatic,
  'away-sieve': automatic,
  'away-left-the-company': other('maybe-automatic'),
  'challenge-response': automatic,
  'read-receipt': automatic,
  'opt-out-gmail': optOut,
  'opt-out-apple': optOut,
  'opt-out-encoded': optOut,
  'opt-out-replied': optOut,
  'opt-out-cut-short': other('damaged-token'),
  'opt-out-by-program': other('automatic-opt-out'),
  'person-writes': other('no-token'),
};

describe('reading mail as mail systems write it (P4)', () => {
  it.each(Object.entries(readings))('takes %s for %j', async (name, reading) => {
    const { reportedAt, ...said } = (await read(textOf(name))) as InboundReading & { reportedAt?: number };
    expect(said).toStrictEqual(reading);
    if (reportedAt !== undefined) expect(reportedAt).toBeLessThan(NOW);
  });

  it.each(['Jos\u00e9 <jos\u00e9@vo\u00fbte.example>', '\u738b <\u738b@\u4f8b\u5b50.example>'])(
    'takes an opt-out of somebody whose mailbox is not in ASCII (P4, RFC 6532): %s',
    async (from) => {
      const text = textOf('opt-out-gmail').replace(/^From: .*$/m, `From: ${from}`);
      expect(await read(text, { from: from.replace(/.*<(.*)>/, '$1') })).toStrictEqual(optOut);
    },
  );

  it('leaves no sample unread', () => {
    expect(names.map((name) => name.replace(/\.eml$/, '')).sort()).toStrictEqual(Object.keys(readings).sort());
  });

  it('takes the time of a report from its date', async () => {
    expect(await read(textOf('exim-user-unknown'))).toMatchObject({ reportedAt: Date.UTC(2026, 2, 3, 8, 15, 5) });
    const undated = textOf('exim-user-unknown').replace(/^Date: .*$/gm, 'Date: yesterday');
    expect(await read(undated)).not.toHaveProperty('reportedAt');
  });

  it('finds the return path where the envelope has it, also when the header says nothing of it', async () => {
    const text = textOf('gmail-not-found');
    const [to] = /bounces\+\S+@mail\.example\.nl/.exec(text)!;
    const hidden = text.replaceAll(to, 'bounces@mail.example.nl');
    expect(await read(hidden)).toStrictEqual(other('unsigned-bounce'));
    expect(await read(hidden, { to: [to.toUpperCase()] })).toMatchObject(failed('5.1.1'));
  });

  it('knows a message that is handed over again by its own id, whatever servers put before it', async () => {
    const text = textOf('opt-out-gmail');
    const idOf = async (message: string) => (await readInbound(messageOf(message), {}, trust, NOW)).id;
    expect(await idOf(`Received: from elsewhere\n${text}`)).toBe(await idOf(text));
    expect(await idOf(text.replace('CAJ1@', 'CAJ2@'))).not.toBe(await idOf(text));
    const [bare, another] = ['From: a@b.example\n\nx\n', 'From: a@b.example\n\ny\n'];
    expect(await idOf(bare)).not.toBe(await idOf(another));
  });

  it('says whether the writer gave it an id of its own, or it is known by its bytes alone (P4)', async () => {
    const text = textOf('opt-out-gmail');
    const isNamed = async (message: string) => (await readInbound(messageOf(message), {}, trust, NOW)).isNamed;
    expect(await isNamed(text)).toBe(true);
    expect(await isNamed(text.replace(/^Message-ID: .*\n/im, ''))).toBe(false);
    expect(await isNamed(text.replace(/^Date: .*\n/im, ''))).toBe(false);
  });
});

describe('a mail that a program sent (P4)', () => {
  it.each([
    'Auto-Submitted: auto-replied (vacation)',
    'auto-submitted: Auto-Generated',
    'Precedence: bulk',
    'Precedence: auto_reply',
    'Precedence: junk',
    'X-Autoreply: yes',
    'X-Autorespond: Lente',
    'Precedence: list',
    'Return-Path: <>',
    'Return-Path: < >',
  ])('never opts anybody out: %s', async (field) => {
    const text = textOf('opt-out-gmail').replace(/^Return-Path: .*\n/, '');
    expect(await read(text)).toStrictEqual(optOut);
    expect(await read(`${field}\n${text}`)).toStrictEqual(other('automatic-opt-out'));
  });

  it('is one that the envelope gives no sender for', async () => {
    expect(await read(textOf('opt-out-gmail'), { from: '' })).toStrictEqual(other('automatic-opt-out'));
    expect(await read(textOf('opt-out-gmail'), { from: 'jansen@gmail.example' })).toStrictEqual(optOut);
  });

  it.each(['Precedence: junk', 'Precedence: list', 'X-Autoreply: yes', 'X-Auto-Response-Suppress: All'])(
    'is kept for a person where no standard calls it one, for somebody may ask in it to be left alone: %s',
    async (field) => {
      expect(await read(`${field}\n${textOf('person-writes')}`)).toStrictEqual(other('maybe-automatic'));
    },
  );

  it('is no mail of a small firm that writes as its postmaster', async () => {
    const asPostmaster = (name: string) =>
      textOf(name).replace(/^From: .*$/m, 'From: Jansen BV <postmaster@example.com>');
    expect(await read(asPostmaster('person-writes'))).toStrictEqual(other('maybe-automatic'));
    expect(await read(asPostmaster('opt-out-gmail'))).toStrictEqual(optOut);
  });

  it('is no mail that only asks for no automatic answer, as Exchange does for people', async () => {
    expect(await read(`X-Auto-Response-Suppress: OOF\n${textOf('opt-out-gmail')}`)).toStrictEqual(optOut);
  });

  it('is no mail that a person sends on with a receipt in it', async () => {
    const receipt = textOf('read-receipt').replace(
      'multipart/report; report-type=disposition-notification',
      'multipart/mixed',
    );
    expect(await read(receipt)).toStrictEqual(other('no-token'));
  });

  it('is not one that says "Auto-Submitted: no"', async () => {
    expect(await read(`Auto-Submitted: no\n${textOf('opt-out-gmail')}`)).toStrictEqual(optOut);
  });
});

describe('whatever a message holds', () => {
  const signed = Object.keys(readings).filter((name) => !('why' in readings[name]! || readings[name] === automatic));
  const secrets = /[a-z2-7]{26}\.[a-z2-7]{16}(?=@)|eyJ[\w-]+\.[\w-]+\.[\w-]{43}/g;

  it('a mark or link with another character in it stops nobody (P4)', async () => {
    const anywhere = fc.record({
      name: fc.constantFrom(...signed.filter((name) => name !== 'opt-out-encoded' && name !== 'opt-out-replied')),
      at: fc.nat({ max: 10_000 }),
      character: fc.constantFrom(...'ABCabcxyz237-_'),
    });
    await fc.assert(
      fc.asyncProperty(anywhere, async ({ name, at, character }) => {
        const text = textOf(name);
        const changed = text.replace(secrets, (secret) => {
          const place = at % secret.length;
          const old = secret[place]!;
          if (old === '.' || old.toLowerCase() === character.toLowerCase()) return secret.slice(1);
          return secret.slice(0, place) + character + secret.slice(place + 1);
        });
        const { kind } = await read(changed);
        expect([name, ['other', 'automatic-reply'].includes(kind)]).toStrictEqual([name, true]);
      }),
      { numRuns: 150 },
    );
  });

  it('it is read, and names nobody but those who were signed for', async () => {
    const damage = fc.record({
      name: fc.constantFrom(...Object.keys(readings)),
      cuts: fc.array(
        fc.record({ at: fc.nat({ max: 6000 }), bytes: fc.uint8Array({ maxLength: 12 }), drop: fc.nat(40) }),
        {
          maxLength: 6,
        },
      ),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ name, cuts }) => {
        let raw = messageOf(textOf(name));
        for (const { at, bytes, drop } of cuts)
          raw = Buffer.concat([raw.subarray(0, at), bytes, raw.subarray(Math.min(raw.length, at + drop))]);
        const reading = await read(raw);
        if (reading.kind === 'opt-out') expect(reading.contactId).toBe(contactId);
        if (reading.kind === 'bounce') expect(reading.deliveryId).toBe(deliveryId);
      }),
      { numRuns: 200 },
    );
  });

  it('bytes that are no message are kept for a person', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        expect((await read(Buffer.from(bytes))).kind).toBe('other');
      }),
      { numRuns: 50 },
    );
  });

  const token = /eyJ\S+/.exec(textOf('opt-out-by-program'))![0];
  it.each([
    `Afmelden ${token}`,
    `Re:${token}`,
    `=20${token}=20`,
    `Afmelden ${token.replaceAll('.', '. ')}`,
    `a.b.${token}.c`,
    `${'eyJ'.repeat(400)} ${token}`,
  ])('it is found where its link stands among other words (P4): %s', async (subject) => {
    expect(await read(`From: a@b.example\nSubject: ${subject}\n\n`)).toStrictEqual(optOut);
  });

  const head = 'From: mailer-daemon@example.com\nSubject: failure notice\nDate: Tue, 3 Mar 2026 09:15:09 +0100\n';
  const fill = (unit: string) => unit.repeat(Math.floor((MAX_INBOUND_BYTES - 4096) / unit.length));
  const nested = (depth: number) =>
    Array.from({ length: depth }, (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\n\n--b${at}\n`).join('');
  it.each([
    ['parts in parts', () => `${head}${nested(20_000)}`],
    [
      'parts beside parts',
      () => `${head}Content-Type: multipart/mixed; boundary="b"\n\n${fill('--b\nContent-Type: text/plain\n\nx\n')}`,
    ],
    ['messages in messages', () => `${head}${fill('Content-Type: message/rfc822\n\n')}`],
    ['fields', () => `${head}${fill('X-Field: x\n')}\n`],
    ['one field', () => `${head}X-Field: ${fill('x ')}\n\n`],
    ['blanks in a subject', () => `From: a@b.example\nSubject: x${' '.repeat(100_000)}\n\n`],
    ['a subject of link openings', () => `From: a@b.example\nSubject: ${'eyJ'.repeat(40_000)}\n\n`],
    ['encoded words', () => `From: a@b.example\nSubject: ${'=?utf-8?Q?a?=\n '.repeat(8_000)}\n\n`],
    ['addresses', () => `To: ${'bounces+a@b.example, '.repeat(6_000)}\n${head}\n`],
    ['plus signs', () => `To: ${'+'.repeat(120_000)}\n${head}\n`],
    ['brackets in a date', () => `Date: ${'('.repeat(120_000)}\n${head}\n`],
    ['dashes', () => `${head}\n${fill('-')}`],
    ['lines of dashes', () => `${head}\n${fill('-----\n')}`],
    ['words that look like codes', () => `${head}\n${fill('550 5.1.1.')}`],
    ['words that look like no mailbox', () => `${head}\n${fill('user address account ')}`],
    [
      'blocks in a report',
      () =>
        `${head}Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/delivery-status\n\n${fill('Action: failed\n\n')}`,
    ],
    [
      'blank lines in a report',
      () =>
        `${head}Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/delivery-status\n\n${fill(' \n')}`,
    ],
    ['markup', () => `${head}Content-Type: text/html\n\n${fill('<div>')}`],
    [
      'quoted words',
      () => `${head}Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n\n${fill('=3D')}`,
    ],
  ])('a mebibyte of %s is read in bounded time', async (_what, text) => {
    const message = text();
    const started = performance.now();
    const { kind } = await read(Buffer.from(message));
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(kind).toBe('other');
  });

  const complaint = (returned: string) =>
    `From: a@b.example\nContent-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n--b\nContent-Type: text/rfc822-headers\n\n${returned}\n\n--b--\n`;
  it.each([
    ['complaints of link openings', complaint(`List-Unsubscribe: ${'eyJ'.repeat(5_300)}\n`.repeat(16))],
    ['a list of one letter', `${head}To: ${'a,'.repeat(60_000)}\n\n`],
    [
      'such lists in many parts',
      `${head}Content-Type: multipart/mixed; boundary="b"\n\n${`--b\nTo: ${'a,'.repeat(5_000)}\n\nx\n`.repeat(95)}`,
    ],
    [
      'parameters in many parts',
      `${head}Content-Type: multipart/mixed; boundary="b"\n\n${`--b\nContent-Type: text/plain; ${'a*0*=b;'.repeat(1_400)}\n\nx\n`.repeat(95)}`,
    ],
  ])('%s do not keep others waiting (P4)', async (_what, text) => {
    const before = process.cpuUsage();
    expect((await read(Buffer.from(text))).kind).toBe('other');
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(120);
  });
});
