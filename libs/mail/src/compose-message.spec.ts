import { describe, expect, it } from '@jest/globals';
import { simpleParser } from 'mailparser';
import { composeMessage, type MessageInput } from './compose-message.js';

const purpose = {
  kind: 'commercial',
  list: { purpose: 'newsletter', host: 'mail.example.nl', name: 'Nieuwsbrief' },
  unsubscribe: {
    url: 'https://mail.example.nl/u/abc-DEF_123',
    address: 'afmelden@example.nl',
    token: 'k1.abc-DEF_123',
  },
  campaign: 'spring-2027',
} as const;

const input: MessageInput = {
  deliveryId: 'delivery-01HX.2',
  date: Date.parse('2026-03-29T01:30:00.000Z'),
  from: { name: 'Koffie & Zonen BV', address: 'nieuws@example.nl' },
  to: { name: 'Zoë van den Berg', address: 'zoe@example.org' },
  subject: 'Lente: € 5 korting, naïef mooi',
  html: '<p>Zoë, het is lente.</p>\n',
  text: 'Zoë, het is lente.\n',
  language: 'nl',
  purpose,
};

const compose = (changes: Partial<MessageInput> = {}) => composeMessage({ ...input, ...changes });
const parse = async (changes: Partial<MessageInput> = {}) => simpleParser((await compose(changes)).raw);
const headersOf = async (changes: Partial<MessageInput> = {}) =>
  (await compose(changes)).raw.toString('latin1').split('\r\n\r\n')[0]!;

describe('a message', () => {
  it('says who sends it, to whom, when and what, in both forms', async () => {
    const mail = await parse();
    expect(mail.from?.value).toStrictEqual([{ name: 'Koffie & Zonen BV', address: 'nieuws@example.nl' }]);
    expect(mail.to).toMatchObject({ value: [{ name: 'Zoë van den Berg', address: 'zoe@example.org' }] });
    expect(mail.subject).toBe('Lente: € 5 korting, naïef mooi');
    expect(mail.date?.toISOString()).toBe('2026-03-29T01:30:00.000Z');
    expect(mail.messageId).toBe('<delivery-01HX.2@example.nl>');
    expect(mail.headers.get('content-language')).toBe('nl');
    expect(mail.text).toBe(input.text);
    expect(mail.html).toBe(input.html);
  });

  it('is plain ASCII with CRLF line ends and no line that is too long', async () => {
    const { raw } = await compose({ text: `${'woord '.repeat(400)}\n` });
    const message = raw.toString('latin1');
    expect(message).toMatch(/^[\x20-\x7e\r\n\t]*$/);
    expect(message).not.toMatch(/[^\r]\n|\r[^\n]/);
    expect(Math.max(...message.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(200);
  });

  it('is the same bytes when it is composed again, and others for another delivery', async () => {
    const [first, again, other] = await Promise.all([compose(), compose(), compose({ deliveryId: 'delivery-2' })]);
    expect(again.raw.equals(first.raw)).toBe(true);
    expect(other.raw.equals(first.raw)).toBe(false);
  });

  it('goes to internationalised domains by their A-labels', async () => {
    const { envelope, messageId, raw } = await compose({
      from: { name: 'Café', address: 'nieuws@café.example' },
      to: { address: 'zoe@bücher.example' },
    });
    expect(envelope).toStrictEqual({ from: 'nieuws@xn--caf-dma.example', to: 'zoe@xn--bcher-kva.example' });
    expect(messageId).toBe('<delivery-01HX.2@xn--caf-dma.example>');
    expect(raw.toString()).toMatch(/^To: zoe@xn--bcher-kva\.example\r$/m);
  });

  it('goes to a mailbox outside ASCII as RFC 6532 writes it', async () => {
    const { envelope, raw } = await compose({ to: { address: 'zoë@bücher.example' } });
    expect(envelope.to).toBe('zoë@xn--bcher-kva.example');
    expect(raw.toString()).toMatch(/^To: zoë@bücher\.example\r$/m);
  });

  it.each([
    ['subject', 'Wees erbij: 🎉 feest 🎉 voor iedereen die van koffie houdt, en voor wie dat nog niet weet 👩‍👩‍👧‍👦☕️'],
    ['subject', 'Prijs 100% =?utf-8?q?niet?= _waar_ "aanhaling" ✓'],
    ['subject', 'Приглашение на весенний праздник в нашем магазине, 漢字もあります'],
    ['subject', 'een lang onderwerp '.repeat(13).trim()],
    ['name', 'Zoë 🎈 van den Bergh-de Vries, geboren "O’Neill" (Groningen) uit een heel oud geslacht'],
  ])('keeps a %s as it was, in lines that are not long (RFC 2047): %s', async (part, text) => {
    const changes = part === 'subject' ? { subject: text } : { to: { name: text, address: 'zoe@example.org' } };
    const mail = await parse(changes);
    expect(part === 'subject' ? mail.subject : [mail.to].flat()[0]!.value[0]!.name).toBe(text);
    const lines = (await headersOf(changes)).split('\r\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(78);
    expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
  });

  it('is written in quoted-printable, whatever the script, and ends its lines in one way', async () => {
    const { raw } = await compose({ text: `${'漢字'.repeat(300)}\rmet een losse return\n`, html: '<p>漢字</p>' });
    expect(raw.toString()).not.toMatch(/base64/i);
    expect(raw.toString()).not.toMatch(/\r[^\n]/);
    expect((await simpleParser(raw)).text).toBe(`${'漢字'.repeat(300)}\nmet een losse return\n`);
  });

  it.each([
    ['nieuws@dnp-groep.nl', 'dnp-groep.nl'],
    ['nieuws@koffie-en-zonen.example', 'n-zonen.example'],
    ['nieuws@x.nl', 'xx.nl'],
  ])('from %s bears a Feedback-ID of the sender %s: five to fifteen characters', async (address, sender) => {
    const headers = await headersOf({ from: { address } });
    expect(headers).toContain(`Feedback-ID: spring-2027:newsletter:commercial:${sender}\r\n`);
  });

  it('addresses one recipient, whatever the name pretends', async () => {
    const mail = await parse({ to: { name: 'a@evil.example, "b" <c@evil.example>', address: 'zoe@example.org' } });
    expect(mail.to).toMatchObject({ value: [{ address: 'zoe@example.org' }] });
  });
});

describe('commercial mail', () => {
  it('RFC 8058: offers one-click and mailto opt-out, and names its list', async () => {
    const list = (await parse()).headers.get('list');
    expect(list).toStrictEqual({
      id: { name: 'Nieuwsbrief', id: 'newsletter.mail.example.nl' },
      unsubscribe: {
        mail: 'afmelden@example.nl?subject=k1.abc-DEF_123',
        url: 'https://mail.example.nl/u/abc-DEF_123',
      },
      'unsubscribe-post': { name: 'List-Unsubscribe=One-Click' },
    });
  });

  it('RFC 8058: writes the three headers exactly so', async () => {
    expect(await headersOf()).toContain(
      [
        'List-ID: "Nieuwsbrief" <newsletter.mail.example.nl>',
        'List-Unsubscribe: <mailto:afmelden@example.nl?subject=k1.abc-DEF_123>,',
        ' <https://mail.example.nl/u/abc-DEF_123>',
        'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      ].join('\r\n'),
    );
  });

  it('says that it was made by a machine only where no person chose the moment (RFC 3834)', async () => {
    expect(await headersOf()).not.toMatch(/^Auto-Submitted/im);
    expect(await headersOf({ purpose: { ...purpose, isAutomatic: true } })).toMatch(
      /^Auto-Submitted: auto-generated\r$/m,
    );
  });

  it('leaves a token whole, however long it is', async () => {
    const token = 'x'.repeat(400);
    const unsubscribe = { ...purpose.unsubscribe, url: `https://mail.example.nl/u/${token}`, token };
    const headers = await headersOf({ purpose: { ...purpose, unsubscribe } });
    expect(headers).toContain(
      `<mailto:afmelden@example.nl?subject=${token}>,\r\n <https://mail.example.nl/u/${token}>`,
    );
  });

  it('escapes what a mailto URI cannot hold (RFC 6068)', async () => {
    const unsubscribe = { ...purpose.unsubscribe, address: 'a&f?mel%den@bücher.example', token: 'a=b&c' };
    expect(await headersOf({ purpose: { ...purpose, unsubscribe } })).toContain(
      '<mailto:a%26f%3Fmel%25den@xn--bcher-kva.example?subject=a%3Db%26c>',
    );
  });

  it('encodes the name of a list for people (RFC 2919)', async () => {
    const list = { ...purpose.list, name: 'Koffie, thee & crème brûlée' };
    const header = /^List-ID: ((?:.|\r\n )+)<newsletter\.mail\.example\.nl>\r$/m;
    const [, phrase] = header.exec(await headersOf({ purpose: { ...purpose, list } }))!;
    expect((await simpleParser(`Subject: ${phrase}\r\n\r\n`)).subject?.trim()).toBe(list.name);
  });

  it.each(['http://mail.example.nl/u/x', 'mailto:afmelden@example.nl', 'javascript:alert(1)', 'nergens'])(
    'RFC 8058: refuses %s for the one-click opt-out',
    async (url) => {
      const unsubscribe = { ...purpose.unsubscribe, url };
      await expect(compose({ purpose: { ...purpose, unsubscribe } })).rejects.toMatchObject({
        code: 'INSECURE_UNSUBSCRIBE_URL',
      });
    },
  );

  it.each(['http://127.0.0.1:3000/u/x', 'http://localhost:3000/u/x', 'http://ledger.test/u/x'])(
    'takes %s, which only a trial can reach',
    async (url) => {
      const unsubscribe = { ...purpose.unsubscribe, url };
      expect(await headersOf({ purpose: { ...purpose, unsubscribe } })).toContain(`<${url}>`);
    },
  );
});

describe('other mail', () => {
  it('P1: operational mail bears no list headers', async () => {
    expect(await headersOf({ purpose: { kind: 'operational' } })).not.toMatch(/^(List-|Auto-Submitted|Precedence)/im);
  });

  it('a confirmation says that it was made by a machine (RFC 3834), and bears no list headers', async () => {
    const headers = await headersOf({ purpose: { kind: 'confirmation' } });
    expect(headers).toMatch(/^Auto-Submitted: auto-generated\r$/m);
    expect(headers).not.toMatch(/^List-/im);
  });
});

describe('refusals', () => {
  const mailbox = { address: 'zoe@example.org' };
  it.each([
    ['INVALID_SUBJECT', { subject: 'Lente\r\nBcc: all@evil.example' }],
    ['INVALID_SUBJECT', { subject: 'Lente\nX-Evil: 1' }],
    ['INVALID_SUBJECT', { subject: ' ' }],
    ['INVALID_NAME', { to: { ...mailbox, name: 'Zoë\r\nBcc: all@evil.example' } }],
    ['INVALID_ADDRESS', { to: { address: 'zoe@example.org\r\nBcc: all@evil.example' } }],
    ['INVALID_ADDRESS', { to: { address: 'zoe' } }],
    ['INVALID_ADDRESS', { to: { address: 'a@b@example.org' } }],
    ['INVALID_ADDRESS', { from: { address: '<zoe@example.org>' } }],
    ['INVALID_DELIVERY_ID', { deliveryId: '../outbox' }],
    ['INVALID_DELIVERY_ID', { deliveryId: '' }],
    ['INVALID_LIST', { purpose: { ...purpose, list: { ...purpose.list, host: 'x>\r\nX: 1' } } }],
    ['INVALID_LIST', { purpose: { ...purpose, list: { ...purpose.list, name: 'x\r\nX: 1' } } }],
    ['LINE_TOO_LONG', { subject: 'x'.repeat(999) }],
    ['LINE_TOO_LONG', { to: { ...mailbox, name: 'x'.repeat(999) } }],
    ['UNKNOWN_LANGUAGE', { language: 'nl\r\nX: 1' }],
  ] satisfies [string, Partial<MessageInput>][])('%s for %j', async (code, changes) => {
    const refusal: unknown = await compose(changes).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    expect(String(refusal)).not.toContain('example.org');
  });
});
