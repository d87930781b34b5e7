import { shippedPolicy } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { writePolicies } from '../http/policy-files.js';
import { logOf, mailTo, optIn, optOut, outboxOf, verdictOf } from '../mail/steps.js';
import { eventually, startService, type TestService } from '../support/service.js';
import { pathIn, press, send, visit, type Page } from './pages.js';

const MINUTE = 60_000;
const form = shippedPolicy.statements[0]!;
const button = 'Meld mij aan';
const fields = { statement: form.id, version: '1', language: 'nl' };

let service: TestService;
let passed = 0;

beforeAll(async () => {
  service = await startService({ clock: { now: () => Date.now() + passed } });
});
afterEach(() => {
  passed = 0;
});
afterAll(() => service.stop());

const wants = (...purposes: string[]) => Object.fromEntries(purposes.map((purpose) => [`wants.${purpose}`, 'yes']));

const subscribe = (address: string, ...purposes: string[]): Promise<Page> =>
  send(service, '/subscribe', { ...fields, address, ...wants(...purposes) });

const contactOf = async (address: string): Promise<string> =>
  (await service.post('/v1/contacts/lookup', { address })).body.contactId;

const eventsOf = async (address: string) =>
  (await service.get(`/v1/contacts/${await contactOf(address)}/history`)).body.events;

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdictOf(service, address, purpose)).reason;

describe('the subscribe form', () => {
  it.each([
    ['nl', 'Meld je aan', 'Nieuwsbrief', 'Uitnodigingen voor onze events.'],
    ['en', 'Subscribe', 'Newsletter', 'Invitations to our events.'],
  ])('shows in "%s" the statement in full, and every commercial purpose with nothing ticked (P3)', async (...words) => {
    const [language, heading, name, description] = words;
    const page = await visit(service, '/subscribe', language);
    expect([page.status, page.language, page.heading]).toStrictEqual([200, language, heading]);
    expect(page.text).toContain(`<blockquote lang="${language}">${form.texts[language]}</blockquote>`);
    for (const text of [name, description]) expect(page.text).toContain(text);
    const boxes = [...page.text.matchAll(/type="checkbox" name="wants\.([\w-]+)"/g)].map(([, purpose]) => purpose);
    expect(boxes).toStrictEqual(form.covers);
    expect(page.text).not.toMatch(/checked|<script|aria-invalid/);
  });

  it('changes nothing by being looked at', async () => {
    const query = new URLSearchParams({ ...fields, address: 'kijker@example.nl', ...wants('newsletter') });
    for (const method of ['GET', 'HEAD', 'OPTIONS'])
      await service.request(method, `/subscribe?${query.toString()}`, { key: null });
    expect(await reasonOf('kijker@example.nl')).toBe('UNKNOWN_CONTACT');
  });

  it('leads by mail and one button to consent for what was ticked, and for nothing else (P3)', async () => {
    const address = 'anna@example.nl';
    const page = await visit(service, '/subscribe');
    const told = await press(service, page, button, { address, ...wants('newsletter', 'event-invitation') });
    expect([told.status, told.heading]).toStrictEqual([200, 'Kijk in je mailbox']);
    expect(await reasonOf(address)).toBe('PENDING_CONFIRMATION');

    const confirm = await visit(service, pathIn((await mailTo(service, address)).text));
    expect(confirm.text).toMatch(/<strong>Nieuwsbrief<[^]*<strong>Uitnodigingen voor events</);
    expect(confirm.text).toContain(form.texts['nl']);
    const done = await press(service, confirm, 'Ja, bevestig mijn aanmelding');
    expect([done.status, done.heading]).toStrictEqual([200, 'Je aanmelding is bevestigd']);
    const reasons = await Promise.all(form.covers.map((purpose) => reasonOf(address, purpose)));
    expect(reasons).toStrictEqual(['CONSENT', 'CONSENT', 'NO_CONSENT', 'NO_CONSENT']);

    const [asked] = await eventsOf(address);
    expect(asked).toMatchObject({
      type: 'OptInRequested',
      data: { actOf: 'person', statement: { id: form.id, version: 1, language: 'nl', hash: form.hashes['nl'] } },
      source: { kind: 'web-form' },
      actor: { kind: 'person' },
      personal: { evidence: { ip: '127.0.0.1', url: `${service.url}/subscribe`, userAgent: 'node' } },
    });
  });

  it('answers alike whether the address is unknown, known, subscribed, opted out or erased', async () => {
    await optIn(service, 'lid@example.nl');
    await optOut(service, 'gegaan@example.nl');
    await optIn(service, 'gewist@example.nl');
    const source = { kind: 'customer-service' };
    await service.post('/v1/erasures', { address: 'gewist@example.nl', reason: 'request', source });
    const answers: string[] = [];
    for (const address of ['niemand@example.nl', 'lid@example.nl', 'gegaan@example.nl', 'gewist@example.nl']) {
      const { status, headers, text } = await subscribe(address, 'newsletter');
      const told = [...headers].filter(([name]) => !['date', 'x-correlation-id'].includes(name));
      answers.push(
        JSON.stringify([status, told, text])
          .replaceAll(address, '')
          .replace(/"content-length","\d+"/, ''),
      );
      await mailTo(service, address);
    }
    expect(new Set(answers).size).toBe(1);
  });

  it('answers no sooner than a quarter of a second after the form, which none of its acts takes (P9)', async () => {
    for (const path of ['/subscribe', '/preferences']) {
      const start = performance.now();
      await send(service, path, { ...fields, address: 'tijd@example.nl', ...wants('newsletter') });
      expect(performance.now() - start).toBeGreaterThan(240);
    }
  });

  it('ends no opt-out before it is confirmed, and ends it then (P4)', async () => {
    const address = 'terug@example.nl';
    await optOut(service, address);
    await subscribe(address, 'newsletter');
    expect(await reasonOf(address)).toBe('OPTED_OUT');
    const confirm = await visit(service, pathIn((await mailTo(service, address)).text));
    await press(service, confirm, 'Ja, bevestig mijn aanmelding');
    expect([await reasonOf(address), await reasonOf(address, 'event-invitation')]).toStrictEqual([
      'CONSENT',
      'OPTED_OUT',
    ]);
  });
});

describe('the subscribe form, filled in wrongly', () => {
  it.each([
    ['without an address', '', ['newsletter'], 'Vul je e-mailadres in.', 'address'],
    ['with what is no address', 'anna', ['newsletter'], 'Vul een geldig e-mailadres in', 'address'],
    ['with an address of great length', `${'a'.repeat(9000)}@x.nl`, ['newsletter'], 'Vul een geldig', 'address'],
    [
      'with a BSN in the address (P9)',
      '123456782@example.nl',
      ['newsletter'],
      'In dit adres lijkt een burgerservicenummer',
      'address',
    ],
    ['with nothing ticked (P3)', 'niets@example.nl', [], 'Kies ten minste één onderwerp.', 'purposes'],
    ['with a purpose that is not there (P10)', 'niets@example.nl', ['service'], 'Kies ten minste', 'purposes'],
  ])('%s is shown again with what was entered, and says what to mend', async (_how, address, purposes, says, field) => {
    const before = await logOf(service);
    const page = await subscribe(address, ...purposes);
    expect([page.status, page.heading]).toStrictEqual([422, 'Meld je aan']);
    expect(page.text).toMatch(new RegExp(`role="alert">[^]*<a href="#${field}">${says}`));
    expect(page.text).toMatch(new RegExp(`aria-describedby="${field}-mistake"`));
    expect(page.text).toMatch(/<title>Fout: /);
    expect(page.text).toContain(`value="${address.slice(0, 320)}"`);
    const ticked = [...page.text.matchAll(/name="wants\.([\w-]+)" value="yes" checked/g)].map(([, name]) => name);
    expect(ticked).toStrictEqual(purposes.filter((purpose) => purpose !== 'service'));
    expect(await logOf(service)).toHaveLength(before.length);
  });

  it('shows entered markup as text', async () => {
    const { text } = await subscribe('"><script>alert(1)</script>');
    expect(text).not.toContain('<script');
    expect(text).toContain('&lt;script&gt;');
  });

  it('with another statement than the one that counts is shown again with that one (P3)', async () => {
    const address = 'tekst@example.nl';
    for (const other of [{ version: '2' }, { version: 'x' }, { statement: 'reconsent' }, { language: 'fr' }]) {
      const page = await send(service, '/subscribe', { ...fields, address, ...wants('newsletter'), ...other });
      expect([page.status, page.forms[0]!.hidden]).toStrictEqual([409, fields]);
      expect(page.text).toContain('intussen gewijzigd');
      expect(page.text).toContain(`value="${address}"`);
    }
    const page = await send(service, '/subscribe', { address, ...wants('newsletter') });
    expect(page.status).toBe(409);
    expect(await reasonOf(address)).toBe('UNKNOWN_CONTACT');
  });

  it('in a body that cannot be read is an empty form, and one that is too large is refused', async () => {
    const post = (raw: string, type: string) =>
      service.request('POST', '/subscribe', { key: null, raw, headers: { 'Content-Type': type } });
    for (const [raw, type] of [
      ['{"address":"a@example.nl"}', 'application/json'],
      ['--x\r\nrubbish', 'multipart/form-data; boundary=x'],
      ['address=a@example.nl&address=b@example.nl&wants.newsletter[]=yes', 'application/x-www-form-urlencoded'],
    ] as const)
      expect((await post(raw, type)).status).toBe(422);
    expect((await post(`address=${'a'.repeat(100_000)}`, 'application/x-www-form-urlencoded')).status).toBe(413);
  });
});

describe('somebody who fills in the address of another person, again and again', () => {
  it('has them sent one mail in a quarter of an hour, and nothing else (P4)', async () => {
    const address = 'slachtoffer@example.nl';
    await Promise.all(Array.from({ length: 5 }, () => subscribe(address, 'newsletter')));
    await service.restart();
    for (let time = 0; time < 5; time++) expect((await subscribe(address, 'newsletter')).status).toBe(200);
    expect(await eventsOf(address)).toHaveLength(1);
    await mailTo(service, address);

    passed = 16 * MINUTE;
    await subscribe(address, 'newsletter');
    expect(await eventsOf(address)).toHaveLength(2);
    await eventually(async () => expect((await outboxOf(service)).get(address)).toHaveLength(2));
    expect(await reasonOf(address)).toBe('PENDING_CONFIRMATION');
  });
});

describe('a policy that says on which statement people subscribe', () => {
  it('has that one on the form, and a policy without one has no form', async () => {
    const soon = new Date(Date.now() + 60 * MINUTE).toISOString();
    const later = new Date(Date.now() + 120 * MINUTE).toISOString();
    const extra = { id: 'fair', version: 3, covers: ['newsletter'], texts: { en: 'Yes, at the fair.' } };
    const policies = await writePolicies(
      (shipped: any) => ({
        ...shipped,
        version: 2,
        inForceFrom: soon,
        statements: [...shipped.statements, extra],
        subscribe: { statement: 'fair' },
      }),
      ({ reconsent: _never, ...shipped }: any) => ({ ...shipped, version: 3, inForceFrom: later, statements: [] }),
    );
    const other = await startService({
      environment: { POLICY_PATH: policies.path },
      clock: { now: () => Date.now() + passed },
    });
    try {
      const page = await visit(other, '/subscribe');
      passed = 61 * MINUTE;
      const now = await press(other, page, button, { address: 'beurs@example.nl', ...wants('newsletter') });
      expect([now.status, now.forms[0]!.hidden]).toStrictEqual([
        409,
        { statement: 'fair', version: '3', language: 'en' },
      ]);
      expect(now.text).toContain('<blockquote lang="en">Yes, at the fair.</blockquote>');
      expect([...now.text.matchAll(/type="checkbox"/g)]).toHaveLength(1);
      expect((await press(other, now, button, { address: 'beurs@example.nl', ...wants('newsletter') })).status).toBe(
        200,
      );
      passed = 121 * MINUTE;
      const gone = await visit(other, '/subscribe');
      expect([gone.status, gone.heading, gone.forms]).toStrictEqual([404, 'Aanmelden kan hier niet', []]);
      expect((await send(other, '/subscribe', { ...fields, address: 'a@example.nl' })).status).toBe(404);
    } finally {
      await other.stop();
      await policies.remove();
    }
  });
});
