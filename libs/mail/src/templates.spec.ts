import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refuseUnlawful } from './commercial-content.js';
import { MessageRefused } from './message-refused.js';
import { loadTemplates } from './template-files.js';
import type { RenderContext, Templates } from './templates.js';

const controller = {
  name: 'Koffie & Zonen BV',
  postalAddress: 'Grotestraat 138a, 5141 HC Waalwijk',
  email: 'klantenservice@example.nl',
  privacyPolicyUrl: 'https://www.example.nl/privacy?taal=nl&v=1',
};
const unsubscribeUrl = 'https://mail.example.nl/u/abc-DEF_123';
const commercial = { kind: 'commercial', stops: 'Nieuwsbrief', unsubscribeUrl } as const;
const operational = { kind: 'operational' } as const;

const newsletter = {
  name: 'Zoë',
  title: 'Lente in de winkel',
  intro: 'Het wordt weer licht.\n\nDaarom: drie nieuwe kaarten.',
  items: [
    { title: 'Tuinkaart', text: 'Voor wie wil zaaien.', url: 'https://www.example.nl/tuin?a=1&b=2' },
    { title: 'Terraskaart', text: 'Voor wie wil zitten.' },
  ],
};
const invitation = {
  title: 'Open avond',
  intro: 'Kom kijken.',
  when: 'donderdag 4 juni, 19.30 uur',
  where: 'De Wissel, Waalwijk',
  url: 'https://www.example.nl/open-avond',
};
const notice = { title: 'Je bestelling is onderweg', body: 'Morgen is hij er.\n\nBewaar deze mail.' };
const question = {
  url: 'https://mail.example.nl/reconsent/xyz',
  purposes: [
    { name: 'Nieuwsbrief', description: 'Nieuws over kaarten.', until: '31 maart 2027' },
    { name: 'Events', until: '4 april 2027' },
  ],
};
const confirmation = { url: 'https://mail.example.nl/confirm/xyz', purposes: ['Nieuwsbrief', 'Events'] };

let templates: Templates;
let scratch: string;

beforeAll(async () => {
  templates = await loadTemplates();
  scratch = await mkdtemp(join(tmpdir(), 'mail-templates-'));
});
afterAll(() => rm(scratch, { recursive: true }));

const withVariables = (
  variables: RenderContext['variables'],
  purpose: RenderContext['purpose'] = commercial,
): RenderContext => ({ controller, purpose, variables });

const faultOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof MessageRefused ? error.code : String(error);
  }
};

const hrefs = (html: string) =>
  [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]!.replaceAll('&amp;', '&').replaceAll('&#x3D;', '='));

describe('the shipped templates', () => {
  it('are seven, each in Dutch and in English, and say of what kind they are', () => {
    expect(templates.names).toStrictEqual([
      'confirm-opt-in',
      'event-invitation',
      'newsletter',
      'preference-link',
      'reconsent',
      'reconsent-reminder',
      'service-notice',
    ]);
    for (const name of templates.names) expect([...templates.languages(name)].sort()).toStrictEqual(['en', 'nl']);
    expect(templates.names.map((name) => templates.kind(name))).toStrictEqual([
      'operational',
      'commercial',
      'commercial',
      'operational',
      'commercial',
      'commercial',
      'operational',
    ]);
    expect([templates.has('newsletter'), templates.has('layout'), templates.has('toString')]).toStrictEqual([
      true,
      false,
      false,
    ]);
  });

  it('render a Dutch newsletter as plain text that reads well', () => {
    expect(templates.render('newsletter', 'nl', withVariables(newsletter)).text).toBe(`Lente in de winkel

Beste Zoë,

Het wordt weer licht.

Daarom: drie nieuwe kaarten.

* Tuinkaart
Voor wie wil zaaien.
https://www.example.nl/tuin?a=1&b=2

* Terraskaart
Voor wie wil zitten.

-- 
Deze mail hoort bij: Nieuwsbrief.
Afmelden voor die mails (kan altijd, zonder in te loggen, en werkt meteen):
https://mail.example.nl/u/abc-DEF_123

Koffie & Zonen BV
Grotestraat 138a, 5141 HC Waalwijk
klantenservice@example.nl
Privacyverklaring: https://www.example.nl/privacy?taal=nl&v=1
`);
  });

  it.each([
    ['newsletter', 'nl', newsletter, ['Lente in de winkel', 'Beste Zoë,', 'Lees verder', 'Afmelden']],
    ['newsletter', 'en', newsletter, ['Lente in de winkel', 'Dear Zoë,', 'Read more', 'Unsubscribe']],
    ['event-invitation', 'nl', invitation, ['Hallo,', 'Wanneer', 'De Wissel', 'Bekijk de uitnodiging', 'Afmelden']],
    ['event-invitation', 'en', invitation, ['Hello,', 'When', 'De Wissel', 'View the invitation', 'Unsubscribe']],
  ])('P4: %s in "%s" shows its words, the way out and what it stops', (name, language, variables, words) => {
    const { html, text } = templates.render(name, language, withVariables(variables));
    for (const word of words) expect(html).toContain(word);
    expect(html).toContain(`<html lang="${language}">`);
    expect(html).toContain('<strong>Nieuwsbrief</strong>');
    expect(hrefs(html)).toContain(unsubscribeUrl);
    expect(text).toContain(`\n${unsubscribeUrl}\n`);
    expect(text).toContain('Nieuwsbrief');
  });

  it.each([
    ['nl', 'Hallo,'],
    ['en', 'Hello,'],
  ])('P1: service-notice in "%s" says who sends it and offers no way out', (language, greeting) => {
    const { html, text, subject } = templates.render('service-notice', language, withVariables(notice, operational));
    for (const body of [html, text]) {
      expect(body).toContain(greeting);
      expect(body).toContain('Je bestelling is onderweg');
      expect(body).toContain('Grotestraat 138a');
      expect(body).not.toMatch(/afmelden|unsubscribe/i);
    }
    expect(html).toContain('<p>Bewaar deze mail.</p>');
    expect(subject).toBeUndefined();
  });

  it.each([
    ['nl', 'Bevestig je aanmelding'],
    ['en', 'Confirm your sign-up'],
  ])('confirm-opt-in in "%s" has a subject and a single link', (language, subject) => {
    const rendered = templates.render('confirm-opt-in', language, withVariables(confirmation, operational));
    expect(rendered.subject).toBe(subject);
    expect(hrefs(rendered.html)).toStrictEqual([confirmation.url]);
    expect(rendered.text).toContain(confirmation.url);
    expect(rendered.text).toContain('* Nieuwsbrief\n* Events\n');
    expect(rendered.html).toContain(controller.postalAddress);
  });

  it.each([
    ['reconsent', 'nl', 'Wil je onze berichten blijven ontvangen?', 'Antwoord vóór'],
    ['reconsent', 'en', 'Do you want to keep receiving our messages?', 'Please answer before'],
    ['reconsent-reminder', 'nl', 'Herinnering: wil je onze berichten blijven ontvangen?', 'de enige herinnering'],
    ['reconsent-reminder', 'en', 'Reminder: do you want to keep receiving our messages?', 'the only reminder'],
  ])('P5: %s in "%s" says what is asked, until when, and where to answer', (name, language, subject, words) => {
    const rendered = templates.render(name, language, withVariables(question));
    expect(rendered.subject).toBe(subject);
    for (const body of [rendered.html, rendered.text])
      for (const word of [words, 'Nieuwsbrief', 'Nieuws over kaarten.', 'Events', '31 maart 2027', '4 april 2027'])
        expect(body).toContain(word);
    expect(hrefs(rendered.html)).toStrictEqual([question.url, unsubscribeUrl, controller.privacyPolicyUrl]);
    expect(rendered.text).toContain(`\n${question.url}\n`);
    expect(rendered.text).toContain(`\n${unsubscribeUrl}\n`);
  });

  it.each(['nl', 'en'])('read sensibly in "%s" when every variable is missing', (language) => {
    for (const name of templates.names) {
      const purpose = templates.kind(name) === 'commercial' ? commercial : operational;
      const { html, text } = templates.render(name, language, withVariables({}, purpose));
      expect(html).toMatch(/<h1>\w[\w -]+<\/h1>/);
      expect(html + text).not.toMatch(/undefined|null|\[object|href=""|\n{3}/);
    }
  });

  it('P4: read sensibly for an operational template that goes out for a commercial purpose', () => {
    expect(hrefs(templates.render('service-notice', 'nl', withVariables(notice)).html)).toContain(unsubscribeUrl);
  });
});

describe('variables', () => {
  it('cannot bring HTML with them', () => {
    const hostile = '<img src=x onerror=alert(1)>"\'&';
    const { html } = templates.render(
      'newsletter',
      'nl',
      withVariables({ name: hostile, title: hostile, intro: hostile, items: [{ title: hostile, text: hostile }] }),
    );
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img src&#x3D;x onerror&#x3D;alert(1)&gt;&quot;&#x27;&amp;');
  });

  it.each([
    'javascript:alert(1)',
    ' JaVaScript:alert(1)',
    'data:text/html,x',
    '//evil.example',
    'mailto:a@b.nl',
    7,
    {},
  ])('make a link of http and https only, not of %j', (url) => {
    const { html } = templates.render('event-invitation', 'nl', withVariables({ ...invitation, url }));
    expect(hrefs(html)).toStrictEqual([unsubscribeUrl, controller.privacyPolicyUrl]);
  });

  it('cannot stand in for the sender or the way out', () => {
    const { html } = templates.render(
      'newsletter',
      'nl',
      withVariables({ controller: { name: 'Mallory' }, unsubscribeUrl: 'https://evil.example', stops: 'niets' }),
    );
    expect(html).not.toMatch(/Mallory|evil|niets/);
  });

  it.each([
    ['a name that reaches for the prototype', JSON.parse('{"__proto__": {"title": "x"}}')],
    ['a nested one', { items: [{ constructor: 'x' }] }],
    ['a function', { title: () => 'x' }],
    ['an instance', { title: new Date(0) }],
    ['a number that JSON cannot hold', { title: Number.NaN }],
    ['a value nested deeper than anybody means', JSON.parse(`{"title": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`)],
    ['an object where text is expected', { title: { toString: 'x' } }],
    ['an object that poses as safe HTML', { title: { toHTML: '<b>' } }],
  ])('are refused with INVALID_VARIABLES: %s', (_, variables) => {
    expect(faultOf(() => templates.render('newsletter', 'nl', withVariables(variables)))).toBe('INVALID_VARIABLES');
  });
});

describe('templates of the operator', () => {
  const write = async (html: string, text: string, kind = 'commercial'): Promise<string> => {
    const directory = await mkdtemp(join(scratch, 'set-'));
    await mkdir(join(directory, 'own'));
    await writeFile(join(directory, 'own', 'template.json'), JSON.stringify({ kind }));
    await writeFile(join(directory, 'own', 'nl.html.hbs'), html);
    await writeFile(join(directory, 'own', 'nl.text.hbs'), text);
    return directory;
  };
  const rendering = async (html: string, text: string, variables = {}) => {
    const own = await loadTemplates(await write(html, text));
    return () => own.render('own', 'nl', withVariables(variables));
  };
  const layout = '{{#> layout}}x{{/layout}}';

  it('may use the shipped layout', async () => {
    expect((await rendering(layout, layout))().text).toContain(unsubscribeUrl);
  });

  it('may bring a layout of their own', async () => {
    const directory = await write(layout, layout);
    await cp(fileURLToPath(new URL('../templates/layout', import.meta.url)), join(directory, 'layout'), {
      recursive: true,
    });
    await writeFile(join(directory, 'layout', 'layout.text.hbs'), 'EIGEN {{> footer}}');
    const own = await loadTemplates(directory);
    expect(own.names).toContain('own');
    expect(own.render('own', 'nl', withVariables({})).text).toMatch(/^EIGEN /);
  });

  it('leave what the service sends by itself to the shipped ones, and say which (P3, P5)', async () => {
    const directory = await write(layout, layout);
    await mkdir(join(directory, 'layout'));
    await writeFile(join(directory, 'layout', 'layout.text.hbs'), 'EIGEN {{> @partial-block}}{{> footer}}');
    const shipped = fileURLToPath(new URL('../templates/reconsent', import.meta.url));
    await cp(shipped, join(directory, 'reconsent'), { recursive: true });
    await rm(join(directory, 'reconsent', 'en.html.hbs'));
    const own = await loadTemplates(directory);
    expect(own.names).toStrictEqual(['confirm-opt-in', 'own', 'preference-link', 'reconsent', 'reconsent-reminder']);
    expect(own.standIns).toStrictEqual(['confirm-opt-in', 'preference-link', 'reconsent/en', 'reconsent-reminder']);
    expect(templates.standIns).toStrictEqual([]);
    expect(own.render('confirm-opt-in', 'en', withVariables(confirmation, operational)).text).toMatch(
      /^EIGEN [^]*https:\/\/mail\.example\.nl\/confirm\/xyz/,
    );
    expect(own.render('reconsent', 'en', withVariables(question)).text).toContain(question.url);
  });

  it.each([
    ['the HTML has none', '{{@controller.name}}', layout],
    ['the plain text has none', layout, '{{@controller.name}}'],
    ['it stands in a comment', '<!-- <a href="{{@unsubscribeUrl}}">Afmelden</a> -->', layout],
    ['it stands in the head', '<head><link href="{{@unsubscribeUrl}}"></head>', layout],
    ['it is not a link', '{{@unsubscribeUrl}}', layout],
  ])('P4: a commercial message without its unsubscribe link is refused: %s', async (_, html, text) => {
    expect(faultOf(await rendering(html, text))).toBe('UNSUBSCRIBE_LINK_MISSING');
  });

  it('P4: a commercial message that does not say who sends it is refused', async () => {
    const link = '<a href="{{@unsubscribeUrl}}">Afmelden</a> {{@controller.name}}';
    expect(faultOf(await rendering(link, layout))).toBe('SENDER_IDENTITY_MISSING');
    expect(faultOf(await rendering(layout, link))).toBe('SENDER_IDENTITY_MISSING');
  });

  it('reach nothing but their own data', async () => {
    const probe =
      '[{{constructor}}{{title.constructor.name}}{{__proto__}}{{items.__proto__.constructor}}{{toString}}{{#with title}}{{constructor}}{{/with}}{{lookup this "constructor"}}{{lookup items "constructor"}}]';
    const { text } = (await rendering(layout, `${probe}${layout}`, { title: 'x', items: [] }))();
    expect(text).toMatch(/^\[\]/);
  });

  it.each([
    ['does not parse', '{{#if}', layout],
    ['calls a helper that is not there', '{{exec "x"}}', layout],
  ])('are refused at load when one %s', async (_, html, text) => {
    await expect(loadTemplates(await write(html, text))).rejects.toMatchObject({
      code: 'INVALID_TEMPLATE',
      message: expect.stringContaining('own/nl.html.hbs'),
    });
  });

  it('are refused at load when they do not say of what kind they are', async () => {
    await expect(loadTemplates(await write(layout, layout, 'marketing'))).rejects.toMatchObject({
      code: 'INVALID_TEMPLATE',
      message: expect.stringContaining('own/template.json'),
    });
  });
});

describe('refusals', () => {
  it.each([
    ['UNKNOWN_TEMPLATE', 'toString', 'nl', commercial],
    ['UNKNOWN_LANGUAGE', 'newsletter', 'de', commercial],
    ['COMMERCIAL_TEMPLATE', 'newsletter', 'nl', operational],
  ] as const)('%s for %s in "%s"', (code, name, language, purpose) => {
    expect(faultOf(() => templates.render(name, language, withVariables({}, purpose)))).toBe(code);
  });
});

describe('a commercial message of hostile HTML', () => {
  const many = 512 * 100;
  it.each([
    ['links that do not end', '<a>'.repeat(many)],
    ['links to the way out that do not end', `<a href="${unsubscribeUrl}">`.repeat(many / 10)],
    ['pictures in a title', `<p title="${'<img alt='.repeat(many / 4)}">`],
  ])('is judged soon, however many it has of: %s', (_, html) => {
    const before = performance.now();
    expect(faultOf(() => refuseUnlawful({ html, text: 'x' }, unsubscribeUrl, controller))).toBe(
      'UNSUBSCRIBE_LINK_MISSING',
    );
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  it.each(['', ' ', '&nbsp;', '<img src="https://x.nl/x.png">', '<img alt="">', '<b></b>'])(
    'is refused when its way out has nothing to see: %j (P4)',
    (content) => {
      const html = `<a href="${unsubscribeUrl}">${content}</a>`;
      expect(faultOf(() => refuseUnlawful({ html, text: unsubscribeUrl }, unsubscribeUrl, controller))).toBe(
        'UNSUBSCRIBE_LINK_MISSING',
      );
    },
  );

  it.each(['Afmelden', '<b>Afmelden</b>', '<img src="https://x.nl/x.png" alt="Afmelden">'])(
    'passes when its way out shows %j (P4)',
    (content) => {
      const html = `<a class="x" href="${unsubscribeUrl}">${content}</a>`;
      expect(faultOf(() => refuseUnlawful({ html, text: unsubscribeUrl }, unsubscribeUrl, controller))).toBe(
        'SENDER_IDENTITY_MISSING',
      );
    },
  );
});
