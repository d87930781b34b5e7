import Database from 'better-sqlite3';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { deliverability, given, optIn as optInTo, restriction } from '../http/given.js';
import { writePolicies } from '../http/policy-files.js';
import { optIn, optOut } from '../mail/steps.js';
import { startService, type TestService } from '../support/service.js';
import { confirmationFromMail, linkFromMail, signedPath } from './pages.js';
import { promptLink } from './prompts.js';

export type Language = 'nl' | 'en';

/** The services that the pages come from. */
export interface Places {
  readonly service: TestService;
  /** Has too many visits. */
  readonly crowded: TestService;
  /** Has lost its log. */
  readonly broken: TestService;
  /** Has a name, a logo and a colour of its own. */
  readonly branded: TestService;
  /** Has a policy without a statement to subscribe on. */
  readonly closed: TestService;
}

/** A person before a browser, with an address of their own. */
export interface Visitor extends Places {
  readonly page: Page;
  readonly address: string;
}

/** A page as a person comes to it; what each is called says that it was reached. */
export interface Stop {
  readonly name: string;
  readonly heading: Readonly<Record<Language, string>>;
  reach(visitor: Visitor): Promise<unknown>;
}

export async function openPlaces(): Promise<Places> {
  const [service, crowded, broken, branded, closed] = await Promise.all([
    startService(),
    startService({ environment: { VISITS_PER_MINUTE: '1' } }),
    startService(),
    startBranded(),
    startClosed(),
  ]);
  return { service, crowded, broken: breakLog(broken), branded, closed };
}

export async function closePlaces(places: Places): Promise<void> {
  await Promise.all(Object.values(places).map((place: TestService) => place.stop()));
}

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 24"><rect width="96" height="24" rx="12" fill="#7a1f5c"/></svg>';

/** What a service has read from files at its start is not read again: they go at once. */
async function startBranded(): Promise<TestService> {
  const folder = await mkdtemp(join(tmpdir(), 'consent-ledger-branding-'));
  const branding = { name: 'Cadeau Gemak', logo: 'logo.svg', accent: { light: '#7a1f5c', dark: '#f0a8d6' } };
  await writeFile(join(folder, 'logo.svg'), LOGO);
  // JSON is YAML.
  await writeFile(join(folder, 'branding.yaml'), JSON.stringify(branding));
  const started = startService({ environment: { BRANDING_PATH: join(folder, 'branding.yaml') } });
  return started.finally(() => rm(folder, { recursive: true }));
}

async function startClosed(): Promise<TestService> {
  const policies = await writePolicies(({ reconsent: _never, ...shipped }) => ({ ...shipped, statements: [] }));
  const started = startService({ environment: { POLICY_PATH: join(policies.path, '2.yaml') } });
  return started.finally(() => policies.remove());
}

/** Takes the events away under a service that runs: whatever it is asked, it cannot look it up. */
function breakLog(service: TestService): TestService {
  const db = new Database(join(service.directory, 'log.sqlite'));
  const tables = db.prepare<[], { name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  for (const { name } of tables)
    if (!name.startsWith('sqlite_')) db.exec(`ALTER TABLE "${name}" RENAME TO "lost_${name}"`);
  db.close();
  return service;
}

const go = (page: Page, { url }: TestService, path: string) => page.goto(new URL(path, url).href);
const press = (page: Page, button = 0) => page.getByRole('button').nth(button).click();
const someContact = 'a'.repeat(26);

const DAY = 86_400_000;

const preferencesLink = (service: TestService, contactId: string, lifetime: number) =>
  signedPath(service, { kind: 'preferences', contactId, expiresAt: Date.now() + lifetime });

/** The path to the preferences of somebody who consented to some of what there is. */
const preferencesOf = async (service: TestService, address: string) =>
  preferencesLink(service, await optIn(service, address, ['newsletter', 'event-invitation']), DAY);

/** Gives an element of the form other content than the service gave it, as a page has that lay open while things changed. */
const rewrite = (page: Page, selector: string, attribute: string, value: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element, [name, content]) => element.setAttribute(name!, content!), [attribute, value]);

/** Every page that a recipient can come to. A new page adds a row. */
export const stops: readonly Stop[] = [
  {
    name: 'subscribe',
    heading: { nl: 'Meld je aan', en: 'Subscribe' },
    reach: ({ page, service }) => go(page, service, '/subscribe'),
  },
  {
    name: 'subscribe, filled in wrongly',
    heading: { nl: 'Meld je aan', en: 'Subscribe' },
    async reach({ page, service }) {
      await go(page, service, '/subscribe');
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'subscribe, with an address that is none',
    heading: { nl: 'Meld je aan', en: 'Subscribe' },
    async reach({ page, service }) {
      await go(page, service, '/subscribe');
      await page.getByRole('textbox').fill('naam.voorbeeld.nl');
      await page.getByRole('checkbox').first().check();
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'subscribe, on a text that changed meanwhile',
    heading: { nl: 'Meld je aan', en: 'Subscribe' },
    async reach({ page, service, address }) {
      await go(page, service, '/subscribe');
      await page.getByRole('textbox').fill(address);
      await page.getByRole('checkbox').first().check();
      await rewrite(page, 'input[name=version]', 'value', '99');
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'subscribe, with a branding',
    heading: { nl: 'Meld je aan', en: 'Subscribe' },
    async reach({ page, branded }) {
      await go(page, branded, '/subscribe');
      await page.getByRole('checkbox').first().check();
      await press(page);
    },
  },
  {
    name: 'no subscription',
    heading: { nl: 'Aanmelden kan hier niet', en: 'You cannot subscribe here' },
    reach: ({ page, closed }) => go(page, closed, '/subscribe'),
  },
  {
    name: 'subscribed',
    heading: { nl: 'Kijk in je mailbox', en: 'Check your inbox' },
    async reach({ page, service, address }) {
      await go(page, service, '/subscribe');
      await page.getByRole('textbox').fill(address);
      await page.getByRole('checkbox').first().check();
      await press(page);
    },
  },
  {
    name: 'confirm',
    heading: { nl: 'Bevestig je aanmelding', en: 'Confirm your subscription' },
    reach: async ({ page, service, address }) => go(page, service, await confirmationFromMail(service, address)),
  },
  {
    name: 'confirmed',
    heading: { nl: 'Je aanmelding is bevestigd', en: 'Your subscription is confirmed' },
    async reach({ page, service, address }) {
      await go(page, service, await confirmationFromMail(service, address));
      await press(page);
    },
  },
  {
    name: 'confirmed already',
    heading: { nl: 'Je aanmelding is bevestigd', en: 'Your subscription is confirmed' },
    async reach({ page, service, address }) {
      const path = await confirmationFromMail(service, address);
      await go(page, service, path);
      await press(page);
      await go(page, service, path);
    },
  },
  {
    name: 'overtaken',
    heading: { nl: 'Deze bevestiging geldt niet meer', en: 'This confirmation is no longer valid' },
    async reach({ page, service, address }) {
      const path = await confirmationFromMail(service, address);
      await optOut(service, address);
      await go(page, service, path);
    },
  },
  {
    name: 'unsubscribe',
    heading: { nl: 'Afmelden', en: 'Unsubscribe' },
    reach: async ({ page, service, address }) => go(page, service, await linkFromMail(service, address)),
  },
  {
    name: 'unsubscribed',
    heading: { nl: 'Je bent afgemeld', en: 'You have been unsubscribed' },
    async reach({ page, service, address }) {
      await go(page, service, await linkFromMail(service, address));
      await press(page);
    },
  },
  {
    name: 'unsubscribed already',
    heading: { nl: 'Je bent afgemeld', en: 'You have been unsubscribed' },
    async reach({ page, service, address }) {
      const path = await linkFromMail(service, address);
      await go(page, service, path);
      await press(page);
      await go(page, service, path);
      await press(page);
    },
  },
  {
    name: 'unsubscribed, with a branding',
    heading: { nl: 'Je bent afgemeld', en: 'You have been unsubscribed' },
    async reach({ page, branded, address }) {
      await go(page, branded, await linkFromMail(branded, address));
      await press(page);
    },
  },
  {
    name: 'undone',
    heading: { nl: 'Je afmelding is ongedaan gemaakt', en: 'That has been undone' },
    async reach({ page, service, address }) {
      await go(page, service, await linkFromMail(service, address));
      await press(page);
      await press(page);
    },
  },
  {
    name: 'undone, and still stopped by something else',
    heading: { nl: 'Je bent nog afgemeld', en: 'You are still unsubscribed' },
    async reach({ page, service, address }) {
      await go(page, service, await linkFromMail(service, address));
      await press(page);
      await optOut(service, address);
      await press(page);
    },
  },
  {
    name: 'reconsent',
    heading: { nl: 'Wil je onze berichten blijven ontvangen?', en: 'Do you want to keep receiving our messages?' },
    reach: async ({ page, service, address }) => go(page, service, await promptLink(service, address)),
  },
  {
    name: 'reconsent, with nothing chosen',
    heading: { nl: 'Wil je onze berichten blijven ontvangen?', en: 'Do you want to keep receiving our messages?' },
    async reach({ page, service, address }) {
      await go(page, service, await promptLink(service, address));
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'reconsent, ended',
    heading: { nl: 'De tijd om te antwoorden is voorbij', en: 'The time to answer has passed' },
    reach: async ({ page, service, address }) => go(page, service, await promptLink(service, address, undefined, 40)),
  },
  {
    name: 'reconsent, answered',
    heading: { nl: 'Je hebt al geantwoord', en: 'You have already answered' },
    async reach({ page, service, address }) {
      const path = await promptLink(service, address, ['newsletter']);
      await go(page, service, path);
      await page.getByRole('radio').first().check();
      await press(page);
      await go(page, service, path);
    },
  },
  {
    name: 'reconsented',
    heading: { nl: 'Je keuze is vastgelegd', en: 'Your choice has been saved' },
    async reach({ page, service, address }) {
      await go(page, service, await promptLink(service, address));
      await page.getByRole('radio').first().check();
      await page.getByRole('radio').last().check();
      await press(page);
    },
  },
  {
    name: 'ask for the link to the preferences',
    heading: { nl: 'Bekijk je voorkeuren', en: 'See your preferences' },
    reach: ({ page, service }) => go(page, service, '/preferences'),
  },
  {
    name: 'ask for the link to the preferences, without an address',
    heading: { nl: 'Bekijk je voorkeuren', en: 'See your preferences' },
    async reach({ page, service }) {
      await go(page, service, '/preferences');
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'link to the preferences asked for',
    heading: { nl: 'Kijk in je mailbox', en: 'Check your inbox' },
    async reach({ page, service, address }) {
      await go(page, service, '/preferences');
      await page.getByRole('textbox').fill(address);
      await press(page);
    },
  },
  {
    name: 'preferences, with their history',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    async reach({ page, service, address }) {
      await go(page, service, await preferencesOf(service, address));
      await page.locator('summary').click();
    },
  },
  {
    name: 'preferences, saved',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    async reach({ page, service, address }) {
      await go(page, service, await preferencesOf(service, address));
      await page.getByRole('checkbox').first().uncheck();
      await page.getByRole('checkbox').last().check();
      await press(page);
      await page.getByRole('status').waitFor();
    },
  },
  {
    name: 'preferences, stopped elsewhere meanwhile',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    async reach({ page, service, address }) {
      await go(page, service, await preferencesOf(service, address));
      await optOut(service, address);
      await page.getByRole('checkbox').last().check();
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'preferences, restricted',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    async reach({ page, service, address }) {
      await given(service, address, optInTo(['newsletter']), restriction(true));
      await go(page, service, await preferencesOf(service, address));
    },
  },
  {
    name: 'preferences, undeliverable',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    async reach({ page, service, address }) {
      const path = await preferencesOf(service, address);
      await given(service, address, deliverability('bounced', { permanent: true }));
      await go(page, service, path);
    },
  },
  {
    name: 'preferences, with a branding',
    heading: { nl: 'Jouw voorkeuren', en: 'Your preferences' },
    reach: async ({ page, branded, address }) => go(page, branded, await preferencesOf(branded, address)),
  },
  {
    name: 'no preferences',
    heading: { nl: 'Er is niets vastgelegd', en: 'We have nothing on record' },
    reach: async ({ page, service }) => go(page, service, await preferencesLink(service, someContact, DAY)),
  },
  {
    name: 'too old',
    heading: { nl: 'Deze link is verlopen', en: 'This link has expired' },
    reach: async ({ page, service }) => go(page, service, await preferencesLink(service, someContact, -DAY)),
  },
  {
    name: 'too old, all stopped',
    heading: { nl: 'Deze link is verlopen', en: 'This link has expired' },
    async reach({ page, service, address }) {
      await go(page, service, await preferencesLink(service, await optIn(service, address), -DAY));
      await press(page);
      await page.getByRole('status').waitFor();
    },
  },
  {
    name: 'too old, some stopped and some refused',
    heading: { nl: 'Deze link is verlopen', en: 'This link has expired' },
    async reach({ page, service, address }) {
      const contactId = await optIn(service, address);
      await go(page, service, await preferencesLink(service, contactId, DAY));
      await page.getByRole('checkbox').first().uncheck();
      await page.getByRole('checkbox').last().check();
      await rewrite(page, 'form', 'action', await preferencesLink(service, contactId, -DAY));
      await press(page);
      await page.getByRole('alert').waitFor();
    },
  },
  {
    name: 'damaged',
    heading: { nl: 'Deze link werkt niet', en: 'This link does not work' },
    reach: ({ page, service }) => go(page, service, '/u/damaged'),
  },
  {
    name: 'too many',
    heading: { nl: 'Even wachten, alsjeblieft', en: 'One moment, please' },
    async reach({ page, crowded }) {
      await go(page, crowded, '/subscribe');
      await go(page, crowded, '/subscribe');
    },
  },
  {
    name: 'unavailable',
    heading: { nl: 'Dat lukt nu even niet', en: 'That is not working just now' },
    async reach({ page, broken }) {
      const claims = { kind: 'confirm', contactId: someContact, requestId: 'a-request' } as const;
      await go(page, broken, await signedPath(broken, claims));
    },
  },
  {
    name: 'busy',
    heading: { nl: 'Het is nog niet gelukt', en: 'That did not work' },
    async reach({ page, broken }) {
      const claims = { kind: 'unsubscribe', contactId: someContact, purpose: 'newsletter' } as const;
      await go(page, broken, await signedPath(broken, claims));
      await press(page);
    },
  },
];
