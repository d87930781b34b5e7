import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { shippedPolicy } from '@consent-ledger/testing';
import { writePolicies } from '../http/policy-files.js';
import { optOut, verdictOf } from '../mail/steps.js';
import { startService, type TestService } from '../support/service.js';
import { linkFromMail, press, send, signedPath, visit, type Page } from './pages.js';
import { promptLink } from './prompts.js';

const DAY = 86_400_000;
const record = 'Leg mijn keuze vast';
const noToAll = 'Nee, stuur mij geen enkel commercieel bericht meer';
const renewal = shippedPolicy.statements.find(({ id }) => id === 'reconsent')!;

let service: TestService;
let passed = 0;

beforeAll(async () => {
  service = await startService({ clock: { now: () => Date.now() + passed } });
});
afterEach(() => {
  passed = 0;
});
afterAll(() => service.stop());

const contactOf = async (address: string): Promise<string> =>
  (await service.post('/v1/contacts/lookup', { address })).body.contactId;

const eventsOf = async (address: string) =>
  (await service.get(`/v1/contacts/${await contactOf(address)}/history`)).body.events;

/** The types of what the person did, without what the service did of itself. */
const actsOf = async (address: string): Promise<string[]> => {
  const acts = (await eventsOf(address)).filter(({ actor }: { actor: { kind: string } }) => actor.kind === 'person');
  return acts.map(({ type }: { type: string }) => type);
};

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdictOf(service, address, purpose)).reason;

const reasonsOf = async (address: string) => [await reasonOf(address), await reasonOf(address, 'event-invitation')];

const answer = (page: Page, answers: Readonly<Record<string, 'yes' | 'no'>>): Promise<Page> => {
  const fields = Object.entries(answers).map(([purpose, word]) => [`answer.${purpose}`, word]);
  return press(service, page, record, Object.fromEntries(fields));
};

const choicesOn = ({ text }: Page): string[] => {
  const inputs = text.matchAll(/<input type="(radio|checkbox)" name="answer\.([\w-]+)" value="(\w+)">/g);
  return [...inputs].map(([, kind, purpose, word]) => `${kind} ${purpose} ${word}`).sort();
};

describe('looking at the question whether to go on (P5)', () => {
  it.each(['GET', 'HEAD', 'OPTIONS'])('by %s changes nothing, however often', async (method) => {
    const address = `kijk.${method.toLowerCase()}@example.nl`;
    const link = await promptLink(service, address);
    for (const path of [link, `${link}?all=no`, `${link}?answer.newsletter=yes`])
      await service.request(method, path, { key: null });
    expect(await actsOf(address)).toStrictEqual(['OptedIn']);
    expect(await reasonsOf(address)).toStrictEqual(['CONSENT', 'CONSENT']);
  });

  it.each([
    ['nl', 'Wil je onze berichten blijven ontvangen?', 'Nieuwsbrief', 'Antwoord vóór'],
    ['en', 'Do you want to keep receiving our messages?', 'Newsletter', 'Please answer before'],
  ])(
    'shows in "%s" exactly the statement of the policy, and each purpose with a yes and a no',
    async (language, ...words) => {
      const page = await visit(service, await promptLink(service, `toon.${language}@example.nl`), language);
      expect([page.status, page.language, page.heading]).toStrictEqual([200, language, words[0]]);
      const [, shown] = /<blockquote lang="\w+">([^<]*)<\/blockquote>/.exec(page.text)!;
      expect(shown).toBe(renewal.texts[language]);
      for (const word of words) expect(page.text).toContain(word);
      expect(choicesOn(page)).toStrictEqual([
        'radio event-invitation no',
        'radio event-invitation yes',
        'radio newsletter no',
        'radio newsletter yes',
      ]);
      expect(page.text).not.toMatch(/checked|toon\.|@example|<script/);
      expect(page.headers.get('cache-control')).toBe('no-store');
    },
  );
});

describe('answering the question (P5)', () => {
  it('with yes renews consent with the statement that was shown, by the act of the person', async () => {
    const address = 'ja@example.nl';
    const page = await visit(service, await promptLink(service, address), 'en');
    const done = await press(service, page, 'Save my choice', { 'answer.newsletter': 'yes' });
    expect([done.status, done.heading]).toStrictEqual([200, 'Je keuze is vastgelegd']);
    const [renewed] = (await eventsOf(address)).filter(({ type }: { type: string }) => type === 'ConsentRenewed');
    const statement = { id: 'reconsent', version: 1, language: 'en', hash: renewal.hashes['en'] };
    expect(renewed).toMatchObject({
      data: { purposes: ['newsletter'], statement },
      actor: { kind: 'person' },
      source: { kind: 'preference-page' },
      personal: { reference: expect.any(String) },
    });
    const { evidence } = await verdictOf(service, address);
    expect(evidence).toMatchObject([{ eventId: renewed.eventId, type: 'ConsentRenewed' }]);
  });

  it('leaves what was not answered as it is: its consent lapses, the renewed one goes on', async () => {
    const address = 'half@example.nl';
    await answer(await visit(service, await promptLink(service, address)), { newsletter: 'yes' });
    passed = 31 * DAY;
    expect(await reasonsOf(address)).toStrictEqual(['CONSENT', 'CONSENT_LAPSED']);
  });

  it('with no opts out of that purpose, which can be undone, and of no other', async () => {
    const address = 'nee@example.nl';
    const done = await answer(await visit(service, await promptLink(service, address)), { newsletter: 'no' });
    expect(await reasonsOf(address)).toStrictEqual(['OPTED_OUT', 'CONSENT']);
    expect(done.text).toContain('Je bent hiervoor afgemeld.');
    const undone = await press(service, done, 'Maak mijn afmelding ongedaan');
    expect(undone.heading).toBe('Je afmelding is ongedaan gemaakt');
    expect(await reasonsOf(address)).toStrictEqual(['CONSENT', 'CONSENT']);
    const act = { type: 'OptOutUndone', source: { kind: 'preference-page' } };
    expect((await eventsOf(address)).at(-1)).toMatchObject(act);
  });

  it('with yes to one and no to another does both', async () => {
    const address = 'beide@example.nl';
    const page = await visit(service, await promptLink(service, address));
    await answer(page, { newsletter: 'no', 'event-invitation': 'yes' });
    expect(await actsOf(address)).toStrictEqual(['OptedIn', 'OptedOut', 'ConsentRenewed']);
    expect(await reasonsOf(address)).toStrictEqual(['OPTED_OUT', 'CONSENT']);
  });

  it('with no to everything opts out of all commercial mail', async () => {
    const address = 'niets@example.nl';
    const done = await press(service, await visit(service, await promptLink(service, address)), noToAll);
    expect([done.status, done.heading]).toStrictEqual([200, 'Je keuze is vastgelegd']);
    expect(await reasonsOf(address)).toStrictEqual(['OPTED_OUT', 'OPTED_OUT']);
    expect(await reasonOf(address, 'sales-contact')).toBe('OPTED_OUT');
  });

  it('twice is answered alike, and nothing is doubled', async () => {
    const address = 'dubbel@example.nl';
    const page = await visit(service, await promptLink(service, address));
    const answers = { newsletter: 'yes', 'event-invitation': 'no' } as const;
    const [first, second] = [await answer(page, answers), await answer(page, answers)];
    expect([second.status, second.heading]).toStrictEqual([first.status, first.heading]);
    expect(second.text).toContain('Je hebt ja gezegd.');
    expect(await actsOf(address)).toStrictEqual(['OptedIn', 'OptedOut', 'ConsentRenewed']);
  });

  it('with nothing changes nothing, and says that nothing was chosen', async () => {
    const address = 'leeg@example.nl';
    const page = await answer(await visit(service, await promptLink(service, address)), {});
    expect(page.status).toBe(200);
    expect(page.text).toContain('<p class="alert" role="alert">Je hebt nog niets gekozen.</p>');
    expect(page.text).toContain('<title>Fout: Wil je onze berichten blijven ontvangen?');
    expect(await actsOf(address)).toStrictEqual(['OptedIn']);
  });

  it('touches no purpose that the question was not about (P4)', async () => {
    const address = 'vreemd@example.nl';
    const link = await promptLink(service, address, ['newsletter']);
    const page = await visit(service, link);
    await answer(page, { 'sales-contact': 'yes', 'event-invitation': 'no', newsletter: 'yes' });
    const events = await eventsOf(address);
    expect(events.at(-1).data.purposes).toStrictEqual(['newsletter']);
    expect(await actsOf(address)).toStrictEqual(['OptedIn', 'ConsentRenewed']);
  });

  it('with both for one purpose counts as no: the stricter wins', async () => {
    const address = 'dubbelzinnig@example.nl';
    const link = await promptLink(service, address, ['newsletter']);
    const raw = 'answer.newsletter=yes&answer.newsletter=no&statement=reconsent&version=1&language=nl';
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const { status } = await service.request('POST', link, { key: null, raw, headers });
    expect([status, await reasonOf(address)]).toStrictEqual([200, 'OPTED_OUT']);
  });

  it('with yes to another text than that of the policy records no yes, and shows the text again', async () => {
    const address = 'tekst@example.nl';
    const page = await visit(service, await promptLink(service, address));
    const fields = { 'answer.newsletter': 'yes', 'answer.event-invitation': 'no' };
    const reply = await send(service, page.path, { ...page.forms[0]!.hidden, ...fields, version: '9' });
    expect(reply.status).toBe(409);
    expect(reply.text).toContain('intussen gewijzigd');
    expect(reply.text).toContain(renewal.texts['nl']);
    expect(await actsOf(address)).toStrictEqual(['OptedIn', 'OptedOut']);
    expect((await send(service, page.path, fields)).status).toBe(409);
  });
});

describe('a statement that another version of the policy replaces while the page is open (P5)', () => {
  const soon = new Date(Date.now() + DAY).toISOString();
  const reworded = { ...renewal, version: 2, texts: { nl: 'Ja, ga zo door.', en: 'Yes, go on like this.' } };
  const morning = { nl: 'Ochtendpost', en: 'Morning post' };
  let asked: TestService;
  let policies: Awaited<ReturnType<typeof writePolicies>>;

  beforeAll(async () => {
    const { hashes: _hashed, ...statement } = reworded;
    policies = await writePolicies((shipped: any) => ({
      ...shipped,
      version: 2,
      inForceFrom: soon,
      controller: { ...shipped.controller, name: 'DNP Morgen' },
      purposes: { ...shipped.purposes, newsletter: { ...shipped.purposes.newsletter, name: morning } },
      statements: [...shipped.statements, statement],
    }));
    const environment = { POLICY_PATH: policies.path };
    asked = await startService({ environment, clock: { now: () => Date.now() + passed } });
  });
  afterAll(async () => {
    await asked.stop();
    await policies.remove();
  });

  const fields = { 'answer.newsletter': 'yes' };
  const renewals = async (address: string) => {
    const { contactId } = (await asked.post('/v1/contacts/lookup', { address })).body;
    const { events } = (await asked.get(`/v1/contacts/${contactId}/history`)).body;
    return events.filter(({ type }: { type: string }) => type === 'ConsentRenewed');
  };

  it('is not what a yes is recorded on: the page shows the text that counts now, and asks anew (P3)', async () => {
    const address = 'nieuw@example.nl';
    const page = await visit(asked, await promptLink(asked, address, ['newsletter']));
    passed = 2 * DAY;
    const again = await press(asked, page, record, fields);
    expect([again.status, again.forms[0]!.hidden['version']]).toStrictEqual([409, '2']);
    expect(again.text).toContain('intussen gewijzigd');
    expect(again.text).toContain(reworded.texts['nl']);
    expect(await renewals(address)).toStrictEqual([]);

    expect((await press(asked, again, record, fields)).status).toBe(200);
    expect(await renewals(address)).toMatchObject([{ data: { statement: { id: 'reconsent', version: 2 } } }]);
  });

  it('does not change who the page is from, and what a purpose is called, before it is in force', async () => {
    const link = await promptLink(asked, 'afzender@example.nl', ['newsletter']);
    const contactId = (await asked.post('/v1/contacts/lookup', { address: 'afzender@example.nl' })).body.contactId;
    const claims = { kind: 'unsubscribe', contactId, purpose: 'newsletter', mailing: 'm' } as const;
    const links = [link, await signedPath(asked, claims)];
    for (const path of links) {
      const { text } = await visit(asked, path);
      expect(text).toContain(shippedPolicy.controller.name);
      expect(text).not.toMatch(/DNP Morgen|Ochtendpost/);
    }
    passed = 2 * DAY;
    for (const path of links) expect((await visit(asked, path)).text).toMatch(/>DNP Morgen<[^]*Ochtendpost/);
  });

  it('keeps the yes that was given on it: the same form sent once more is answered alike', async () => {
    const address = 'eerder@example.nl';
    const page = await visit(asked, await promptLink(asked, address, ['newsletter']));
    await press(asked, page, record, fields);
    passed = 2 * DAY;
    expect((await press(asked, page, record, fields)).status).toBe(200);
    expect(await renewals(address)).toMatchObject([{ data: { statement: { version: 1 } } }]);
  });
});

describe('answering too late (P5)', () => {
  it('with yes is refused by a page that says so, and no still works', async () => {
    const address = 'laat@example.nl';
    const page = await visit(service, await promptLink(service, address));
    passed = 31 * DAY;
    const refused = await answer(page, { newsletter: 'yes', 'event-invitation': 'no' });
    expect([refused.status, refused.heading]).toStrictEqual([409, 'De tijd om te antwoorden is voorbij']);
    expect(await reasonsOf(address)).toStrictEqual(['CONSENT_LAPSED', 'OPTED_OUT']);
    expect(await actsOf(address)).toStrictEqual(['OptedIn', 'OptedOut']);

    const again = await visit(service, page.path);
    expect([again.status, again.heading]).toStrictEqual([200, 'De tijd om te antwoorden is voorbij']);
    expect(choicesOn(again)).toStrictEqual(['checkbox newsletter no']);
    await answer(again, { newsletter: 'no' });
    expect(await reasonsOf(address)).toStrictEqual(['OPTED_OUT', 'OPTED_OUT']);
  });

  it('with yes and no offers to undo the no, which was recorded, on the page that refuses the yes (P4)', async () => {
    const address = 'vergist@example.nl';
    const page = await visit(service, await promptLink(service, address));
    passed = 31 * DAY;
    const refused = await answer(page, { newsletter: 'yes', 'event-invitation': 'no' });
    expect(await reasonOf(address, 'event-invitation')).toBe('OPTED_OUT');
    expect(refused.text).not.toContain('hreflang');
    const undone = await press(service, refused, 'Maak mijn afmelding ongedaan');
    expect([undone.status, undone.heading]).toStrictEqual([200, 'Je afmelding is ongedaan gemaakt']);
    expect(await reasonOf(address, 'event-invitation')).toBe('CONSENT_LAPSED');
  });

  it('with yes alone offers no undo: nothing was recorded', async () => {
    const page = await visit(service, await promptLink(service, 'enkel@example.nl'));
    passed = 31 * DAY;
    const refused = await answer(page, { newsletter: 'yes' });
    expect([refused.status, refused.text.includes('name="undo"')]).toStrictEqual([409, false]);
    expect(refused.text).toContain('hreflang');
  });

  it('works with no to everything a year on', async () => {
    const address = 'oud@example.nl';
    const link = await promptLink(service, address);
    passed = 365 * DAY;
    expect((await press(service, await visit(service, link), noToAll)).status).toBe(200);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });

  it('with yes does not end an opt-out of the time between (P4)', async () => {
    const address = 'tussen@example.nl';
    const page = await visit(service, await promptLink(service, address));
    await optOut(service, address, ['newsletter']);
    const refused = await answer(page, { newsletter: 'yes', 'event-invitation': 'yes' });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('Niet elk ‘ja’ kon worden vastgelegd');
    expect(await reasonsOf(address)).toStrictEqual(['OPTED_OUT', 'CONSENT']);
    expect((await eventsOf(address)).at(-1).data.purposes).toStrictEqual(['event-invitation']);
  });

  it('says that it was answered where it was', async () => {
    const link = await promptLink(service, 'klaar@example.nl', ['newsletter']);
    await answer(await visit(service, link), { newsletter: 'yes' });
    const page = await visit(service, link);
    expect(page.heading).toBe('Je hebt al geantwoord');
    expect(choicesOn(page)).toStrictEqual(['checkbox newsletter no']);
  });
});

describe('a link to the question that is not whole or not meant for this', () => {
  it('is answered with the page for damaged links, and changes nothing', async () => {
    const address = 'heel@example.nl';
    const link = await promptLink(service, address);
    const unsubscribe = await linkFromMail(service, 'ander@example.nl');
    for (const path of [link.slice(0, -1), `${link}x`, '/reconsent/x', unsubscribe.replace('/u/', '/reconsent/')])
      for (const page of [await visit(service, path), await send(service, path, { all: 'no' })])
        expect([page.status, page.heading]).toStrictEqual([400, 'Deze link werkt niet']);
    expect((await visit(service, link.replace('/reconsent/', '/u/'))).status).toBe(400);
    expect(await reasonsOf(address)).toStrictEqual(['CONSENT', 'CONSENT']);
  });

  it('is not found where the log knows no such prompt', async () => {
    await promptLink(service, 'geen@example.nl');
    const contactId = await contactOf('geen@example.nl');
    const [optedIn] = await eventsOf('geen@example.nl');
    for (const promptId of ['no-such-prompt', optedIn.eventId]) {
      const link = await signedPath(service, { kind: 'reconsent', contactId, promptId });
      for (const page of [await visit(service, link), await send(service, link, { all: 'no' })])
        expect([page.status, page.heading]).toStrictEqual([404, 'Deze link werkt niet']);
    }
    expect(await reasonsOf('geen@example.nl')).toStrictEqual(['CONSENT', 'CONSENT']);
  });

  it('is no right to undo the opt-out of somebody else (P4)', async () => {
    const [mine, yours] = [await promptLink(service, 'mijn@example.nl'), await promptLink(service, 'jouw@example.nl')];
    const done = await answer(await visit(service, mine), { newsletter: 'no' });
    const { undo } = done.forms[0]!.hidden;
    expect((await send(service, yours, { undo: undo! })).status).toBe(400);
    expect(await reasonOf('mijn@example.nl')).toBe('OPTED_OUT');
  });
});
