import axe, { type AxeResults } from 'axe-core';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { startService, type TestService } from '../support/service.js';
import { verdictOf } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail } from './pages.js';
import { promptLink } from './prompts.js';
import { closePlaces, openPlaces, stops, type Places } from './walk.js';
import { describeWithBrowser, startBrowser } from './with-browser.js';

const devices = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
/** The smallest width that a page must fit without scrolling sideways (WCAG 1.4.10), in CSS pixels. */
const NARROWEST = 320;
/** The least that a target measures (WCAG 2.5.8), in CSS pixels. */
const SMALLEST_TARGET = 24;

const languages = ['nl', 'en'] as const;

/** Where pictures of the pages are put, if anywhere. */
const PICTURES = process.env['PICTURES_DIR'];

let places: Places;
let service: TestService;
let browser: Browser;

interface Visit {
  readonly page: Page;
  /** What the browser complained about, and what it asked of other hosts. */
  readonly complaints: string[];
}

/** A browser of a person, with JavaScript off unless said otherwise. */
async function enter(options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // Of an answer that is no page it is told below, by which request.
    if (!message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('response', (response) => {
    const isPage = response.request().isNavigationRequest();
    const mayBe = isPage && (response.status() < 500 || response.status() === 503);
    if (response.status() >= 400 && !mayBe) complaints.push(`${response.status()}: ${response.url()}`);
  });
  page.on('requestfailed', (request) => {
    // Who goes on to another page gives up what the one before was still fetching.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}`);
  });
  const own = Object.values(places).map(({ url }: TestService) => url);
  page.on('request', (request) => {
    if (!own.some((url) => request.url().startsWith(url))) complaints.push(`elsewhere: ${request.url()}`);
  });
  return { page, complaints };
}

/** Opens a link as a person does. */
async function open(path: string, options: BrowserContextOptions): Promise<Visit> {
  const visit = await enter(options);
  await visit.page.goto(new URL(path, service.url).href);
  return visit;
}

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdictOf(service, address, purpose)).reason;
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).innerText();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describeWithBrowser('the pages of recipients in a browser', () => {
  beforeAll(async () => {
    places = await openPlaces();
    ({ service } = places);
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await closePlaces(places);
  });

  describe.each(Object.entries(devices))('on a %s without JavaScript', (device, viewport) => {
    it('a person unsubscribes in Dutch, sees that it worked, and undoes it (P4)', async () => {
      const address = `${device}.nl@example.nl`;
      const { page, complaints } = await open(await linkFromMail(service, address), { viewport, locale: 'nl-NL' });
      expect(await heading(page)).toBe('Afmelden');
      expect(await reasonOf(address)).toBe('CONSENT');

      await press(page, 'Meld mij af voor ‘Nieuwsbrief’');
      expect(await heading(page)).toBe('Je bent afgemeld');
      expect(await page.getByRole('status').innerText()).toContain('Nieuwsbrief');
      expect(await reasonOf(address)).toBe('OPTED_OUT');

      await press(page, 'Maak mijn afmelding ongedaan');
      expect(await heading(page)).toBe('Je afmelding is ongedaan gemaakt');
      expect(await reasonOf(address)).toBe('CONSENT');
      expect(complaints).toStrictEqual([]);
      await page.context().close();
    });

    it('a person switches to English and stops everything (P4)', async () => {
      const address = `${device}.en@example.nl`;
      const { page, complaints } = await open(await linkFromMail(service, address), { viewport, locale: 'nl-NL' });
      await page.getByRole('link', { name: 'Read this page in English' }).click();
      expect(await heading(page)).toBe('Unsubscribe');
      await press(page, 'Unsubscribe me from all commercial messages');
      expect(await heading(page)).toBe('You have been unsubscribed');
      expect([await reasonOf(address), await reasonOf(address, 'event-invitation')]).toStrictEqual([
        'OPTED_OUT',
        'OPTED_OUT',
      ]);
      expect(complaints).toStrictEqual([]);
      await page.context().close();
    });

    it('a person confirms a subscription with the keyboard, in the language of the browser', async () => {
      const address = `${device}.confirm@example.nl`;
      const { page } = await open(await confirmationFromMail(service, address), { viewport, locale: 'en-GB' });
      const button = page.getByRole('button', { name: 'Yes, confirm my subscription' });
      const focused = () => button.evaluate((element) => element.matches(':focus-visible'));
      for (let presses = 0; presses < 5 && !(await focused()); presses++) await page.keyboard.press('Tab');
      expect(
        await button.evaluate((element) => element.ownerDocument.defaultView!.getComputedStyle(element).outlineStyle),
      ).toBe('solid');
      await page.keyboard.press('Enter');
      await page.getByRole('status').waitFor();
      expect(await heading(page)).toBe('Your subscription is confirmed');
      expect(await reasonOf(address)).toBe('CONSENT');
      await page.context().close();
    });

    it('a person answers a re-consent prompt by choosing, and sees what was recorded (P5)', async () => {
      const address = `${device}.again@example.nl`;
      const { page, complaints } = await open(await promptLink(service, address), { viewport, locale: 'nl-NL' });
      await page.getByRole('group', { name: 'Nieuwsbrief' }).getByLabel('Ja, blijf dit sturen').check();
      await page
        .getByRole('group', { name: 'Uitnodigingen voor events' })
        .getByLabel('Nee, stuur dit niet meer')
        .check();
      expect(await reasonOf(address, 'event-invitation')).toBe('CONSENT');

      await press(page, 'Leg mijn keuze vast');
      expect(await heading(page)).toBe('Je keuze is vastgelegd');
      expect(await page.getByRole('status').innerText()).toMatch(/Nieuwsbrief\s+Je hebt ja gezegd\./);
      expect(await reasonOf(address, 'event-invitation')).toBe('OPTED_OUT');
      expect(await reasonOf(address)).toBe('CONSENT');
      await expectUsable(page);
      expect(complaints).toStrictEqual([]);
      await page.context().close();
    });
  });

  describe('on a phone and on a desktop without JavaScript', () => {
    const visits = stops.flatMap((stop) => languages.map((language) => [stop.name, language, stop] as const));

    it.each(visits)('the page "%s" in "%s" is whole, fits, and has targets that a thumb can hit', async (...visit) => {
      const [name, language, stop] = visit;
      const { page, complaints } = await enter({ viewport: devices.phone, locale: language });
      await stop.reach({ ...places, page, address: addressFor(name, language, 'fits') });
      expect(await heading(page)).toBe(stop.heading[language]);
      expect(await page.locator('html').getAttribute('lang')).toBe(language);
      for (const [device, viewport] of Object.entries(devices)) {
        await page.setViewportSize(viewport);
        await takePicture(page, `${name} ${language} ${device}`);
        await expectUsable(page);
      }
      expect(complaints).toStrictEqual([]);
      await page.context().close();
    });
  });

  it('a logo is seen as high as the line it stands in, also one that is drawn without a size', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'consent-ledger-branding-'));
    const drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 24"><rect width="96" height="24"/></svg>';
    await writeFile(join(folder, 'logo.svg'), drawing);
    await writeFile(join(folder, 'branding.yaml'), 'name: Cadeau Gemak\nlogo: logo.svg\n');
    const branded = await startService({ environment: { BRANDING_PATH: join(folder, 'branding.yaml') } });
    const { page } = await enter({ viewport: devices.phone });
    try {
      await page.goto(new URL('/subscribe', branded.url).href);
      const logo = await page.getByRole('img', { name: 'Cadeau Gemak' }).boundingBox();
      expect([logo?.width, logo?.height]).toStrictEqual([192, 48]);
    } finally {
      await page.context().close();
      await branded.stop();
      await rm(folder, { recursive: true });
    }
  });

  describe('axe finds nothing against WCAG 2.2 AA, in light and in dark', () => {
    const visits = stops.flatMap((stop) => languages.map((language) => [stop.name, language, stop] as const));

    it.each(visits)('on the page "%s" in "%s"', async (name, language, stop) => {
      // axe is a script, which the page's own policy would not run.
      const { page } = await enter({
        viewport: devices.phone,
        locale: language,
        javaScriptEnabled: true,
        bypassCSP: true,
      });
      await stop.reach({ ...places, page, address: addressFor(name, language, 'axe') });
      expect(await heading(page)).toBe(stop.heading[language]);
      await page.addScriptTag({ content: axe.source });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        if (colorScheme === 'dark') await takePicture(page, `${name} ${language} phone dark`);
        expect(await violationsOn(page)).toStrictEqual([]);
      }
      await page.context().close();
    });

    it('would find what is wrong', async () => {
      const { page } = await enter({ viewport: devices.phone, javaScriptEnabled: true, bypassCSP: true });
      await page.setContent(
        '<title>x</title><main><p style="color:#aaa;background:#fff">Hard to read</p><input></main>',
      );
      await page.addScriptTag({ content: axe.source });
      expect(await violationsOn(page)).toStrictEqual(['color-contrast: p', 'html-has-lang: html', 'label: input']);
      await page.context().close();
    });
  });
});

const AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** What axe finds on the page: each rule that is broken, and where. A contrast that it cannot tell is none to rely on. */
async function violationsOn(page: Page): Promise<string[]> {
  const results = await page.evaluate(`axe.run(document, { runOnly: { type: 'tag', values: ${JSON.stringify(AA)} } })`);
  const { violations, incomplete } = results as AxeResults;
  const broken = [...violations, ...incomplete.filter(({ id }) => id === 'color-contrast')];
  return broken.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`)).sort();
}

/** Keeps a picture for whoever wants to look at the pages; nobody does in CI. */
async function takePicture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name.replaceAll(/\W+/g, '-')}.png`), fullPage: true });
}

function addressFor(...parts: string[]): string {
  return `${parts.join('.').replaceAll(/[^a-z.]+/g, '-')}@example.nl`;
}

async function expectUsable(page: Page): Promise<void> {
  const targets = page.locator('button, header a, input:not([type=hidden])');
  const sides = await targets.evaluateAll((elements) =>
    elements.map((element) => element.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)),
  );
  for (const side of sides) expect(side).toBeGreaterThanOrEqual(SMALLEST_TARGET);
  const { width, height } = page.viewportSize()!;
  await page.setViewportSize({ width: NARROWEST, height });
  const overflow = await page.locator('html').evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width, height });
}
