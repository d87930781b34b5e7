import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authenticate, type DNSResolver } from 'mailauth';
import { simpleParser } from 'mailparser';
import { eventually, startService, type TestService } from '../support/service.js';
import { recipientsOf, startMailServer, type MailServer } from './mail-server.js';
import { completed, optIn, outboxOf, startMailing, verdictOf } from './steps.js';

const PUBLIC_URL = 'https://voorkeuren.dnp-groep.nl';
const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const next = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** The zone of the sender, as whoever looks after it would have written it. */
const zone: Readonly<Record<string, string>> = {
  'rsa._domainkey.dnp-groep.nl': `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  'next._domainkey.dnp-groep.nl': `v=DKIM1; k=rsa; p=${next.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  '_dmarc.dnp-groep.nl': 'v=DMARC1; p=reject; adkim=r',
};

const resolver: DNSResolver = async (name, type) => {
  const text = type === 'TXT' ? zone[name] : undefined;
  if (text !== undefined) return [[text]];
  throw Object.assign(new Error(`There is no ${type} of ${name}.`), { code: 'ENOTFOUND' });
};

let keys: string;
let server: MailServer;
let service: TestService;

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), 'dkim-'));
  for (const [name, { privateKey }] of Object.entries({ rsa, next })) {
    await writeFile(join(keys, name), privateKey.export(pem));
    await chmod(join(keys, name), 0o600);
  }
});
afterAll(() => rm(keys, { recursive: true, force: true }));
beforeEach(async () => {
  server = await startMailServer();
});
afterEach(async () => {
  await service.stop();
  await server.close();
});

const signing = () => ({
  PUBLIC_URL,
  DKIM_DOMAIN: 'dnp-groep.nl',
  DKIM_SELECTOR: 'rsa,next',
  DKIM_KEY_PATH: `${join(keys, 'rsa')},${join(keys, 'next')}`,
});

async function givenService(environment: Record<string, string> = {}): Promise<void> {
  service = await startService({ environment: { SMTP_URL: server.url, ...signing(), ...environment } });
}

/** What a provider finds of a message that it received. */
async function judged(raw: Buffer | string) {
  const { dkim, dmarc } = await authenticate(Buffer.from(raw), { resolver, strict: true, disableBimi: true });
  return {
    signatures: dkim.results.map(({ status: { result, aligned } }) => `${result} ${aligned}`),
    dmarc: dmarc ? dmarc.status.result : undefined,
    covered: dkim.results.map(({ signingHeaders }) => signingHeaders!.keys.toLowerCase().split(/:\s*/)),
  };
}

const passed = { signatures: ['pass dnp-groep.nl', 'pass dnp-groep.nl'], dmarc: 'pass' };

/** The https URI of List-Unsubscribe as it was received. */
async function oneClickUri(raw: Buffer): Promise<string> {
  const { headers } = await simpleParser(raw);
  const list = headers.get('list') as unknown as { readonly unsubscribe: { readonly url: string } };
  return list.unsubscribe.url;
}

/** One click in Gmail: a POST to the URI of the header, with no cookie, no language and nothing else that a person would bring along. */
async function clickOn(uri: string, form: URLSearchParams | FormData): Promise<IncomingMessage> {
  expect(uri.startsWith(`${PUBLIC_URL}/u/`)).toBe(true);
  form.append('List-Unsubscribe', 'One-Click');
  const written = new Response(form);
  const headers = { 'Content-Type': written.headers.get('content-type')! };
  const click = request(uri.replace(PUBLIC_URL, service.url), { method: 'POST', headers });
  click.end(Buffer.from(await written.arrayBuffer()));
  const [reply] = (await once(click, 'response')) as [IncomingMessage];
  return reply.resume();
}

async function messageTo(address: string): Promise<Buffer> {
  const at = recipientsOf(server.taken).indexOf(address);
  return server.received[at]!;
}

const people = ['an', 'bo', 'cor', 'do'].map((name) => `${name}@example.nl`);
const toAll = { recipients: people.map((address) => ({ address })) };

describe('A mailing as providers receive it', () => {
  it('passes DKIM with every key and DMARC, with the headers of RFC 8058 under the signature', async () => {
    await givenService();
    for (const address of people) await optIn(service, address);
    const recipients = people.map((address, index) => ({ address, language: index % 2 === 0 ? 'nl' : 'en' }));
    const variables = {
      title: 'Één lentegroet ☕',
      name: 'Zoë',
      intro: 'Kijk: “nieuw”.  €5 korting!\n\n. En een punt.',
    };
    await startMailing(service, { id: 'spring', subject: 'Lente: € 5 korting 🎉', variables, recipients });
    expect(await completed(service, 'spring')).toMatchObject({ sent: people.length });

    expect(recipientsOf(server.taken).sort()).toStrictEqual(people);
    for (const [index, raw] of server.received.entries()) {
      const { covered, ...verdict } = await judged(raw);
      expect(verdict).toStrictEqual(passed);
      for (const names of covered) expect(names).toEqual(expect.arrayContaining(coveredByProvidersRules));
      const mail = server.taken[index]!;
      expect(mail.subject).toBe('Lente: € 5 korting 🎉');
      expect(mail.text).toContain('Één lentegroet ☕');
      expect(mail.headers.get('list')).toMatchObject({
        'unsubscribe-post': { name: 'List-Unsubscribe=One-Click' },
        unsubscribe: { mail: expect.stringContaining('klantenservice@dnp-groep.nl'), url: expect.any(String) },
      });
      expect(raw.toString('latin1')).not.toMatch(/[^\r\n]{999}/);
    }
  });

  it('fails when somebody changes its body, or its List-Unsubscribe-Post', async () => {
    await givenService();
    await optIn(service, people[0]!);
    await startMailing(service, { id: 'spring', recipients: [{ address: people[0] }], variables: { title: 'Lente' } });
    await completed(service, 'spring');
    const received = server.received[0]!.toString();
    for (const [from, to] of [
      ['DNP Giftcard BV\r\nGrotestraat', 'DNP Giftcard NV\r\nGrotestraat'],
      ['List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n', ''],
      ['List-Unsubscribe=One-Click', 'List-Unsubscribe=No-Click'],
    ] as const) {
      expect(received).toContain(from);
      const { signatures, dmarc } = await judged(received.replace(from, to));
      expect({ signatures: signatures.map((one) => one.split(' ')[0]), dmarc }).toStrictEqual({
        signatures: ['fail', 'fail'],
        dmarc: 'fail',
      });
    }
  });

  it('is signed also when it is a confirmation or service mail, which offer no button', async () => {
    await givenService();
    await service.post('/v1/opt-ins', {
      address: people[0],
      purposes: ['newsletter'],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      confirmation: 'double',
      source: { kind: 'web-form' },
    });
    const variables = { body: 'Je bestelling is onderweg.' };
    const notice = { id: 'order', purpose: 'service', template: 'service-notice', variables };
    await startMailing(service, { ...notice, recipients: [{ address: people[1] }] });
    await eventually(() => expect(server.received).toHaveLength(2));
    for (const raw of server.received) {
      const { covered: _covered, ...verdict } = await judged(raw);
      expect(verdict).toStrictEqual(passed);
      expect(raw.toString()).not.toMatch(/^List-/m);
    }
  });

  it('is signed in the outbox too', async () => {
    await givenService({ SMTP_URL: '' });
    await optIn(service, people[0]!);
    await startMailing(service, { id: 'spring', recipients: [{ address: people[0] }] });
    await completed(service, 'spring');
    const [mail] = (await outboxOf(service)).get(people[0]!)!;
    expect(mail!.headerLines.filter(({ key }) => key === 'dkim-signature')).toHaveLength(2);
  });
});

const coveredByProvidersRules = [
  'from',
  'to',
  'subject',
  'date',
  'message-id',
  'mime-version',
  'content-type',
  'content-language',
  'list-id',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'feedback-id',
];

describe('One click on what was received (RFC 8058, P4)', () => {
  it.each([
    ['a form that is url-encoded', () => new URLSearchParams()],
    ['a form in parts', () => new FormData()],
  ])('as %s keeps the next mailing from that person, for that purpose only', async (_, form) => {
    await givenService();
    for (const address of people) await optIn(service, address, ['newsletter', 'event-invitation']);
    await startMailing(service, { id: 'spring', ...toAll });
    await completed(service, 'spring');

    const [an, ...others] = people;
    const uri = await oneClickUri(await messageTo(an!));
    const reply = await clickOn(uri, form());
    expect([reply.statusCode, reply.headers['set-cookie']]).toStrictEqual([200, undefined]);
    expect((await clickOn(uri, form())).statusCode).toBe(200);
    expect(await verdictOf(service, an!)).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });

    const before = server.taken.length;
    await startMailing(service, { id: 'summer', ...toAll });
    expect(await completed(service, 'summer')).toMatchObject({
      sent: others.length,
      suppressed: { OPTED_OUT: 1 },
    });
    const events = { id: 'party', purpose: 'event-invitation', template: 'event-invitation' };
    await startMailing(service, { ...events, ...toAll });
    expect(await completed(service, 'party')).toMatchObject({ sent: people.length, suppressed: {} });
    expect(recipientsOf(server.taken.slice(before)).sort()).toStrictEqual([...people, ...others].sort());
  });
});

describe('Keys that cannot be used', () => {
  it('stop the start, and the message says which file and why', async () => {
    await givenService();
    const path = join(keys, 'nowhere.pem');
    await expect(
      startService({ environment: { ...signing(), DKIM_KEY_PATH: `${path},${path}` } }),
    ).rejects.toMatchObject({
      code: 'CONFIGURATION',
      faults: [expect.stringContaining('cannot be read (ENOENT)'), expect.anything()],
    });
  });
});
