import { START } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { templateStream } from '@consent-ledger/projections';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { completed, deliveriesOf, mailTo, optIn, startMailing } from '../mail/steps.js';
import { openLogOf } from '../support/engines.js';
import { ADMIN_KEY, startService, type TestService } from '../support/service.js';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const page = (words: string) => ({
  html: `{{#> layout heading="Lente"}}<h1>${words}</h1><p>{{intro}}</p>{{/layout}}`,
  text: `{{#> layout}}${words}: {{intro}}{{/layout}}`,
});
const spring = (words = 'Lente') => ({
  kind: 'commercial',
  languages: { nl: { subject: `${words}, {{firstOf name "lezer"}}`, ...page(words) } },
  sample: { name: 'Robin', intro: 'Het wordt licht.' },
});
const publish = (id: string, template: unknown) => service.post(`/v1/templates/${id}`, template);
const published = async (id: string, template: unknown = spring()) => {
  const { status, text, body } = await publish(id, template);
  if (status >= 300) throw new Error(`Not published: ${status} ${text}`);
  return body;
};
const headOfLog = async () => {
  const store = await openLogOf(service.directory);
  const head = (await store.readAll(START, 1_000_000)).at(-1)!.position;
  await store.close();
  return head;
};

describe('publishing a template', () => {
  it('gives it the versions 1, 2, 3, and the same one for the same content', async () => {
    const first = await publish('versions', spring());
    expect([first.status, first.body]).toStrictEqual([
      201,
      { id: 'versions', version: 1, publishedAt: expect.any(String), position: expect.any(Number) },
    ]);
    const again = await publish('versions', spring());
    expect([again.status, again.body]).toStrictEqual([200, first.body]);
    expect((await publish('versions', spring('Zomer'))).body.version).toBe(2);
    expect((await publish('versions', spring())).body.version).toBe(3);
  });

  it('keeps every version as it was', async () => {
    await published('kept');
    await published('kept', spring('Zomer'));
    const versions = await Promise.all(
      ['', '?version=1', '?version=2'].map(async (query) => (await service.get(`/v1/templates/kept${query}`)).body),
    );
    expect(versions.map(({ version, languages }) => [version, languages.nl.subject.split(',')[0]])).toStrictEqual([
      [2, 'Zomer'],
      [1, 'Lente'],
      [2, 'Zomer'],
    ]);
    expect(versions[1]).toMatchObject(spring());
    for (const path of ['/v1/templates/kept?version=3', '/v1/templates/nobody', '/v1/templates/newsletter'])
      expect((await service.get(path)).body.code).toBe('NOT_FOUND');
  });

  it('lists it beside those of the service itself', async () => {
    await published('listed');
    const { body } = await service.get('/v1/templates');
    expect(body).toContainEqual({ id: 'newsletter', kind: 'commercial', languages: expect.any(Array) });
    expect(body.find(({ id }: { id: string }) => id === 'listed')).toStrictEqual({
      id: 'listed',
      kind: 'commercial',
      languages: ['nl'],
      version: 1,
      publishedAt: expect.any(String),
    });
  });

  it('is there again after a restart', async () => {
    const { publishedAt } = await published('lasting');
    await service.restart();
    expect((await service.get('/v1/templates/lasting')).body).toMatchObject({ version: 1, publishedAt });
  });

  it('gives each of many at once a version of its own, and one version to those that say the same', async () => {
    const words = ['Een', 'Twee', 'Drie', 'Vier', 'Een', 'Twee'];
    const answers = await Promise.all(words.map((word) => publish('at-once', spring(word))));
    expect(answers.map(({ status }) => status).every((status) => status === 200 || status === 201)).toBe(true);
    const { version } = (await service.get('/v1/templates/at-once')).body;
    const all = await Promise.all(
      Array.from({ length: version }, (_, index) => service.get(`/v1/templates/at-once?version=${index + 1}`)),
    );
    const stored = all.map(({ body }) => body.languages.nl.subject.split(',')[0]);
    for (const [index, word] of stored.entries()) expect(word).not.toBe(stored[index + 1]);
    for (const [index, { body }] of answers.entries()) expect(stored[body.version - 1]).toBe(words[index]);
  });

  it.each(['newsletter', 'confirm-opt-in', 'reconsent'])(
    'cannot take the name %s of the service itself',
    async (id) => {
      const { status, body } = await publish(id, spring());
      expect([status, body.code, body.errors[0].field]).toStrictEqual([409, 'CONFLICT', 'id']);
    },
  );

  it.each(['Spring', 'spring@1', '-spring', 'spring_1', 'a'.repeat(49), 'a.b'])('cannot be named %s', async (id) => {
    const { status, body } = await publish(id, spring());
    expect([status, body.errors[0].field]).toStrictEqual([400, 'id']);
  });
});

describe('a template that cannot be sent', () => {
  const withHtml = (html: string) => ({ ...spring(), languages: { nl: { ...page('x'), html } } });
  const layout = '{{#> layout}}x{{/layout}}';
  it.each([
    ['is not Handlebars', withHtml('<p>\n{{#if x}}'), 'languages.nl.html', /^line 2 ends before/],
    ['calls a helper that is not there', withHtml('\n\n{{exec x}}'), 'languages.nl.html', /^line 3 calls a helper/],
    ['puts out HTML of its variables', withHtml('{{{x}}}'), 'languages.nl.html', /^line 1 puts out a value unescaped/],
    [
      'holds a script',
      withHtml(`${layout}<script>x</script>`),
      'languages.nl.html',
      /^line 1 has the element <script>/,
    ],
    ['has no HTML', { ...spring(), languages: { nl: { text: layout } } }, 'languages.nl.html', /is missing/],
    ['has no plain text (P4)', { ...spring(), languages: { nl: { html: layout } } }, 'languages.nl.text', /is missing/],
    [
      'has an empty plain text (P4)',
      { ...spring(), languages: { nl: { html: layout, text: ' ' } } },
      'languages.nl.text',
      /is missing/,
    ],
    ['has no language', { ...spring(), languages: {} }, 'languages', /at least one/],
    ['shows no way out (P4)', withHtml('<p>{{@controller.name}}</p>'), 'languages.nl', /UNSUBSCRIBE_LINK_MISSING/],
    [
      'hides its way out (P4)',
      withHtml('<style>.x { display: none }</style><div class="x">{{> footer}}</div>'),
      'languages.nl',
      /UNSUBSCRIBE_LINK_MISSING/,
    ],
    [
      'does not say who sends it',
      withHtml('<a href="{{@unsubscribeUrl}}">Afmelden</a>'),
      'languages.nl',
      /SENDER_IDENTITY_MISSING/,
    ],
    ['is too long', withHtml(`${layout}${'x'.repeat(200 * 1024)}`), 'languages.nl.html', /at most 204800 bytes/],
    [
      'has a subject of two lines',
      { ...spring(), languages: { nl: { ...page('x'), subject: 'a\nb' } } },
      'languages.nl.subject',
      /one line/,
    ],
    ['has a sample that does not fit', { ...spring(), sample: { intro: {} } }, 'languages.nl', /INVALID_VARIABLES/],
    [
      'never comes to an end',
      withHtml(`${'{{#each xs}}{{#each @xs}}{{/each}}{{/each}}'}`),
      'languages.nl.html',
      /reads @xs/,
    ],
    [
      'takes too long',
      {
        ...withHtml(`{{#each xs}}{{#each ../xs}}{{#each ../../xs}}{{/each}}{{/each}}{{/each}}${layout}`),
        sample: { xs: Array.from({ length: 300 }, () => 0) },
      },
      'languages.nl',
      /TEMPLATE_OUT_OF_BOUNDS/,
    ],
  ])('is refused with its part and line: it %s', async (_, template, field, message) => {
    const before = await headOfLog();
    for (const path of ['/v1/templates/refused', '/v1/templates/preview']) {
      const { status, body } = await service.post(path, template);
      expect([status, body.code]).toStrictEqual([422, 'INVALID_TEMPLATE']);
      expect(body.errors).toContainEqual({ field, message: expect.stringMatching(message) });
    }
    expect(await headOfLog()).toBe(before);
  });

  it.each([
    ['another field', { ...spring(), extra: 1 }, 'extra'],
    ['another language', { ...spring(), languages: { de: page('x') } }, 'languages.de'],
    ['another kind', { ...spring(), kind: 'marketing' }, 'kind'],
    ['languages that are a list', { ...spring(), languages: [page('x')] }, 'languages'],
    ['a body that is no text', { ...spring(), languages: { nl: { html: 1, text: {} } } }, 'languages.nl.html'],
    ['a citizen service number in the sample (P9)', { ...spring(), sample: { x: '111222333' } }, 'sample'],
    [
      'a citizen service number in the text (P9)',
      { ...spring(), languages: { nl: { ...page('x'), text: 'BSN 111222333' } } },
      'languages.nl.text',
    ],
  ])('is no template at all: %s', async (_, template, field) => {
    const { status, body } = await publish('refused', template);
    expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
    expect(body.errors.map((error: { field: string }) => error.field)).toContain(field);
  });

  it('is refused whole when it is greater than any body may be', async () => {
    expect((await publish('refused', withHtml('x'.repeat(5 * 1024 * 1024)))).status).toBe(413);
  });

  it('may be operational without a way out (P1)', async () => {
    const notice = { kind: 'operational', languages: { en: { html: '<p>{{x}}</p>', text: '{{x}}' } } };
    expect((await publish('notice', notice)).status).toBe(201);
  });
});

describe('a preview', () => {
  it('shows a draft with its sample, and records nothing', async () => {
    const before = await headOfLog();
    const { status, body } = await service.post('/v1/templates/preview', spring());
    expect([status, body.language, body.subject]).toStrictEqual([200, 'nl', 'Lente, Robin']);
    expect(body.html).toContain('<p>Het wordt licht.</p>');
    expect(body.text).toContain('Lente: Het wordt licht.');
    expect(body.text).toContain('/u/preview');
    expect(body.bytes).toStrictEqual({ html: Buffer.byteLength(body.html), text: Buffer.byteLength(body.text) });
    expect(body.warnings).toStrictEqual([]);
    expect(await headOfLog()).toBe(before);
  });

  it('shows a version with other variables, escaped', async () => {
    await published('shown');
    await published('shown', spring('Zomer'));
    const variables = { intro: '<b>&' };
    const { body } = await service.post('/v1/templates/shown/preview', { version: 1, language: 'nl', variables });
    expect([body.subject, body.html.includes('<p>&lt;b&gt;&amp;</p>')]).toStrictEqual(['Lente, lezer', true]);
    expect(body.text).toContain('Lente: <b>&');
  });

  it('warns of what a reader might trip over', async () => {
    const html = `{{#> layout}}<img src="http://x.nl/y"><p>${'woord '.repeat(18_000)}</p>{{/layout}}`;
    const { body } = await service.post('/v1/templates/preview', {
      ...spring(),
      languages: { nl: { ...page('x'), html } },
    });
    expect(body.warnings.map(({ code }: { code: string }) => code)).toStrictEqual([
      'CLIPPED',
      'SUBJECT_MISSING',
      'IMAGE_WITHOUT_TEXT',
      'LINK_NOT_HTTPS',
    ]);
  });

  it('is refused for a language or a version that is not there, and for variables that do not fit', async () => {
    await published('partial');
    const preview = (body: object) => service.post('/v1/templates/partial/preview', body);
    expect((await preview({ language: 'en' })).body).toMatchObject({
      code: 'VALIDATION',
      errors: [{ field: 'language' }],
    });
    expect((await preview({ version: 9 })).body.code).toBe('NOT_FOUND');
    expect((await preview({ variables: { intro: {} } })).body).toMatchObject({
      code: 'INVALID_TEMPLATE',
      errors: [{ field: 'variables' }],
    });
  });
});

describe('the page of a template', () => {
  const basic = (key: string) => ({ key: null, headers: { Authorization: `Basic ${btoa(`x:${key}`)}` } });

  it('opens in a browser with the key as a password, and runs and loads nothing', async () => {
    await published('on-a-page', { ...spring(), sample: { intro: '</iframe><script>alert(1)</script>' } });
    const { status, text, headers } = await service.get('/v1/templates/on-a-page/preview', basic(ADMIN_KEY));
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script/i);
    expect(text.match(/<iframe sandbox="" /g)).toHaveLength(2);
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'unsafe-inline'; frame-src 'none'/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('asks a browser for the key, and takes no password where something changes', async () => {
    const { status, headers } = await service.get('/v1/templates/on-a-page/preview', { key: null });
    expect([status, headers.get('www-authenticate')]).toStrictEqual([401, expect.stringMatching(/^Basic /)]);
    expect((await service.post('/v1/templates/by-basic', spring(), basic(ADMIN_KEY))).status).toBe(401);
  });

  it('is refused for what is not there', async () => {
    await published('there');
    const get = async (rest: string) => (await service.get(`/v1/templates/${rest}`)).status;
    expect(await get('nobody/preview')).toBe(404);
    expect(await get('there/preview?version=2')).toBe(404);
    expect(await get('there/preview?language=en')).toBe(400);
    expect(await get('there/preview?language=de')).toBe(400);
    expect(await get('there/preview?version=01')).toBe(400);
  });
});

describe('a mailing of a published template', () => {
  it('is of the version that another process has just published', async () => {
    const store = await openLogOf(service.directory);
    const now = new Date().toISOString();
    const metadata = { occurredAt: now, recordedAt: now };
    for (let version = 1; version <= 8; version++) {
      const data = { version, ...spring() };
      const event = { id: newId(), type: 'TemplatePublished', data, metadata };
      await store.append(templateStream('elsewhere'), version - 2, [event]);
      const mailing = await startMailing(service, { id: `elsewhere-${version}`, template: 'elsewhere' });
      expect(mailing.template).toBe(`elsewhere@${version}`);
    }
    await store.close();
  });

  it('keeps to the version it was created with, and each delivery says which that was', async () => {
    const contactId = await optIn(service, 'versie@example.nl');
    await published('pinned');
    await startMailing(service, {
      id: 'pinned-mailing',
      template: 'pinned',
      subject: 'Mijn onderwerp',
      recipients: [],
    });
    await published('pinned', spring('Zomer'));
    const recipients = [{ address: 'versie@example.nl', variables: { intro: 'Dag.' } }];
    const again = await startMailing(service, {
      id: 'pinned-mailing',
      template: 'pinned',
      subject: 'Mijn onderwerp',
      recipients,
    });
    expect(again.template).toBe('pinned@1');
    expect(await completed(service, 'pinned-mailing')).toMatchObject({ template: 'pinned@1', sent: 1 });
    const mail = await mailTo(service, 'versie@example.nl');
    expect([mail.subject, mail.text?.split('\n')[0]]).toStrictEqual(['Mijn onderwerp', 'Lente: Dag.']);
    expect(await deliveriesOf(service, contactId)).toMatchObject([{ template: 'pinned@1', status: 'sent' }]);
  });

  it("has the template's own subject when it brings none", async () => {
    await optIn(service, 'onderwerp@example.nl');
    await published('own-subject');
    const mailing = {
      purpose: 'newsletter',
      template: 'own-subject@1',
      recipients: [{ address: 'onderwerp@example.nl' }],
    };
    expect((await service.post('/v1/mailings', mailing)).status).toBe(202);
    expect((await mailTo(service, 'onderwerp@example.nl')).subject).toBe('Lente, lezer');
  });

  it.each([
    ['a subject where neither has one', { template: 'newsletter' }, 400, 'VALIDATION', 'subject'],
    ['a template that is not there', { template: 'nobody', subject: 'x' }, 422, 'UNKNOWN_TEMPLATE', 'template'],
    ['a version that is not there', { template: 'fitting@9', subject: 'x' }, 422, 'UNKNOWN_TEMPLATE', 'template'],
    ['a language that is not there', { template: 'fitting', language: 'en' }, 422, 'TEMPLATE_DOES_NOT_FIT', 'language'],
    [
      'a recipient of a language that is not there',
      { template: 'fitting', recipients: [{ address: 'a@b.nl', language: 'en' }] },
      422,
      'TEMPLATE_DOES_NOT_FIT',
      'language',
    ],
    [
      'advertising as service mail (P1)',
      { template: 'fitting', purpose: 'service' },
      422,
      'TEMPLATE_DOES_NOT_FIT',
      'template',
    ],
  ])('is refused: %s', async (_, mailing, status, code, field) => {
    await published('fitting');
    const answer = await service.post('/v1/mailings', { purpose: 'newsletter', ...mailing });
    expect([answer.status, answer.body.code, answer.body.errors[0].field]).toStrictEqual([status, code, field]);
  });
});
