import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import {
  completed,
  deliveriesOf,
  deliveryEventsOf,
  logOf,
  mailTo,
  optIn,
  optOut,
  outboxOf,
  startMailing,
} from './steps.js';

let service: TestService;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const ndjson = (lines: readonly unknown[]) => ({
  raw: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
  headers: { 'Content-Type': 'application/x-ndjson' },
});

describe('a mailing as JSON', () => {
  it('reaches those who may get it, and says why the others do not', async () => {
    await optIn(service, 'ja@example.nl');
    await optIn(service, 'nee@example.nl');
    await optOut(service, 'nee@example.nl');
    const recipients = ['ja@example.nl', 'nee@example.nl', 'onbekend@example.nl'].map((address) => ({ address }));

    const accepted = await startMailing(service, { id: 'reasons', recipients });
    expect(accepted).toMatchObject({ id: 'reasons', purpose: 'newsletter', template: 'newsletter', recipients: 3 });
    expect(await completed(service, 'reasons')).toStrictEqual({
      id: 'reasons',
      state: 'completed',
      purpose: 'newsletter',
      template: 'newsletter',
      recipients: 3,
      sent: 1,
      suppressed: { OPTED_OUT: 1, UNKNOWN_CONTACT: 1 },
      failed: 0,
      pending: 0,
      unknown: 0,
    });
    const mails = await outboxOf(service);
    expect(['ja', 'nee', 'onbekend'].map((name) => mails.has(`${name}@example.nl`))).toStrictEqual([
      true,
      false,
      false,
    ]);
  });

  it('reaches a recipient who stands in it twice once, however the address is written', async () => {
    await optIn(service, 'twee@example.nl');
    const recipients = [{ address: 'twee@example.nl' }, { address: ' Twee@EXAMPLE.nl ' }];
    expect(await startMailing(service, { id: 'twice', recipients })).toMatchObject({ duplicates: 1, invalid: 0 });
    expect(await completed(service, 'twice')).toMatchObject({ recipients: 1, sent: 1 });
    expect((await outboxOf(service)).get('twee@example.nl')).toHaveLength(1);
  });

  it('without an id is the same mailing when it is asked for again with the same Idempotency-Key', async () => {
    const body = {
      purpose: 'newsletter',
      template: 'newsletter',
      subject: 'Nieuws',
      recipients: [{ address: 'x@y.nl' }],
    };
    const send = (key: string) => service.post('/v1/mailings', body, { headers: { 'Idempotency-Key': key } });
    const [first, again, other] = [await send('one'), await send('one'), await send('two')];
    expect(again.body.id).toBe(first.body.id);
    expect(other.body.id).not.toBe(first.body.id);
  });

  it('counts the addresses that are none, and goes to the others', async () => {
    await optIn(service, 'goed@example.nl');
    const recipients = [{ address: 'geen adres' }, { address: 'goed@example.nl' }, { address: '@' }];
    expect(await startMailing(service, { id: 'malformed', recipients })).toMatchObject({ recipients: 1, invalid: 2 });
    expect(await completed(service, 'malformed')).toMatchObject({ recipients: 1, sent: 1 });
  });

  it('is the same mailing when it is asked for again with the same content', async () => {
    await optIn(service, 'weer@example.nl');
    const mailing = {
      id: 'again',
      variables: { title: 'Lente', n: [1] },
      recipients: [{ address: 'weer@example.nl' }],
    };
    await startMailing(service, mailing);
    await completed(service, 'again');
    await startMailing(service, mailing);
    expect(await completed(service, 'again')).toMatchObject({ recipients: 1, sent: 1 });
    expect((await outboxOf(service)).get('weer@example.nl')).toHaveLength(1);
  });

  it.each([{ subject: 'Zomer' }, { purpose: 'event-invitation' }, { variables: { title: 'x' } }, { language: 'en' }])(
    'is refused by an id that has other content: %j',
    async (other) => {
      await startMailing(service, { id: 'taken' });
      const mailing = { id: 'taken', purpose: 'newsletter', template: 'newsletter', subject: 'Lente', ...other };
      const { status, body } = await service.post('/v1/mailings', mailing);
      expect([status, body.code]).toStrictEqual([409, 'CONFLICT']);
    },
  );

  it('tells what it does not know: the template, the purpose, the mailing', async () => {
    const mailing = { purpose: 'newsletter', template: 'newsletter', subject: 'Lente' };
    const noTemplate = await service.post('/v1/mailings', { ...mailing, template: 'confirm-opt-in' });
    expect([noTemplate.status, noTemplate.body.code, noTemplate.body.errors[0].field]).toStrictEqual([
      422,
      'UNKNOWN_TEMPLATE',
      'template',
    ]);
    const noPurpose = await service.post('/v1/mailings', { ...mailing, purpose: 'adverts' });
    expect([noPurpose.status, noPurpose.body.code]).toStrictEqual([422, 'UNKNOWN_PURPOSE']);
    expect((await service.get('/v1/mailings/nowhere')).status).toBe(404);
  });

  it('names each field that is not right', async () => {
    const { status, body } = await service.post('/v1/mailings', {
      id: 'spaces are not allowed',
      purpose: 'newsletter',
      template: 'newsletter',
      subject: 'Two\nlines',
      language: 'de',
      recipients: [{ address: 'a@example.nl', name: 'A' }],
    });
    expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
    const fields = body.errors.map(({ field }: { field: string }) => field);
    expect(fields.sort()).toStrictEqual(['id', 'language', 'recipients.0.name', 'subject']);
  });

  it('never takes the place of the mails that ask to confirm an opt-in', async () => {
    const { body } = await service.post('/v1/opt-ins', {
      address: 'dubbel@example.nl',
      purposes: ['newsletter'],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source: { kind: 'web-form' },
      confirmation: 'double',
    });
    const [{ mailingId }] = await deliveriesOf(service, body.contactId);
    const { status } = await service.post('/v1/mailings', {
      id: mailingId,
      purpose: 'newsletter',
      template: 'newsletter',
      subject: 'Lente',
    });
    expect(status).toBe(409);
  });
});

describe('recipients as NDJSON', () => {
  it('are added to a mailing, and counted: accepted, in it already, malformed', async () => {
    for (const name of ['a', 'b', 'c']) await optIn(service, `${name}@nd.example.nl`);
    const mailing = await startMailing(service, { id: 'lines' });
    expect(mailing).toMatchObject({ state: 'open', recipients: 0 });

    const lines = ['a', 'b', 'a', 'c', 'b'].map((name) => ({ address: `${name}@nd.example.nl` }));
    const added = await service.request(
      'POST',
      '/v1/mailings/lines/recipients',
      ndjson([...lines, { address: 'no address' }]),
    );
    expect([added.status, added.body]).toStrictEqual([202, { accepted: 3, duplicates: 2, invalid: 1 }]);

    const again = await service.request('POST', '/v1/mailings/lines/recipients', ndjson(lines));
    expect(again.body).toStrictEqual({ accepted: 0, duplicates: 5, invalid: 0 });
    expect(await completed(service, 'lines')).toMatchObject({ recipients: 3, sent: 3 });
  });

  it('stop at a line that is no recipient, and the lines before it are kept', async () => {
    await optIn(service, 'voor@nd.example.nl');
    await startMailing(service, { id: 'broken' });
    const lines = [{ address: 'voor@nd.example.nl' }, { adress: 'typo@nd.example.nl' }];
    const { status, body } = await service.request('POST', '/v1/mailings/broken/recipients', ndjson(lines));
    expect([status, body.errors[0].field]).toStrictEqual([400, 'line 2']);
    expect(await completed(service, 'broken')).toMatchObject({ recipients: 1, sent: 1 });
  });

  it('need a mailing, and NDJSON', async () => {
    const nowhere = await service.request('POST', '/v1/mailings/nowhere/recipients', ndjson([{ address: 'a@b.nl' }]));
    expect(nowhere.status).toBe(404);
    const json = await service.post('/v1/mailings/nowhere/recipients', [{ address: 'a@b.nl' }]);
    expect(json.status).toBe(415);
  });
});

describe('service mail', () => {
  it('reaches an address that the service has never seen, and one that opted out of everything (P1)', async () => {
    await optIn(service, 'klant@example.nl');
    await optOut(service, 'klant@example.nl');
    const recipients = [{ address: 'vreemd@example.nl' }, { address: 'klant@example.nl' }];
    const variables = { body: 'Je bestelling is onderweg.' };
    const mailing = { id: 'order', purpose: 'service', template: 'service-notice', variables, recipients };
    await startMailing(service, mailing);
    expect(await completed(service, 'order')).toMatchObject({ sent: 2, suppressed: {} });
  });

  it('bears nothing of a list and no way out', async () => {
    await startMailing(service, {
      id: 'notice',
      purpose: 'service',
      template: 'service-notice',
      variables: { body: 'Je wachtwoord is gewijzigd.' },
      recipients: [{ address: 'dienst@example.nl' }],
    });
    const mail = await mailTo(service, 'dienst@example.nl');
    expect(mail.headerLines.filter(({ key }) => key.startsWith('list-'))).toStrictEqual([]);
    expect(mail.text).toContain('Je wachtwoord is gewijzigd.');
    expect(`${mail.text}${String(mail.html)}`).not.toContain('/u/');
  });

  it('is not made of a commercial template, which no opt-out would stop', async () => {
    const mailing = {
      purpose: 'service',
      template: 'newsletter',
      subject: 'x',
      recipients: [{ address: 'v@example.nl' }],
    };
    const { status, body } = await service.post('/v1/mailings', mailing);
    expect([status, body.code, body.errors[0].field]).toStrictEqual([422, 'TEMPLATE_DOES_NOT_FIT', 'template']);
  });
});

describe('a message', () => {
  it('is in the language of the recipient, with the variables of the recipient over those of the mailing', async () => {
    await optIn(service, 'lotte@example.nl');
    await optIn(service, 'john@example.nl');
    await startMailing(service, {
      id: 'languages',
      variables: { title: 'Lente', name: 'lezer', intro: 'Kijk.' },
      recipients: [
        { address: 'lotte@example.nl', variables: { name: 'Lotte' } },
        { address: 'john@example.nl', language: 'en', variables: { name: 'John', title: 'Spring' } },
      ],
    });
    const [dutch, english] = [await mailTo(service, 'lotte@example.nl'), await mailTo(service, 'john@example.nl')];
    expect(dutch.text).toMatch(/Beste Lotte,[^]*Kijk\.[^]*Afmelden voor die mails/);
    expect(english.text).toMatch(/Dear John,[^]*Unsubscribe from those emails/);
    expect(english.html).toContain('lang="en"');
    expect([dutch, english].map(({ headers }) => headers.get('content-language'))).toStrictEqual(['nl', 'en']);
  });

  it.each(['nl', 'en'])(
    'of each commercial template in "%s" says who sends it and how to stop it',
    async (language) => {
      for (const [template, purpose] of [
        ['newsletter', 'newsletter'],
        ['event-invitation', 'event-invitation'],
      ] as const) {
        const address = `${template}.${language}@example.nl`;
        await optIn(service, address, [purpose]);
        await startMailing(service, {
          id: `${template}-${language}`,
          template,
          purpose,
          language,
          recipients: [{ address }],
        });
        const mail = await mailTo(service, address);
        expect(mail.text).toContain('DNP Giftcard BV\nGrotestraat 138a, 5141 HC Waalwijk\nklantenservice@dnp-groep.nl');
        expect(mail.text).toContain(`${service.url}/u/`);
        expect(mail.html).toContain(`href="${service.url}/u/`);
      }
    },
  );

  it('of which the variables cannot be used counts as failed', async () => {
    await optIn(service, 'kapot@example.nl');
    await startMailing(service, { id: 'unusable' });
    const lines = [{ address: 'kapot@example.nl', variables: { constructor: 1 } }];
    await service.request('POST', '/v1/mailings/unusable/recipients', ndjson(lines));
    expect(await completed(service, 'unusable')).toMatchObject({ failed: 1, sent: 0 });
  });
});

describe('what is on record of a delivery', () => {
  it('is the verdict that it rests on, before anything left', async () => {
    const contactId = await optIn(service, 'bewijs@example.nl');
    await startMailing(service, { id: 'evidence', recipients: [{ address: 'bewijs@example.nl' }] });
    await completed(service, 'evidence');
    const events = await deliveryEventsOf(service, contactId);
    expect(events.map(({ type }) => type)).toStrictEqual(['DeliveryRequested', 'DeliveryStarted', 'MailSent']);
    expect(events[1]!.data['verdict']).toMatchObject({
      eligible: true,
      reason: 'CONSENT',
      basis: 'consent',
      evidence: [{ type: 'OptedIn' }],
      policy: { id: 'dnp-giftcard', version: 1 },
      contactRevision: 0,
    });
  });

  it('is the verdict that held it back', async () => {
    const contactId = await optIn(service, 'terug@example.nl');
    await optOut(service, 'terug@example.nl', ['newsletter']);
    await startMailing(service, { id: 'held-back', recipients: [{ address: 'terug@example.nl' }] });
    await completed(service, 'held-back');
    const events = await deliveryEventsOf(service, contactId);
    expect(events.map(({ type }) => type)).toStrictEqual(['DeliveryRequested', 'DeliverySuppressed']);
    expect(events[1]!.data).toMatchObject({
      reason: 'OPTED_OUT',
      verdict: { eligible: false, reason: 'OPTED_OUT', evidence: [{ type: 'OptedOut' }], contactRevision: 1 },
    });
    expect(await deliveriesOf(service, contactId)).toMatchObject([
      { mailingId: 'held-back', purpose: 'newsletter', status: 'suppressed', reason: 'OPTED_OUT' },
    ]);
  });

  it('holds no address, no name and no other variable of a person in the clear', async () => {
    await optIn(service, 'geheim@example.nl');
    const recipients = [{ address: 'geheim@example.nl', variables: { name: 'Geheimpje' } }];
    await startMailing(service, { id: 'sealed', recipients });
    await completed(service, 'sealed');
    const log = JSON.stringify(await logOf(service));
    expect(log).not.toMatch(/geheim@|Geheimpje/i);
  });
});
