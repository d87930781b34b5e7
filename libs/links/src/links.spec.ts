import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CompactSign, base64url } from 'jose';
import { stoppedBy, type LinkClaims } from './link-claims.js';
import { createLinks, type LinkKey } from './links.js';

const NOW = Date.UTC(2026, 0, 15, 12);
const OLD: LinkKey = { id: 'k1', secret: Buffer.alloc(32, 1) };
const NEW: LinkKey = { id: 'k2', secret: Buffer.alloc(32, 2) };
const PUBLIC_URL = 'https://mail.example.com';

const CONTACT = '4bgi6iyx7ivfaenvt3n2w43m24';
const EVENT = '0197a3a2-0000-7000-8000-000000000001';
const UNSUBSCRIBE = { kind: 'unsubscribe', contactId: CONTACT, purpose: 'newsletter', mailing: '2026-01' } as const;
const UNDO = { ...UNSUBSCRIBE, kind: 'undo', optOutId: EVENT, expiresAt: NOW + 1 } as const;
const CONFIRM = { kind: 'confirm', contactId: CONTACT, requestId: EVENT } as const;
const SEVERAL = { ...UNSUBSCRIBE, furtherPurposes: ['event-invitation', 'personalised-message'] } as const;
const RECONSENT = { kind: 'reconsent', contactId: CONTACT, promptId: EVENT } as const;
const PREFERENCES = { kind: 'preferences', contactId: CONTACT, expiresAt: NOW + 1 } as const;
const ALL: readonly LinkClaims[] = [UNSUBSCRIBE, UNDO, CONFIRM, RECONSENT, PREFERENCES];
const DAMAGED = { ok: false, reason: 'damaged' };
const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

const links = createLinks({ keys: [NEW, OLD], publicUrl: PUBLIC_URL });

/** Signs as whoever holds the key could, whatever the service would never sign. */
const forge = (header: object, payload: unknown, { secret } = NEW) =>
  new CompactSign(Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'HS256', kid: NEW.id, typ: 'unsubscribe', ...header })
    .sign(secret);

describe('sign and verify', () => {
  it.each(ALL)('read back what a link of kind $kind means', async (claims) => {
    expect(await links.verify(claims.kind, await links.sign(claims), NOW)).toStrictEqual({ ok: true, claims });
  });

  it('read back a link that stops several purposes, and stops exactly those', async () => {
    const token = await links.sign(SEVERAL);
    expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual({ ok: true, claims: SEVERAL });
    expect(stoppedBy(SEVERAL)).toStrictEqual(['newsletter', 'event-invitation', 'personalised-message']);
    expect([stoppedBy(UNSUBSCRIBE), stoppedBy({ ...UNSUBSCRIBE, purpose: 'all' })]).toStrictEqual([
      ['newsletter'],
      'all',
    ]);
  });

  it('read back any claims, with and without a mailing', async () => {
    const reference = fc.stringMatching(/^[a-z0-9é._:-]{1,64}$/);
    const claims = fc.record(
      { kind: fc.constant('unsubscribe' as const), contactId: reference, purpose: reference, mailing: reference },
      { requiredKeys: ['kind', 'contactId', 'purpose'], noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(claims, async (claims) => {
        const token = await links.sign(claims);
        expect(token.length).toBeLessThanOrEqual(2048);
        expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual({ ok: true, claims });
      }),
    );
  });

  it('keep to the token that version 1 signed, in links that lie in mailboxes', async () => {
    const token = [
      'eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoidW5zdWJzY3JpYmUifQ',
      'eyJjIjoiNGJnaTZpeXg3aXZmYWVudnQzbjJ3NDNtMjQiLCJwIjoibmV3c2xldHRlciIsIm0iOiIyMDI2LTAxIn0',
      'VShPvTQ7vV2EJ0fiCiIKz6y_IvTsUmaNbSptFWqVDZE',
    ].join('.');
    expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual({ ok: true, claims: UNSUBSCRIBE });
  });

  it('make no token that is too long to be read', async () => {
    const longest = '\u{1f4ec}'.repeat(64);
    const claims = { ...UNDO, contactId: longest, purpose: longest, mailing: longest, optOutId: longest };
    expect(await links.verify('undo', await links.sign(claims), NOW)).toStrictEqual({ ok: true, claims });
    const { optOutId: _optOut, expiresAt: _expiry, ...others } = claims;
    const several = { ...others, kind: 'unsubscribe' as const, furtherPurposes: [longest, longest] };
    expect(await links.verify('unsubscribe', await links.sign(several), NOW)).toStrictEqual({
      ok: true,
      claims: several,
    });
  });

  it('keep an unsubscribe link short enough for any mail client', async () => {
    expect((await links.urlFor(UNSUBSCRIBE)).length).toBeLessThan(240);
  });

  it.each([
    ['an address for a mailing', { ...UNSUBSCRIBE, mailing: 'anna@example.com' }, 'mailing'],
    ['a purpose without end', { ...UNSUBSCRIBE, purpose: 'p'.repeat(65) }, 'purpose'],
    ['an empty purpose', { ...UNSUBSCRIBE, purpose: '' }, 'purpose'],
    ['a name with a space', { ...CONFIRM, requestId: 'Anna Bos' }, 'requestId'],
    ['an address among the purposes', { ...SEVERAL, furtherPurposes: ['anna@example.com'] }, 'furtherPurposes'],
    ['purposes without end', { ...SEVERAL, furtherPurposes: Array(60).fill('purpose') }, 'furtherPurposes'],
    ['further purposes that are none', { ...SEVERAL, furtherPurposes: [] }, 'furtherPurposes'],
    ['an end that is not a number', { ...UNDO, expiresAt: Number.NaN }, 'expiresAt'],
  ])('refuse to sign %s', async (_, claims, claim) => {
    await expect(links.sign(claims)).rejects.toMatchObject({ code: 'INVALID_CLAIM', claim });
  });
});

describe('verify', () => {
  it('takes a link for no other kind than it is', async () => {
    for (const { kind } of ALL)
      for (const other of ALL.filter((claims) => claims.kind !== kind))
        expect(await links.verify(kind, await links.sign(other), NOW)).toStrictEqual({
          ok: false,
          reason: 'wrong-kind',
        });
  });

  it.each([UNDO, PREFERENCES])(
    'takes a link of kind $kind until it expires, and says what it said from that instant on',
    async (claims) => {
      const token = await links.sign(claims);
      expect(await links.verify(claims.kind, token, claims.expiresAt - 1)).toMatchObject({ ok: true });
      const expired = { ok: false, reason: 'expired', claims };
      expect(await links.verify(claims.kind, token, claims.expiresAt)).toStrictEqual(expired);
      expect(await links.verify(claims.kind, `${token.slice(0, -2)}AA`, claims.expiresAt)).toStrictEqual(DAMAGED);
    },
  );

  it.each([UNSUBSCRIBE, RECONSENT])('takes a link of kind $kind for ever (P4, P5)', async (claims) => {
    expect(await links.verify(claims.kind, await links.sign(claims), 8.64e15)).toMatchObject({ ok: true });
  });

  it('refuses a token of which any one character was changed', async () => {
    const token = await links.sign(UNSUBSCRIBE);
    const change = fc.tuple(fc.nat(token.length - 1), fc.constantFrom(...BASE64URL, '.', '=', ' ', 'é'));
    await fc.assert(
      fc.asyncProperty(change, async ([at, character]) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        expect(await links.verify('unsubscribe', changed, NOW)).toStrictEqual(DAMAGED);
      }),
      { numRuns: 1_000 },
    );
  });

  it('refuses every other spelling of the last character, of which a decoder ignores two bits', async () => {
    const token = await links.sign(UNSUBSCRIBE);
    for (const character of BASE64URL.filter((other) => other !== token.at(-1)))
      expect(await links.verify('unsubscribe', token.slice(0, -1) + character, NOW)).toStrictEqual(DAMAGED);
  });

  it('refuses a token that was cut or added to', async () => {
    const token = await links.sign(UNSUBSCRIBE);
    for (let length = 0; length < token.length; length++)
      expect(await links.verify('unsubscribe', token.slice(0, length), NOW)).toStrictEqual(DAMAGED);
    for (const added of ['A', '.', '=', '\n', ' ', '.A'])
      expect(await links.verify('unsubscribe', token + added, NOW)).toStrictEqual(DAMAGED);
  });

  it('refuses garbage, whatever it looks like', async () => {
    const segment = fc.stringMatching(/^[\w-]{1,60}$/);
    const signature = fc.stringMatching(/^[\w-]{42}[AEIMQUYcgkosw048]$/);
    const lookalike = fc.tuple(segment, segment, signature).map((segments) => segments.join('.'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), lookalike), async (garbage) => {
        expect(await links.verify('unsubscribe', garbage, NOW)).toStrictEqual(DAMAGED);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses headers that no link has', async () => {
    const payload = base64url.encode(JSON.stringify({ c: CONTACT, p: 'all' }));
    const signature = base64url.encode(Buffer.alloc(32));
    const headers = [
      { alg: 'none', typ: 'unsubscribe' },
      { alg: 'none', kid: NEW.id, typ: 'unsubscribe' },
      { alg: 'RS256', kid: NEW.id, typ: 'unsubscribe' },
      { alg: 'HS256', kid: 5 },
      { alg: 'HS256', kid: NEW.id, b64: false, crit: ['b64'] },
      { alg: 'HS256', kid: NEW.id, crit: ['exp'] },
      {},
      null,
      'text',
      ['HS256'],
    ];
    for (const header of headers) {
      const token = `${base64url.encode(JSON.stringify(header))}.${payload}.${signature}`;
      expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual(DAMAGED);
      expect(await links.verify('unsubscribe', `${token.split('.', 2).join('.')}.`, NOW)).toStrictEqual(DAMAGED);
    }
  });

  it('refuses another algorithm, an unknown key and a key under the name of another', async () => {
    const claims = { c: CONTACT, p: 'all' };
    expect(await links.verify('unsubscribe', await forge({}, claims), NOW)).toMatchObject({ ok: true });
    const refused = [
      await forge({ alg: 'HS384' }, claims, { id: 'k2', secret: Buffer.alloc(48, 2) }),
      await forge({ kid: 'k3' }, claims),
      await forge({ kid: undefined }, claims),
      await forge({ kid: OLD.id }, claims),
    ];
    for (const token of refused) expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual(DAMAGED);
  });

  it.each([
    ['no JSON', 'text'],
    ['no object', 'null'],
    ['an array', '[]'],
    ['a claim too few', { c: CONTACT }],
    ['a claim of another type', { c: CONTACT, p: 1 }],
    ['a claim without end', { c: CONTACT, p: 'p'.repeat(65) }],
  ])('refuses a payload that is %s, though it was signed', async (_, payload) => {
    expect(await links.verify('unsubscribe', await forge({}, payload), NOW)).toStrictEqual(DAMAGED);
  });

  it('does not look at a token of more than 2 KB', async () => {
    const token = await forge({}, { c: CONTACT, p: 'all', padding: 'x'.repeat(2_000) });
    expect(await links.verify('unsubscribe', token, NOW)).toStrictEqual(DAMAGED);
  });
});

describe('urlFor', () => {
  it.each([
    ['/u/', UNSUBSCRIBE],
    ['/confirm/', CONFIRM],
    ['/reconsent/', RECONSENT],
    ['/preferences/', PREFERENCES],
  ])('puts a token under %s', async (path, claims) => {
    const url = await links.urlFor(claims);
    expect(url.startsWith(PUBLIC_URL + path)).toBe(true);
    const token = url.slice((PUBLIC_URL + path).length);
    expect(await links.verify(claims.kind, token, NOW)).toStrictEqual({ ok: true, claims });
  });

  it('keeps the path of the public URL, and no second slash', async () => {
    const behindProxy = createLinks({ keys: [NEW], publicUrl: 'https://example.com/consent/' });
    expect(await behindProxy.urlFor(CONFIRM)).toMatch(/^https:\/\/example\.com\/consent\/confirm\/[\w-]/);
  });
});

describe('keys', () => {
  const kidOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid;

  it('sign with the first and verify with all, so that old links work after a rotation', async () => {
    const before = createLinks({ keys: [OLD], publicUrl: PUBLIC_URL });
    const old = await before.sign(UNSUBSCRIBE);
    expect([kidOf(old), kidOf(await links.sign(UNSUBSCRIBE))]).toStrictEqual(['k1', 'k2']);
    expect(await links.verify('unsubscribe', old, NOW)).toStrictEqual({ ok: true, claims: UNSUBSCRIBE });
    expect(await before.verify('unsubscribe', await links.sign(UNSUBSCRIBE), NOW)).toStrictEqual(DAMAGED);
  });

  it.each([
    ['no key', { keys: [] }],
    ['two keys with one id', { keys: [OLD, { ...NEW, id: OLD.id }] }],
    ['a short secret', { keys: [{ id: 'k1', secret: Buffer.alloc(31) }] }],
    ['a public URL that is none', { publicUrl: 'mail.example.com' }],
    ['a public URL of another kind', { publicUrl: 'ftp://example.com' }],
    ['a public URL with a query', { publicUrl: 'https://example.com/?a=b' }],
  ])('are refused at the start: %s', (_, wrong) => {
    expect(() => createLinks({ keys: [NEW], publicUrl: PUBLIC_URL, ...wrong })).toThrow(RangeError);
  });
});
