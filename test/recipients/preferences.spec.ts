import type { PolicyDocument } from '@consent-ledger/consent';
import { shippedPolicy } from '@consent-ledger/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ask as verdict,
  customer,
  deliverability,
  erasure,
  eventTypesOf,
  eventsOf,
  given,
  optIn,
  optOut,
  relationship,
  restriction,
  somebody,
} from '../http/given.js';
import { writePolicies } from '../http/policy-files.js';
import { deliveryEventsOf, outboxOf } from '../mail/steps.js';
import { eventually, startService, type TestService } from '../support/service.js';
import { linkFromMail, pathIn, press, send, signedPath, visit, type Page } from './pages.js';

const HOUR = 3_600_000;
const saveButton = 'Bewaar mijn keuze';
const stopAll = 'Stuur mij geen enkel commercieel bericht meer';
const saved = 'Je keuze is vastgelegd en geldt meteen.';
const statement = shippedPolicy.statements.find(({ id }) => id === 'signup-form')!;

let service: TestService;
let passed = 0;
const now = () => Date.now() + passed;

beforeAll(async () => {
  service = await startService({ clock: { now } });
});
afterEach(() => {
  passed = 0;
});
afterAll(() => service.stop());

const contactOf = async (address: string): Promise<string> =>
  (await service.post('/v1/contacts/lookup', { address })).body.contactId;

const askForLink = (address: string, language = 'nl') =>
  send(service, `/preferences?lang=${language}`, { address }, language);

/** The path of the link as the mail brings it. */
const linkTo = async (address: string, hours = 24): Promise<string> =>
  signedPath(service, { kind: 'preferences', contactId: await contactOf(address), expiresAt: now() + hours * HOUR });

const open = async (address: string, language = 'nl') => visit(service, await linkTo(address), language);

const reasonOf = async (address: string, purpose = 'newsletter') => (await verdict(service, address, purpose)).reason;

/** So long ago that consent has lapsed, and that its proof is still kept (P5, P7). */
const longAgo = () => new Date(Date.now() - 1_300 * 24 * HOUR).toISOString();

/** The purposes on the page, and those of them that are ticked. */
const switchesOn = ({ text }: Page): Record<string, boolean> => {
  const boxes = text.matchAll(/<input type="checkbox" name="wants\.([\w-]+)" value="yes"( checked)?>/g);
  return Object.fromEntries([...boxes].map(([, purpose, checked]) => [purpose!, checked !== undefined]));
};

/** Saves the page as a browser sends it, with these switches otherwise. */
function save(page: Page, switched: Readonly<Record<string, boolean>> = {}): Promise<Page> {
  const wanted = Object.entries({ ...switchesOn(page), ...switched }).filter(([, isOn]) => isOn);
  return press(service, page, saveButton, Object.fromEntries(wanted.map(([purpose]) => [`wants.${purpose}`, 'yes'])));
}

const actsOf = async (address: string) => {
  const events = await eventsOf(service, address);
  return events.filter(({ source }) => source.kind === 'preference-page');
};

describe('asking for a link to the preferences', () => {
  it.each([
    ['nl', 'Jouw voorkeuren', 'De link werkt 24 uur', 'Je link naar je voorkeuren'],
    ['en', 'Your preferences', 'The link works for 24 hours', 'Your link to your preferences'],
  ])('in "%s" brings a mail whose link opens the page', async (language, title, works, subject) => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    expect((await askForLink(address, language)).status).toBe(200);
    const mail = await eventually(async () => (await outboxOf(service)).get(address)![0]!);
    expect([mail.subject, mail.headers.get('auto-submitted')]).toStrictEqual([subject, 'auto-generated']);
    expect([mail.headers.has('list'), mail.text!.includes(works)]).toStrictEqual([false, true]);
    const page = await visit(service, pathIn(mail.text, 'preferences'), language);
    expect([page.status, page.heading]).toStrictEqual([200, title]);
  });

  it('is answered to the byte alike for who is on record, unknown, erased, opted out or not to be reached', async () => {
    const people = Array.from({ length: 6 }, somebody) as [string, string, string, string, string, string];
    const [known, unknown, erased, optedOut, restricted, bounced] = people;
    await given(service, known, optIn(['newsletter']));
    await given(service, erased, optIn(['newsletter']), erasure('request'));
    await given(service, optedOut, optOut('all'));
    await given(service, restricted, optIn(['newsletter']), restriction(true));
    await given(service, bounced, optIn(['newsletter']), deliverability('bounced', { permanent: true }));

    const answers = await Promise.all(people.map((address) => askForLink(address)));
    const shown = answers.map(({ status, text, headers }) => [
      status,
      text,
      [...headers].filter(([name]) => !['date', 'x-correlation-id'].includes(name)),
    ]);
    for (const answer of shown) expect(answer).toStrictEqual(shown[0]);
    expect(shown[0]![1]).not.toContain('@example.org');

    await eventually(async () => {
      for (const address of people) {
        const events = await deliveryEventsOf(service, await contactOf(address));
        const mailed = address === known || address === optedOut;
        expect(events.at(-1)!.type).toBe(mailed ? 'MailSent' : 'DeliverySuppressed');
        expect(JSON.stringify(events[0]!.data)).not.toMatch(/sealed|example/);
      }
    });
    const mails = await outboxOf(service);
    expect(people.map((address) => mails.has(address))).toStrictEqual([true, false, false, true, false, false]);
    expect((await service.post('/v1/contacts/lookup', { address: unknown })).body.known).toBe(false);
  });

  it('again and again brings one mail, also after a restart', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    await Promise.all(Array.from({ length: 8 }, () => askForLink(address)));
    await service.restart();
    await askForLink(` ${address.toUpperCase()} `);
    await eventually(async () => expect((await outboxOf(service)).get(address)).toHaveLength(1));
    const requested = (await deliveryEventsOf(service, await contactOf(address))).map(({ type }) => type);
    expect(requested.filter((type) => type === 'DeliveryRequested')).toHaveLength(1);
  });

  it.each([
    ['nothing', {}, 'Vul je e-mailadres in.'],
    ['no address', { address: 'anna' }, 'Vul een geldig e-mailadres in'],
    ['markup', { address: '"><script>x</script>@' }, 'Vul een geldig e-mailadres in'],
    ['an address without end', { address: `${'a'.repeat(5_000)}@example.nl` }, 'Vul een geldig e-mailadres in'],
  ])('with %s shows the form again, with what is wrong tied to the field', async (_sentence, fields, mistake) => {
    const page = await send(service, '/preferences', fields);
    expect([page.status, page.heading]).toStrictEqual([422, 'Bekijk je voorkeuren']);
    expect(page.text).toContain(mistake);
    expect(page.text).toMatch(/aria-invalid="true" aria-describedby="address-mistake"/);
    expect(page.text).not.toMatch(/<script|a{400}/);
  });

  it('takes an address that looks like a citizen service number as any other, since nothing of it is kept (P9)', async () => {
    const { status, heading } = await askForLink('123456782@example.nl');
    expect([status, heading]).toStrictEqual([200, 'Kijk in je mailbox']);
  });
});

describe('the page that the link opens', () => {
  it('shows every commercial purpose of the policy: what it means, how it stands and why (P4)', async () => {
    const address = somebody();
    passed = Date.parse('2026-03-02T23:30:00Z') - Date.now();
    await given(service, address, customer(), optIn(['personalised-message']), optOut(['event-invitation']));
    const page = await open(address);
    expect(switchesOn(page)).toStrictEqual({
      newsletter: true,
      'event-invitation': false,
      'personalised-message': true,
      'sales-contact': false,
    });
    for (const words of [
      'Nieuws over onze cadeaukaarten en diensten.',
      'Aan. Je krijgt dit omdat je klant bij ons bent',
      'Uit. Afgemeld op 3 maart 2026.',
      'Aan. Toestemming gegeven op 3 maart 2026.',
      'Uit. Je hebt je hier niet voor aangemeld.',
      statement.texts['nl']!,
      'Servicebericht',
      'Hiervoor is geen toestemming nodig.',
    ])
      expect(page.text).toContain(words);
    expect(page.text).not.toContain('wants.service');
    for (const kept of [address, await contactOf(address), '<script']) expect(page.text).not.toContain(kept);
    expect([page.headers.get('cache-control'), page.headers.get('referrer-policy')]).toStrictEqual([
      'no-store',
      'no-referrer',
    ]);
  });

  it('tells the history in plain words, the latest first, and where to turn with rights and complaints (P9)', async () => {
    const address = somebody();
    await given(
      service,
      address,
      optIn(['newsletter', 'sales-contact']),
      relationship('purchase'),
      optOut('all', { source: { kind: 'customer-service', reference: 'T-1' } }),
    );
    const { text } = await open(address, 'en');
    const history = [...text.matchAll(/<li><time datetime="[^"]+">[^<]+<\/time> ([^<]+)<\/li>/g)].map(
      ([, told]) => told,
    );
    expect(history).toStrictEqual([
      'You unsubscribed from all commercial messages through our customer service.',
      'You bought something.',
      'You consented to ‘Newsletter’ and ‘Contact by our sales team’ through a form on the website.',
    ]);
    const { email, privacyPolicyUrl } = shippedPolicy.controller;
    const links = [...text.matchAll(/<a href="([^"]+)"/g)].map(([, url]) => url!.replaceAll('&#x3D;', '='));
    expect(links).toStrictEqual(
      expect.arrayContaining([
        `mailto:${email}?subject=Access%20to%20my%20data`,
        `mailto:${email}?subject=Request%20to%20erase%20my%20data`,
        `mailto:${email}?subject=Request%20about%20my%20data`,
        privacyPolicyUrl,
        shippedPolicy.rights!.authority.url,
      ]),
    );
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('changes nothing by %s, whatever stands in the query', async (method) => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const link = await linkTo(address);
    for (const path of [link, `${link}?all=no`, `${link}?shown.newsletter=on&revision=0`])
      await service.request(method, path, { key: null });
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptedIn']);
  });

  it('says after an erasure that there is nothing, and shows nothing of before once the person is back (P7)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']), erasure('request'));
    const page = await open(address);
    expect([page.status, page.heading, page.forms]).toStrictEqual([200, 'Er is niets vastgelegd', []]);
    await given(service, address, optIn(['sales-contact']));
    const { text } = await open(address);
    expect(text).toContain('Je gegevens werden gewist.');
    expect(text).not.toContain('toestemming voor Nieuwsbrief');
  });

  it('says of somebody who was never heard of that there is nothing', async () => {
    expect((await open(somebody(), 'en')).heading).toBe('We have nothing on record');
  });
});

describe('saving', () => {
  it('records only what was changed: an opt-in with its statement and sealed evidence, and an opt-out (P3, P4)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter', 'event-invitation']));
    const done = await save(await open(address), { newsletter: false, 'sales-contact': true });
    expect([done.status, switchesOn(done)]).toStrictEqual([
      200,
      { newsletter: false, 'event-invitation': true, 'personalised-message': false, 'sales-contact': true },
    ]);
    for (const words of [saved, 'Aangezet: ‘Contact door onze verkopers’.', 'Uitgezet: ‘Nieuwsbrief’.'])
      expect(done.text).toContain(words);
    expect(done.text).toContain('<title>Bewaard: Jouw voorkeuren');
    expect([await reasonOf(address), await reasonOf(address, 'sales-contact')]).toStrictEqual(['OPTED_OUT', 'CONSENT']);

    const [optedOut, optedIn] = await actsOf(address);
    expect(optedOut).toMatchObject({ type: 'OptedOut', data: { purposes: ['newsletter'] }, actor: { kind: 'person' } });
    const shown = { id: 'signup-form', version: 1, language: 'nl', hash: statement.hashes['nl'] };
    expect(optedIn).toMatchObject({
      type: 'OptedIn',
      data: { purposes: ['sales-contact'], statement: shown, actOf: 'person' },
      personal: { evidence: { ip: '127.0.0.1', url: `${service.url}/preferences`, userAgent: expect.any(String) } },
    });
  });

  it('with nothing changed records nothing, and says so', async () => {
    const address = somebody();
    await given(service, address, customer(), optOut(['event-invitation']));
    const done = await save(await open(address));
    expect([done.status, done.text.includes('Er is niets gewijzigd')]).toStrictEqual([200, true]);
    expect(await eventTypesOf(service, address)).toStrictEqual(['CustomerStarted', 'OptedOut']);
  });

  it('turns a soft opt-in off, and stops it as an opt-out does (P2, P4)', async () => {
    const address = somebody();
    await given(service, address, customer());
    await save(await open(address), { newsletter: false });
    expect([await reasonOf(address), await reasonOf(address, 'event-invitation')]).toStrictEqual([
      'OPTED_OUT',
      'SOFT_OPT_IN',
    ]);
  });

  it('stops all commercial mail with one button (P4)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const done = await press(service, await open(address), stopAll);
    expect(done.text).toContain('Uitgezet: alle commerciële berichten.');
    expect(Object.values(switchesOn(done))).toStrictEqual([false, false, false, false]);
    expect((await actsOf(address)).at(-1)).toMatchObject({ type: 'OptedOut', data: { purposes: 'all' } });
  });

  it.each([
    ['an opt-out', [optOut('all')], 'Uit. Afgemeld op'],
    ['a complaint', [deliverability('complained')], 'als spam'],
    [
      'a request that was not confirmed',
      [optIn(['newsletter'], { confirmation: 'double' })],
      'Iemand vulde dit adres in',
    ],
    ['consent that lapsed', [optIn(['newsletter'], { occurredAt: longAgo() })], 'is verlopen'],
    ['a bounce', [deliverability('bounced', { permanent: true })], 'Zet je hieronder iets aan'],
  ])('turns the newsletter on after %s (P3, P4)', async (_sentence, facts, words) => {
    const address = somebody();
    await given(service, address, ...facts);
    const page = await open(address);
    expect([switchesOn(page)['newsletter'], page.text.includes(words)]).toStrictEqual([false, true]);
    await save(page, { newsletter: true });
    expect(await reasonOf(address)).toBe('CONSENT');
  });

  it('tells who has nothing to switch on how a mail proves that the mailbox works again, which ends a bounce (P3, P4)', async () => {
    const address = somebody();
    const all = ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'];
    await given(service, address, optIn(all), deliverability('bounced', { permanent: true }));
    const page = await open(address);
    expect(page.text).toContain('Komt onze mail weer aan? <a href="/subscribe?lang=nl">Meld je dan opnieuw aan</a>');
    expect(page.text).not.toContain('Zet je hieronder iets aan');
    await save(page);
    expect(await reasonOf(address)).toBe('UNDELIVERABLE');

    const form = await visit(service, '/subscribe', 'nl');
    await press(service, form, 'Meld mij aan', { address, 'wants.newsletter': 'yes' });
    const mail = await eventually(async () => (await outboxOf(service)).get(address)![0]!);
    expect(await reasonOf(address)).toBe('UNDELIVERABLE');
    await press(service, await visit(service, pathIn(mail.text)), 'Ja, bevestig mijn aanmelding');
    expect([await reasonOf(address), await reasonOf(address, 'sales-contact')]).toStrictEqual(['CONSENT', 'CONSENT']);
    expect((await open(address)).text).not.toContain('Komt onze mail weer aan?');
  });

  it('offers no way round a restriction (P9)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']), restriction(true));
    expect((await open(address)).text).not.toMatch(/Komt onze mail weer aan|Zet je hieronder iets aan/);
  });

  it('shows what was chosen beneath a restriction, and lets it be changed while nothing is sent (P9)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter', 'sales-contact']), restriction(true));
    const page = await open(address);
    expect([
      switchesOn(page)['newsletter'],
      page.text.includes('is het gebruik van je gegevens beperkt'),
    ]).toStrictEqual([true, true]);
    await save(page, { newsletter: false });
    expect(await reasonOf(address)).toBe('RESTRICTED');
    await given(service, address, restriction(false));
    expect([await reasonOf(address), await reasonOf(address, 'sales-contact')]).toStrictEqual(['OPTED_OUT', 'CONSENT']);
  });
});

describe('a page that lay open (P4)', () => {
  it('does not opt in again who opted out in another tab meanwhile', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const [one, other] = [await open(address), await open(address)];
    await save(one, { newsletter: false });
    const done = await save(other, { 'sales-contact': true });
    expect([done.status, switchesOn(done)['newsletter'], switchesOn(done)['sales-contact']]).toStrictEqual([
      200,
      false,
      true,
    ]);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });

  it('does not switch on what was stopped elsewhere after it was shown: it shows how it stands, and asks anew', async () => {
    const address = somebody();
    await given(service, address, optIn(['sales-contact']));
    const page = await open(address);
    await given(service, address, optOut('all'));
    const refused = await save(page, { newsletter: true });
    expect([refused.status, refused.text.includes('is het ergens anders stopgezet')]).toStrictEqual([409, true]);
    expect(refused.text).toMatch(/role="alert"/);
    expect(refused.text).not.toContain(saved);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
    expect((await save(refused, { newsletter: true })).status).toBe(200);
    expect(await reasonOf(address)).toBe('CONSENT');
  });

  it('sent twice is one act, and sent again after an opt-out none', async () => {
    const address = somebody();
    await given(service, address, relationship('purchase'));
    const page = await open(address);
    await save(page, { newsletter: true });
    await save(page, { newsletter: true });
    expect(await eventTypesOf(service, address)).toStrictEqual(['PurchaseMade', 'OptedIn']);
    await given(service, address, optOut(['newsletter']));
    expect((await save(page, { newsletter: true })).status).toBe(409);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });

  it('sent by many at once records one opt-in and every opt-out stands', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const page = await open(address);
    const switched = { newsletter: false, 'sales-contact': true };
    const answers = await Promise.all(Array.from({ length: 5 }, () => save(page, switched)));
    expect(answers.every(({ status }) => status === 200 || status === 503)).toBe(true);
    const types = (await actsOf(address)).map(({ type }) => type);
    expect(types.filter((type) => type === 'OptedIn')).toHaveLength(1);
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });

  it('counts what was switched off also where what was switched on is refused', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const page = await open(address);
    await given(service, address, optOut(['sales-contact']));
    const refused = await save(page, { newsletter: false, 'sales-contact': true });
    expect([refused.status, refused.text.includes('Uitgezet: ‘Nieuwsbrief’.')]).toStrictEqual([409, true]);
    expect(refused.text).toContain('<title>Fout: Jouw voorkeuren');
    expect(await reasonOf(address)).toBe('OPTED_OUT');
  });
});

describe('a form that was made by hand', () => {
  it.each([
    ['no fields', {}],
    ['a purpose that does not exist', { 'shown.advertising': 'on' }],
    ['service mail', { 'shown.service': 'on' }],
    ['a name that every object has', { 'shown.constructor': 'off', 'wants.constructor': 'yes' }],
    ['a purpose of which it does not say how it was shown', { 'wants.sales-contact': 'yes' }],
  ])('changes nothing with %s', async (_sentence, fields) => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    expect((await send(service, await linkTo(address), fields as Record<string, string>)).status).toBe(200);
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptedIn']);
  });

  it.each([
    ['no statement', { revision: '0' }],
    ['another statement', { statement: 'reconsent', version: '1', language: 'nl', revision: '0' }],
    ['another language', { statement: 'signup-form', version: '1', language: 'constructor', revision: '0' }],
    ['no revision', { statement: 'signup-form', version: '1', language: 'nl' }],
  ])('gives no consent with %s (P3)', async (_sentence, fields) => {
    const address = somebody();
    await given(service, address, relationship('purchase'));
    const form = { 'shown.newsletter': 'off', 'wants.newsletter': 'yes', ...fields };
    const page = await send(service, await linkTo(address), form);
    expect([page.status, await reasonOf(address)]).toStrictEqual([409, 'NO_CONSENT']);
  });
});

describe('a form that names a revision still to come', () => {
  it('switches on nothing that was stopped: no page ever showed it (P4)', async () => {
    const address = somebody();
    await given(service, address, optOut(['newsletter']));
    const form = { ...(await open(address)).forms[0]!.hidden, 'wants.newsletter': 'yes', revision: '999999' };
    const page = await send(service, await linkTo(address), form);
    expect([page.status, await reasonOf(address)]).toStrictEqual([409, 'OPTED_OUT']);
  });
});

describe('a link to the preferences', () => {
  it('that expired shows nothing of the person, says how to get another one, and is told from a damaged one', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter']));
    const link = await linkTo(address, 1);
    passed = HOUR;
    const page = await visit(service, link);
    expect([page.status, page.heading]).toStrictEqual([410, 'Deze link is verlopen']);
    expect(page.text).toContain('href="/preferences?lang=nl"');
    expect(page.text).not.toMatch(/Nieuwsbrief|checkbox/);
    expect((await visit(service, `${link.slice(0, -2)}AA`)).status).toBe(400);
  });

  it('that expired still takes what only stops mail, and gives no consent (P4)', async () => {
    const address = somebody();
    await given(service, address, optIn(['newsletter', 'event-invitation']));
    const page = await visit(service, await linkTo(address, 1));
    passed = HOUR;
    const mixed = await save(page, { newsletter: false, 'sales-contact': true });
    expect([mixed.status, await reasonOf(address), await reasonOf(address, 'sales-contact')]).toStrictEqual([
      409,
      'OPTED_OUT',
      'NO_CONSENT',
    ]);
    for (const words of ['Wat je uitzette, is vastgelegd', 'Wat je aanzette, is niet vastgelegd'])
      expect(mixed.text).toContain(words);
    const late = await visit(service, page.path);
    const stopped = await press(service, late, stopAll);
    expect([stopped.status, await reasonOf(address, 'event-invitation')]).toStrictEqual([200, 'OPTED_OUT']);
    expect((await save(page, {})).status).toBe(410);
  });

  it('is no other link, and no other link is one', async () => {
    const address = somebody();
    const unsubscribe = await linkFromMail(service, address);
    const preferences = await linkTo(address);
    expect((await visit(service, unsubscribe.replace('/u/', '/preferences/'))).status).toBe(400);
    expect((await visit(service, preferences.replace('/preferences/', '/u/'))).status).toBe(400);
    expect((await send(service, `${preferences}x`, { all: 'no' })).status).toBe(400);
    expect(await reasonOf(address)).toBe('CONSENT');
  });
});

describe('a policy that changed after the page was shown', () => {
  let own: TestService;
  let remove: () => Promise<void> = async () => undefined;

  beforeAll(async () => {
    own = await startService({ clock: { now } });
  });
  afterAll(async () => {
    await own.stop();
    await remove();
  });

  it('leaves a new purpose untouched, still stops one that was dropped, and asks anew on another text (P3, P10)', async () => {
    const address = somebody();
    await given(own, address, optIn(['newsletter', 'event-invitation']));
    const { contactId } = (await own.post('/v1/contacts/lookup', { address })).body;
    const link = await signedPath(own, { kind: 'preferences', contactId, expiresAt: now() + 24 * HOUR });
    const page = await visit(own, link);

    const policies = await writePolicies(nextPolicy);
    ({ remove } = policies);
    await own.restart({ POLICY_PATH: policies.path });
    passed = HOUR;
    const refused = await send(own, page.path, {
      ...page.forms[0]!.hidden,
      'wants.newsletter': 'yes',
      'wants.sales-contact': 'yes',
    });
    expect([refused.status, switchesOn(refused)]).toStrictEqual([
      409,
      { newsletter: true, 'personalised-message': false, 'sales-contact': false, 'spring-offer': false },
    ]);
    for (const words of ['de tekst waarmee je ja zegt, is intussen gewijzigd', 'Ja, graag.'])
      expect(refused.text).toContain(words);
    const events = await eventsOf(own, address);
    const acts = events.filter(({ source }) => source.kind === 'preference-page');
    expect(acts.map(({ type, data }) => [type, data.purposes])).toStrictEqual([['OptedOut', ['event-invitation']]]);
  });
});

/** The shipped policy without the event invitations, with a purpose more, and with another text. */
function nextPolicy(shipped: PolicyDocument) {
  const { 'event-invitation': _dropped, ...others } = shipped.purposes;
  const purposes = { ...others, 'spring-offer': shipped.purposes['newsletter'] };
  const covers = ['newsletter', 'personalised-message', 'sales-contact', 'spring-offer'];
  const texts = { nl: 'Ja, graag.', en: 'Yes, please.' };
  const statements = ['signup-form', 'reconsent'].map((id) => ({ id, version: 2, covers, texts }));
  const softOptIn = { ...shipped.softOptIn, purposes: ['newsletter'] };
  const inForceFrom = new Date(Date.now() + HOUR / 2).toISOString();
  return { ...shipped, version: 2, inForceFrom, purposes, statements, softOptIn };
}
