import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { startService, type TestService } from '../support/service.js';
import { optOut, verdictOf } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail, linkFromMailing, press, send, signedPath, visit } from './pages.js';

let service: TestService;
let passed = 0;

beforeAll(async () => {
  service = await startService({ clock: { now: () => Date.now() + passed } });
});
afterAll(() => service.stop());

const contactOf = async (address: string): Promise<string> =>
  (await service.post('/v1/contacts/lookup', { address })).body.contactId;

const historyOf = async (address: string) =>
  (await service.get(`/v1/contacts/${await contactOf(address)}/history`)).body;

const typesOf = async (address: string): Promise<string[]> =>
  (await historyOf(address)).events.map(({ type }: { type: string }) => type);

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdictOf(service, address, purpose)).reason;

/** Every verdict on a contact, without the moment that it was asked at. */
const preferencesOf = async (address: string) => {
  const verdicts: unknown[] = [];
  for (const purpose of ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact', 'service']) {
    const { eligible, reason, basis, validUntil, missing, evidence } = await verdictOf(service, address, purpose);
    verdicts.push({ purpose, eligible, reason, basis, validUntil, missing, evidence });
  }
  return verdicts;
};

const oneClick = 'List-Unsubscribe=One-Click';
const urlencoded = { raw: oneClick, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
const multipart = () => {
  const form = new FormData();
  form.set('List-Unsubscribe', 'One-Click');
  return { raw: form };
};

describe('looking at an unsubscribe link', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('by %s changes nothing, however often', async (method) => {
    const address = `kijk.${method.toLowerCase()}@example.nl`;
    const link = await linkFromMail(service, address);
    const before = await historyOf(address);
    for (const path of [link, link, `${link}?List-Unsubscribe=One-Click`, `${link}?scope=all`])
      await service.request(method, path, { key: null });
    const after = await historyOf(address);
    expect([after.revision, after.events]).toStrictEqual([before.revision, before.events]);
    expect(await reasonOf(address)).toBe('CONSENT');
  });

  it('shows a page without anything of the person, without cookies, and not for caches, referrers or indexes', async () => {
    const link = await linkFromMail(service, 'privé.lezer@example.nl');
    const { status, headers, text } = await visit(service, link);
    expect(status).toBe(200);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-robots-tag': 'noindex',
      'x-content-type-options': 'nosniff',
    });
    const csp = headers.get('content-security-policy')!.split('; ');
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("form-action 'self'");
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp.join(' ')).not.toMatch(/unsafe|script-src|https?:/);
    expect(headers.get('set-cookie')).toBeNull();
    expect(text).not.toMatch(/lezer|priv%C3%A9|@example|<script|javascript:|src="http/i);
  });
});

describe('one click in the mail program (RFC 8058)', () => {
  it.each([
    ['application/x-www-form-urlencoded', () => urlencoded],
    ['multipart/form-data', multipart],
  ])(
    'as %s stops the purpose of the mail before it is answered, and says so the second time too',
    async (type, body) => {
      const address = `${type.split('/')[1]}@example.nl`;
      const link = await linkFromMail(service, address);
      const first = await service.request('POST', link, { key: null, ...body() });
      expect(await reasonOf(address)).toBe('OPTED_OUT');
      const second = await service.request('POST', link, { key: null, ...body() });

      for (const { status, headers, text } of [first, second]) {
        expect(status).toBe(200);
        expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
        expect(headers.get('cache-control')).toBe('no-store');
        expect([headers.get('set-cookie'), headers.get('location')]).toStrictEqual([null, null]);
        expect(text.length).toBeLessThan(100);
      }
      expect(await typesOf(address)).toStrictEqual(['OptedIn', 'OptedOut']);
      expect(await reasonOf(address, 'event-invitation')).toBe('CONSENT');
    },
  );

  it('is recorded as the act of the person, with the mailing that the link came in', async () => {
    const link = await linkFromMail(service, 'spoor@example.nl');
    await service.request('POST', link, { key: null, ...urlencoded });
    const { events } = await historyOf('spoor@example.nl');
    expect(events[1]).toMatchObject({
      type: 'OptedOut',
      data: { purposes: ['newsletter'] },
      actor: { kind: 'person' },
      source: { kind: 'one-click' },
      personal: { reference: expect.any(String) },
    });
  });

  it('needs no header that a browser would send, and heeds no cookie or log-in', async () => {
    const link = await linkFromMail(service, 'kaal@example.nl');
    const headers = { ...urlencoded.headers, Cookie: 'session=1', Origin: 'https://mail.example.com' };
    const { status } = await service.request('POST', link, { ...urlencoded, headers, key: 'no-such-key' });
    expect([status, await reasonOf('kaal@example.nl')]).toStrictEqual([200, 'OPTED_OUT']);
  });

  it('stops all commercial mail where the link is for all', async () => {
    await linkFromMail(service, 'alles@example.nl');
    const contactId = await contactOf('alles@example.nl');
    const link = await signedPath(service, { kind: 'unsubscribe', contactId, purpose: 'all' });
    await service.request('POST', link, { key: null, ...urlencoded });
    expect(await reasonOf('alles@example.nl')).toBe('OPTED_OUT');
    expect(await reasonOf('alles@example.nl', 'sales-contact')).toBe('OPTED_OUT');
  });

  it('stops exactly the purposes that the mail asked about where the link is for several', async () => {
    await linkFromMail(service, 'meer@example.nl', ['newsletter', 'event-invitation', 'sales-contact']);
    const contactId = await contactOf('meer@example.nl');
    const furtherPurposes = ['event-invitation'];
    const link = await signedPath(service, { kind: 'unsubscribe', contactId, purpose: 'newsletter', furtherPurposes });
    const page = await visit(service, link);
    const button = 'Meld mij af voor ‘Nieuwsbrief’ en ‘Uitnodigingen voor events’';
    expect(page.forms[0]!.buttons[0]!.label).toBe(button);
    const done = await press(service, page, button);
    const reasons = ['newsletter', 'event-invitation', 'sales-contact'].map((one) => reasonOf('meer@example.nl', one));
    expect(await Promise.all(reasons)).toStrictEqual(['OPTED_OUT', 'OPTED_OUT', 'CONSENT']);
    await press(service, done, 'Maak mijn afmelding ongedaan');
    expect(await reasonOf('meer@example.nl', 'event-invitation')).toBe('CONSENT');
  });

  it('works ten years on, and for a contact that was erased since', async () => {
    const link = await linkFromMail(service, 'oud@example.nl');
    passed = 10 * 365 * 24 * 3_600_000;
    const erased = await service.post('/v1/erasures', {
      address: 'oud@example.nl',
      reason: 'retention',
      source: { kind: 'customer-service' },
    });
    expect(erased.body.certificate).toMatchObject({ reason: 'retention' });
    const { status } = await service.request('POST', link, { key: null, ...urlencoded });
    passed = 0;
    expect(status).toBe(200);
  });
});

describe('the page', () => {
  it('stops this purpose and no other', async () => {
    const link = await linkFromMail(service, 'deze@example.nl');
    const page = await visit(service, link);
    expect(page.heading).toBe('Afmelden');
    const done = await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’');
    expect([done.status, done.heading]).toStrictEqual([200, 'Je bent afgemeld']);
    expect(done.text).toContain('Nieuwsbrief');
    expect(await reasonOf('deze@example.nl')).toBe('OPTED_OUT');
    expect(await reasonOf('deze@example.nl', 'event-invitation')).toBe('CONSENT');
    expect((await historyOf('deze@example.nl')).events[1].source).toStrictEqual({ kind: 'unsubscribe-page' });
  });

  it('stops all commercial mail, at once or after this purpose', async () => {
    const all = 'Meld mij af voor alle commerciële berichten';
    await press(service, await visit(service, await linkFromMail(service, 'ineens@example.nl')), all);
    const page = await visit(service, await linkFromMail(service, 'daarna@example.nl'));
    await press(service, await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’'), all);
    for (const address of ['ineens@example.nl', 'daarna@example.nl'])
      for (const purpose of ['newsletter', 'event-invitation', 'sales-contact'])
        expect(await reasonOf(address, purpose)).toBe('OPTED_OUT');
    expect(await reasonOf('ineens@example.nl', 'service')).toBe('SERVICE');
  });

  it('says so when the person was unsubscribed already, and offers no way back that it did not make', async () => {
    const link = await linkFromMail(service, 'al@example.nl');
    await optOut(service, 'al@example.nl', ['newsletter']);
    const done = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    expect(done.text).toContain('Hier was je al voor afgemeld.');
    expect(done.text).not.toContain('ongedaan');
  });

  it('is Dutch or English by the browser, and by the switch on it, which a pressed button keeps', async () => {
    const link = await linkFromMail(service, 'taal@example.nl');
    const languages = ['nl', 'en', 'en-GB,en;q=0.9,nl;q=0.8', 'de, nl;q=0.5, en;q=0.7', 'de', 'nl;q=0, en;q=0.1', ''];
    const shown = await Promise.all(languages.map(async (wish) => (await visit(service, link, wish)).language));
    expect(shown).toStrictEqual(['nl', 'en', 'en', 'en', 'nl', 'en', 'nl']);

    const [, other] = /href="(\?lang=\w+)"/.exec((await visit(service, link)).text)!;
    const english = await visit(service, `${link}${other}`);
    expect([english.language, english.heading]).toStrictEqual(['en', 'Unsubscribe']);
    const done = await press(service, english, 'Unsubscribe me from ‘Newsletter’');
    expect([done.language, done.heading]).toStrictEqual(['en', 'You have been unsubscribed']);
    expect((await visit(service, `${link}?lang=xx`, 'nl')).language).toBe('nl');
  });
});

describe('undoing on the page', () => {
  const undo = 'Maak mijn afmelding ongedaan';

  it('restores consent as it was, to the millisecond', async () => {
    const link = await linkFromMail(service, 'toch@example.nl');
    const before = await preferencesOf('toch@example.nl');
    const done = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    expect(await preferencesOf('toch@example.nl')).not.toStrictEqual(before);
    const undone = await press(service, done, undo);
    expect([undone.status, undone.heading]).toStrictEqual([200, 'Je afmelding is ongedaan gemaakt']);
    expect(await preferencesOf('toch@example.nl')).toStrictEqual(before);
    expect(await typesOf('toch@example.nl')).toStrictEqual(['OptedIn', 'OptedOut', 'OptOutUndone']);
  });

  it('restores the soft opt-in of a customer as it was, after an opt-out of everything', async () => {
    await service.post('/v1/relationships', {
      address: 'klant@example.nl',
      kind: 'customer-started',
      informedAtCollection: true,
      optOutOffered: true,
      similarProducts: true,
      source: { kind: 'crm' },
    });
    const link = await linkFromMailing(service, 'klant@example.nl');
    const before = await preferencesOf('klant@example.nl');
    expect(before[0]).toMatchObject({ reason: 'SOFT_OPT_IN', basis: 'soft-opt-in' });
    const page = await visit(service, link);
    const done = await press(service, page, 'Meld mij af voor alle commerciële berichten');
    expect(await reasonOf('klant@example.nl')).toBe('OPTED_OUT');
    await press(service, done, undo);
    expect(await preferencesOf('klant@example.nl')).toStrictEqual(before);
  });

  it('takes back that opt-out only: an earlier one stands', async () => {
    const link = await linkFromMail(service, 'eerder@example.nl');
    await optOut(service, 'eerder@example.nl', ['newsletter']);
    const page = await visit(service, link);
    const done = await press(service, page, 'Meld mij af voor alle commerciële berichten');
    await press(service, done, undo);
    expect(await reasonOf('eerder@example.nl')).toBe('OPTED_OUT');
    expect(await reasonOf('eerder@example.nl', 'event-invitation')).toBe('CONSENT');
  });

  it('takes no opt-out along that somebody else made by the same link right after it (P4)', async () => {
    const link = await linkFromMail(service, 'doorgestuurd@example.nl');
    const stranger = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    const own = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    await service.request('POST', link, { key: null, ...urlencoded });
    const ticket = await service.post('/v1/opt-outs', {
      address: 'doorgestuurd@example.nl',
      purposes: ['newsletter'],
      source: { kind: 'customer-service', reference: 'ticket 4711' },
    });
    expect(ticket.status).toBe(201);
    expect([own.text.includes('Hier was je al voor afgemeld.'), own.text.includes(undo)]).toStrictEqual([true, false]);
    await press(service, stranger, undo);
    expect(await reasonOf('doorgestuurd@example.nl')).toBe('OPTED_OUT');
    expect((await historyOf('doorgestuurd@example.nl')).events.at(-2)).toMatchObject({
      source: { kind: 'customer-service' },
      personal: { reference: 'ticket 4711' },
    });
  });

  it('takes back a button that was pressed twice at once (P4)', async () => {
    const link = await linkFromMail(service, 'dubbelklik@example.nl');
    const page = await visit(service, link);
    const done = await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’');
    await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’');
    await press(service, done, undo);
    expect(await reasonOf('dubbelklik@example.nl')).toBe('CONSENT');
  });

  it('says what is still stopped where another opt-out stands, and offers no way back that brings nothing back', async () => {
    const link = await linkFromMail(service, 'nog@example.nl');
    const one = await send(service, link, { scope: 'purpose' });
    expect((await send(service, link, { scope: 'all' })).text).not.toContain('Hier was je al voor afgemeld.');
    const undone = await press(service, one, undo);
    expect([undone.heading, undone.text.includes('nog afgemeld voor alle commerciële berichten.')]).toStrictEqual([
      'Je bent nog afgemeld',
      true,
    ]);
    expect(await reasonOf('nog@example.nl')).toBe('OPTED_OUT');

    const again = await send(service, link, { scope: 'purpose' });
    expect(again.text).toContain('Hier was je al voor afgemeld.');
    expect(again.text).not.toContain('name="undo"');
    expect((await typesOf('nog@example.nl')).at(-1)).toBe('OptedOut');
  });

  it('names the purpose that an opt-out of before keeps stopped', async () => {
    const link = await linkFromMail(service, 'naam@example.nl');
    const done = await send(service, link, { scope: 'purpose' });
    await optOut(service, 'naam@example.nl', ['newsletter', 'sales-contact']);
    expect((await press(service, done, undo)).text).toMatch(/nog afgemeld voor ‘?Nieuwsbrief’?\./);
  });

  it('is answered alike the second time', async () => {
    const link = await linkFromMail(service, 'dubbel@example.nl');
    const done = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    await press(service, done, undo);
    expect((await press(service, done, undo)).heading).toBe('Je afmelding is ongedaan gemaakt');
    expect(await typesOf('dubbel@example.nl')).toHaveLength(3);
  });

  it('is refused with the right of another contact, and after a day', async () => {
    const mine = await linkFromMail(service, 'mijn@example.nl');
    const yours = await linkFromMail(service, 'jouw@example.nl');
    const done = await press(service, await visit(service, mine), 'Meld mij af voor ‘Nieuwsbrief’');
    const { undo: token } = done.forms[0]!.hidden;
    const stolen = await send(service, yours, { undo: token! });
    expect([stolen.status, stolen.heading]).toStrictEqual([400, 'Deze link werkt niet']);
    expect(await reasonOf('mijn@example.nl')).toBe('OPTED_OUT');

    passed = 24 * 3_600_000;
    const late = await press(service, done, undo);
    passed = 0;
    expect(late.status).toBe(400);
    expect(await reasonOf('mijn@example.nl')).toBe('OPTED_OUT');
    expect(await typesOf('jouw@example.nl')).toStrictEqual(['OptedIn']);
  });

  it('never makes up a consent that was not there', async () => {
    const link = await linkFromMail(service, 'niets@example.nl', ['newsletter']);
    const done = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    await optOut(service, 'niets@example.nl');
    await press(service, done, undo);
    expect(await reasonOf('niets@example.nl')).toBe('OPTED_OUT');
  });
});

describe('a link that is not whole or not meant for this', () => {
  it('is answered with a page in the language of the reader, and changes nothing', async () => {
    const link = await linkFromMail(service, 'heel@example.nl');
    const before = await historyOf('heel@example.nl');
    const broken = [
      link.slice(0, -1),
      `${link.slice(0, -3)}AAA`,
      '/u/x',
      `/u/${'a'.repeat(1_900)}`,
      '/u/%00',
      link.replace('/u/', '/u/x'),
    ];
    for (const path of broken) {
      const [dutch, english] = [await visit(service, path), await visit(service, path, 'en')];
      expect([dutch.status, dutch.language, dutch.heading]).toStrictEqual([400, 'nl', 'Deze link werkt niet']);
      expect(dutch.text).toContain('<a href="/preferences?lang=nl">');
      expect([english.status, english.language, english.heading]).toStrictEqual([400, 'en', 'This link does not work']);
      expect(dutch.headers.get('cache-control')).toBe('no-store');
      const posted = await send(service, path, { 'List-Unsubscribe': 'One-Click' });
      expect([posted.status, posted.heading]).toStrictEqual([400, 'Deze link werkt niet']);
    }
    expect((await historyOf('heel@example.nl')).events).toStrictEqual(before.events);
  });

  /** Of a path that the document of the API does not have. */
  async function fetchRaw(path: string, body?: URLSearchParams) {
    const method = body ? 'POST' : 'GET';
    const reply = await fetch(`${service.url}${path}`, {
      method,
      ...(body && { body }),
      headers: { 'Accept-Language': 'en' },
    });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  }
  const tooLong = 'a'.repeat(3_000);

  it.each(['/u/', '/u', '/u/%zz', '/confirm/', '/confirm/%', `/u/${tooLong}`, `/reconsent/${tooLong}`])(
    'is answered with that page also where so little is left of it that it leads nowhere: %#',
    async (path) => {
      const { status, headers, text } = await fetchRaw(path);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(text).toContain('<h1>This link does not work</h1>');
      expect([400, 404]).toContain(status);
    },
  );

  it('is whole with a slash behind it', async () => {
    const link = await linkFromMail(service, 'streep@example.nl');
    for (const path of [`${link}/`, '/preferences/', '/subscribe/']) expect((await fetchRaw(path)).status).toBe(200);
    await fetchRaw(`${link}/`, new URLSearchParams(oneClick));
    expect(await reasonOf('streep@example.nl')).toBe('OPTED_OUT');
  });

  it('is no other kind of link: neither confirmation nor undo unsubscribes, and no unsubscribe link confirms', async () => {
    const confirm = await confirmationFromMail(service, 'wacht@example.nl');
    const link = await linkFromMail(service, 'soort@example.nl');
    const done = await press(service, await visit(service, link), 'Meld mij af voor ‘Nieuwsbrief’');
    const wrong = [
      confirm.replace('/confirm/', '/u/'),
      link.replace('/u/', '/confirm/'),
      `/u/${done.forms[0]!.hidden['undo']}`,
      `/confirm/${done.forms[0]!.hidden['undo']}`,
    ];
    for (const path of wrong) {
      expect((await visit(service, path)).status).toBe(400);
      expect((await send(service, path, { scope: 'all' })).status).toBe(400);
    }
    expect(await reasonOf('wacht@example.nl')).toBe('PENDING_CONFIRMATION');
    expect(await typesOf('soort@example.nl')).toStrictEqual(['OptedIn', 'OptedOut']);
    const swapped = await send(service, link, { undo: link.slice('/u/'.length) });
    expect([swapped.status, await reasonOf('soort@example.nl')]).toStrictEqual([400, 'OPTED_OUT']);
  });
});

describe('a body that cannot be read', () => {
  it.each([
    ['text/xml', '<x/>'],
    ['application/json', ''],
    ['application/json', '{'],
    ['no/type; at=all;', 'x'],
    ['multipart/form-data', '--x--'],
    ['multipart/form-data; boundary=x', 'not multipart at all'],
  ])('as %s (%j) stops no opt-out: the link is the whole authority', async (type, raw) => {
    const address = `${type.replace(/\W/g, '')}${raw.length}@onleesbaar.example.nl`;
    const link = await linkFromMail(service, address);
    const reply = await service.request('POST', link, { key: null, raw, headers: { 'Content-Type': type } });
    expect([reply.status, reply.headers.get('content-type')]).toStrictEqual([200, 'text/html; charset=utf-8']);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });

  it('because it is huge is answered with a page, and changes nothing', async () => {
    const link = await linkFromMail(service, 'groot@onleesbaar.example.nl');
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const raw = `scope=${'x'.repeat(5 * 1024 * 1024)}`;
    const reply = await service.request('POST', link, { key: null, raw, headers });
    expect([reply.status, reply.headers.get('content-type')]).toStrictEqual([413, 'text/html; charset=utf-8']);
    expect(await reasonOf('groot@onleesbaar.example.nl')).toBe('CONSENT');
  });
});

describe('while the log cannot be written', () => {
  it('the page and the one click say that it did not work yet and when to come back, and it works then', async () => {
    const link = await linkFromMail(service, 'vol@example.nl');
    const page = await visit(service, link);
    const log = new Database(join(service.directory, 'log.sqlite'));
    log.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END");

    const refused = await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’');
    expect([refused.status, refused.heading]).toStrictEqual([503, 'Het is nog niet gelukt']);
    const click = await service.request('POST', link, { key: null, ...urlencoded });
    expect(click.status).toBe(503);
    for (const { headers, text } of [refused, click]) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(text).not.toMatch(/afgemeld|unsubscribed|disk full/i);
    }
    expect(await reasonOf('vol@example.nl')).toBe('CONSENT');

    log.exec('DROP TRIGGER full');
    log.close();
    expect((await press(service, page, 'Meld mij af voor ‘Nieuwsbrief’')).heading).toBe('Je bent afgemeld');
    expect(await reasonOf('vol@example.nl')).toBe('OPTED_OUT');
  });
});
