import { shippedPolicy } from '@consent-ledger/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { mailTo, optOut, verdictOf } from '../mail/steps.js';
import { confirmationFromMail, press, send, visit } from './pages.js';

const DAY = 86_400_000;
let service: TestService;
let passed = 0;

beforeAll(async () => {
  service = await startService({ clock: { now: () => Date.now() + passed } });
});
afterAll(() => service.stop());

const reasonOf = async (address: string) => (await verdictOf(service, address)).reason;
const button = 'Ja, bevestig mijn aanmelding';

describe('a double opt-in', () => {
  it('waits until its button is pressed: looking at the link changes nothing', async () => {
    const link = await confirmationFromMail(service, 'wacht@example.nl');
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'GET']) await service.request(method, link, { key: null });
    expect(await reasonOf('wacht@example.nl')).toBe('PENDING_CONFIRMATION');
    const page = await visit(service, link);
    expect(page.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))).toStrictEqual([button]);

    const done = await press(service, page, button);
    expect([done.status, done.heading]).toStrictEqual([200, 'Je aanmelding is bevestigd']);
    expect(await reasonOf('wacht@example.nl')).toBe('CONSENT');
  });

  it('is confirmed once, however often the button is pressed', async () => {
    const link = await confirmationFromMail(service, 'vaak@example.nl');
    const page = await visit(service, link);
    const presses = [await press(service, page, button), await press(service, page, button)];
    for (const { heading } of presses) expect(heading).toBe('Je aanmelding is bevestigd');
    const { contactId } = (await service.post('/v1/contacts/lookup', { address: 'vaak@example.nl' })).body;
    const { events } = (await service.get(`/v1/contacts/${contactId}/history`)).body;
    expect(events.map(({ type }: { type: string }) => type)).toStrictEqual(['OptInRequested', 'OptInConfirmed']);
  });

  it('is proven by the act that confirmed it, and not by whoever asked for it (P3)', async () => {
    const link = await confirmationFromMail(service, 'bewijs@example.nl');
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'Lynx/2.9' };
    await service.request('POST', link, { key: null, raw: '', headers });
    const { contactId } = (await service.post('/v1/contacts/lookup', { address: 'bewijs@example.nl' })).body;
    const { events } = (await service.get(`/v1/contacts/${contactId}/history`)).body;
    expect(events.at(-1)).toMatchObject({
      type: 'OptInConfirmed',
      personal: {
        evidence: { ip: '127.0.0.1', userAgent: 'Lynx/2.9', url: expect.stringMatching(/^http:\/\/[^/]+\/confirm$/) },
      },
    });
  });

  it('is not said to be confirmed once the consent has lapsed (P5)', async () => {
    const link = await confirmationFromMail(service, 'verlopen@example.nl');
    await press(service, await visit(service, link), button);
    passed = 4 * 365 * 24 * 3_600_000;
    const page = await visit(service, link);
    passed = 0;
    expect([page.status, page.heading]).toStrictEqual([409, 'Deze bevestiging geldt niet meer']);
  });

  it('that an opt-out followed is not confirmed any more, and the page says to ask again', async () => {
    const link = await confirmationFromMail(service, 'ingehaald@example.nl');
    const before = await visit(service, link);
    await optOut(service, 'ingehaald@example.nl');
    for (const page of [await press(service, before, button), await visit(service, link)])
      expect([page.status, page.heading]).toStrictEqual([409, 'Deze bevestiging geldt niet meer']);
    expect(await reasonOf('ingehaald@example.nl')).toBe('OPTED_OUT');
  });

  it('lets the language be switched where its page is looked at, and not where it tells what was done', async () => {
    const link = await confirmationFromMail(service, 'wissel@example.nl');
    const done = await press(service, await visit(service, link), button);
    const looked = await visit(service, link);
    await optOut(service, 'wissel@example.nl');
    const [late, pressed] = [await visit(service, link, 'en'), await send(service, link, {})];
    const hasSwitch = [done, looked, late, pressed].map(({ text }) => text.includes('class="language"'));
    expect(hasSwitch).toStrictEqual([false, true, true, false]);
    expect(late.text).toContain('href="/subscribe?lang=en"');
  });

  it('names on its page what is confirmed: the purposes, and the statement as it was shown (P3)', async () => {
    const link = await confirmationFromMail(service, 'noemt@example.nl');
    const page = await visit(service, link, 'en');
    expect(page.text).toContain('<strong>Newsletter</strong>');
    expect(page.text).toContain(`<blockquote lang="nl">${shippedPolicy.statements[0]!.texts['nl']}</blockquote>`);
    expect(page.text).not.toMatch(/Event invitations|noemt@/);
  });

  it('that was confirmed says so at the second look, until the person opts out', async () => {
    const link = await confirmationFromMail(service, 'tweemaal@example.nl');
    await press(service, await visit(service, link), button);
    const again = await visit(service, link);
    expect([again.status, again.heading, again.forms]).toStrictEqual([200, 'Je aanmelding is bevestigd', []]);
    expect(again.text).toContain('Dit had je al bevestigd.');
    await optOut(service, 'tweemaal@example.nl');
    for (const page of [await visit(service, link), await send(service, link, {})])
      expect([page.status, page.heading]).toStrictEqual([409, 'Deze bevestiging geldt niet meer']);
  });

  it('is asked for by a mail without advertising or list headers, that no robot answers', async () => {
    await confirmationFromMail(service, 'kaal@example.nl');
    const mail = await mailTo(service, 'kaal@example.nl');
    expect(mail.headerLines.filter(({ key }) => key.startsWith('list-'))).toStrictEqual([]);
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.text).toContain('Nieuwsbrief');
  });

  it('has its page in the language of the reader, and a page for a link that is damaged', async () => {
    const link = await confirmationFromMail(service, 'taal@example.nl');
    const english = await visit(service, link, 'en');
    expect([english.language, english.heading]).toStrictEqual(['en', 'Confirm your subscription']);
    const damaged = await send(service, `${link}x`, {}, 'en');
    expect([damaged.status, damaged.heading]).toStrictEqual([400, 'This link does not work']);
    expect(await reasonOf('taal@example.nl')).toBe('PENDING_CONFIRMATION');
  });

  it('counts no longer once its request is not held any more: the address is gone, and the page says so (P7)', async () => {
    const link = await confirmationFromMail(service, 'telaat@example.nl');
    const page = await visit(service, link);
    passed = 29 * DAY;
    for (const late of [await press(service, page, button), await visit(service, link)]) {
      expect([late.status, late.heading]).toStrictEqual([409, 'Deze bevestiging geldt niet meer']);
      expect(late.text).toContain('of je hebt te lang gewacht met bevestigen');
    }
    expect(await reasonOf('telaat@example.nl')).toBe('ERASED');
  });
});
