import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { startService, type TestService } from '../support/service.js';
import { verdictOf } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail } from './pages.js';
import { promptLink } from './prompts.js';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'];

const devices = { phone: { width: 360, height: 720 }, desktop: { width: 1280, height: 800 } };
/** The smallest width that a page must fit without scrolling sideways (WCAG 1.4.10), in CSS pixels. */
const NARROWEST = 320;
/** The least that a target measures (WCAG 2.5.8), in CSS pixels. */
const SMALLEST_TARGET = 24;

let service: TestService;
let browser: Browser;

beforeAll(async () => {
  service = await startService();
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

interface Visit {
  readonly page: Page;
  /** What the browser complained about, and what it asked of other hosts. */
  readonly complaints: string[];
}

/** Opens a link as a person does, with JavaScript off. */
async function open(path: string, options: BrowserContextOptions): Promise<Visit> {
  const context = await browser.newContext({ javaScriptEnabled: false, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('requestfailed', (request) => {
    // Who goes on to another page gives up what the one before was still fetching.
    if (request.failure()?.errorText !== 'net::ERR_ABORTED') complaints.push(`failed: ${request.url()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(service.url)) complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(new URL(path, service.url).href);
  return { page, complaints };
}

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdictOf(service, address, purpose)).reason;
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).innerText();
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

describe.each(Object.entries(devices))('on a %s without JavaScript', (device, viewport) => {
  it('a person unsubscribes in Dutch, sees that it worked, and undoes it', async () => {
    const address = `${device}.nl@example.nl`;
    const { page, complaints } = await open(await linkFromMail(service, address), { viewport, locale: 'nl-NL' });
    expect(await heading(page)).toBe('Afmelden');
    expect(await reasonOf(address)).toBe('CONSENT');

    await press(page, 'Meld mij af voor: Nieuwsbrief');
    expect(await heading(page)).toBe('Je bent afgemeld');
    expect(await page.getByRole('status').innerText()).toContain('Nieuwsbrief');
    expect(await reasonOf(address)).toBe('OPTED_OUT');

    await press(page, 'Maak mijn afmelding ongedaan');
    expect(await heading(page)).toBe('Je afmelding is ongedaan gemaakt');
    expect(await reasonOf(address)).toBe('CONSENT');
    expect(complaints).toStrictEqual([]);
    await page.context().close();
  });

  it('a person switches to English and stops everything', async () => {
    const address = `${device}.en@example.nl`;
    const { page, complaints } = await open(await linkFromMail(service, address), { viewport, locale: 'nl-NL' });
    await page.getByRole('link', { name: 'Read this page in English' }).click();
    expect(await heading(page)).toBe('Unsubscribe');
    await press(page, 'Unsubscribe me from all commercial messages');
    expect(await heading(page)).toBe('You are unsubscribed');
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
    await page.getByRole('group', { name: 'Uitnodigingen voor events' }).getByLabel('Nee, stuur dit niet meer').check();
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

  it('every page fits, in both colour schemes, with targets that a thumb can hit', async () => {
    const link = await linkFromMail(service, `${device}.past@example.nl`);
    const question = await promptLink(service, `${device}.asked@example.nl`);
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page } = await open(link, { viewport, locale: 'nl-NL', colorScheme });
      await expectUsable(page);
      await press(page, 'Meld mij af voor: Nieuwsbrief');
      await expectUsable(page);
      await page.goto(new URL(`${link}x`, service.url).href);
      expect(await heading(page)).toBe('Deze link werkt niet');
      await expectUsable(page);
      await page.goto(new URL(question, service.url).href);
      expect(await heading(page)).toBe('Wil je onze berichten blijven ontvangen?');
      await expectUsable(page);
      await press(page, 'Leg mijn keuze vast');
      expect(await page.getByRole('alert').innerText()).toBe('Je hebt nog niets gekozen.');
      await expectUsable(page);
      await page.context().close();
    }
  });
});

async function expectUsable(page: Page): Promise<void> {
  for (const target of await page.locator('button, header a, input:not([type=hidden])').all()) {
    const { width, height } = (await target.boundingBox())!;
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(SMALLEST_TARGET);
  }
  for (const { color, ground } of await coloursOf(page)) expect(contrast(color, ground)).toBeGreaterThanOrEqual(4.5);
  const { width, height } = page.viewportSize()!;
  await page.setViewportSize({ width: NARROWEST, height });
  const overflow = await page.locator('html').evaluate((element) => element.scrollWidth - element.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width, height });
}

type Colour = readonly number[];

/** The colour of every text, and that of what lies behind it. */
function coloursOf(page: Page): Promise<{ color: Colour; ground: Colour }[]> {
  return page.locator('h1, p, a, button, legend, label, blockquote, dt, dd').evaluateAll((elements) =>
    elements.map((element) => {
      const view = element.ownerDocument.defaultView!;
      const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
      let behind = element;
      while (behind && channels(view.getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
      return {
        color: channels(view.getComputedStyle(element).color),
        ground: channels(view.getComputedStyle(behind ?? element.ownerDocument.documentElement).backgroundColor),
      };
    }),
  );
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: Colour, other: Colour): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.slice(0, 3).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
