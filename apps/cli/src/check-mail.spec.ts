import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dkimRecord, readDkimKey } from '@consent-ledger/mail';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { runIn } from './ledger.fixture.js';
import type { MailFinding } from './mail-check/finding.js';

const DOMAIN = 'dnp-groep.nl';
const PUBLIC_URL = 'https://voorkeuren.dnp-groep.nl';
const pem = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem);
const next = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem);
const records = [readDkimKey(DOMAIN, 'rsa', rsa), readDkimKey(DOMAIN, 'next', next)].map(dkimRecord);

const zone: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(records.map(({ name, value }) => [name, [value]])),
  [DOMAIN]: ['google-site-verification=x', 'v=spf1 include:_spf.mail.example -all'],
  [`_dmarc.${DOMAIN}`]: ['v=DMARC1; p=quarantine'],
};

const { fetch } = globalThis;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const close of closing.splice(0)) await close();
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'check-mail-'));
  for (const [name, key] of Object.entries({ rsa, next })) {
    writeFileSync(join(folder, name), key);
    chmodSync(join(folder, name), 0o600);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A mail server that takes what it gets; answers its host with its port, and what it took. */
async function mailServer(options: SMTPServerOptions = {}) {
  const taken: ParsedMail[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    allowInsecureAuth: true,
    authOptional: true,
    closeTimeout: 100,
    onAuth: ({ password }, _session, done) =>
      password === 'geheim' ? done(null, { user: 'ledger' }) : done(new Error('Wrong password')),
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        taken.push(mail);
        done();
      }, done);
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  closing.push(() => new Promise<void>((resolve) => server.close(resolve)));
  return { host: `127.0.0.1:${(server.server.address() as AddressInfo).port}`, taken };
}

/** What the service answers a link that is none. */
const service: RequestListener = (request, reply) => {
  request.resume();
  reply.writeHead(400, { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }).end('damaged');
};

/** Serves what stands at PUBLIC_URL, as if from behind a proxy with TLS. */
async function servePublicly(listener: RequestListener): Promise<void> {
  const server: Server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  jest
    .spyOn(globalThis, 'fetch')
    .mockImplementation((url, init) => fetch((url as string).replace(PUBLIC_URL, `http://127.0.0.1:${port}`), init));
}

interface Circumstances {
  readonly environment?: Readonly<Record<string, string>>;
  readonly dns?: Readonly<Record<string, readonly string[] | undefined>>;
  readonly listener?: RequestListener;
  readonly args?: readonly string[];
}

/** Runs the check with all in order, but for what is given. */
async function check({ environment, dns, listener = service, args = [] }: Circumstances = {}) {
  const server = await mailServer();
  await servePublicly(listener);
  const outcome = await runIn(folder, ['mail', 'check', ...args], {
    environment: {
      PUBLIC_URL,
      SMTP_URL: `smtp://ledger:geheim@${server.host}`,
      DKIM_DOMAIN: DOMAIN,
      DKIM_SELECTOR: 'rsa,next',
      DKIM_KEY_PATH: `${join(folder, 'rsa')},${join(folder, 'next')}`,
      ...environment,
    },
    resolveTxt: async (name) => {
      const answer = { ...zone, ...dns }[name];
      if (answer) return answer.map((text) => text.match(/.{1,255}/g)!);
      throw Object.assign(new Error('There is no such name.'), { code: 'ENOTFOUND' });
    },
  });
  return { ...outcome, ...server };
}

/** What did not pass. */
async function troubles(circumstances: Circumstances): Promise<readonly MailFinding[]> {
  const { stdout } = await check({ ...circumstances, args: ['--json'] });
  return (JSON.parse(stdout) as MailFinding[]).filter(({ standing }) => standing !== 'passed');
}

describe('ledger mail check', () => {
  it('passes when all is in order, and tries every template in every language', async () => {
    const { code, stdout, stderr, taken } = await check();
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/^[!✗]/m);
    expect(stdout).toMatch(/^✓ newsletter \(nl\) +signed by rsa and next, \d+ KB\.$/m);
    for (const template of ['confirm-opt-in', 'event-invitation', 'reconsent', 'reconsent-reminder', 'service-notice'])
      expect(stdout).toMatch(
        new RegExp(`✓ ${template} \\(nl\\)[^]*✓ ${template} \\(en\\)|✓ ${template} \\(en\\)[^]*✓ ${template} \\(nl\\)`),
      );
    expect(taken).toStrictEqual([]);
  });

  it('sends a sample on request, whose links lead nowhere', async () => {
    const { code, stdout, taken } = await check({ args: ['--to', 'Beheer@Example.NL'] });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✓ sample +The mail server took it as <[\w-]+@dnp-groep\.nl>/m);
    expect(taken).toHaveLength(1);
    expect([taken[0]!.to].flat()[0]!.text).toBe('beheer@example.nl');
    expect(taken[0]!.headers.has('dkim-signature')).toBe(true);
  });

  it('tells no password and no key', async () => {
    const wrong = { SMTP_URL: `smtp://ledger:verkeerd@${(await mailServer()).host}` };
    const outcomes = [await check(), await check({ environment: wrong })];
    const told = outcomes.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(outcomes.map(({ code }) => code)).toStrictEqual([0, 1]);
    expect(told).not.toMatch(/geheim|verkeerd|PRIVATE/);
  });

  it('exits with 1 where something failed, and tells what to do', async () => {
    const { code, stdout, stderr } = await check({ dns: { [`rsa._domainkey.${DOMAIN}`]: undefined } });
    expect({ code, stderr }).toStrictEqual({ code: 1, stderr: expect.stringMatching(/^1 of \d+ checks failed\.\n$/) });
    expect(stdout).toContain(`✗ DKIM record rsa          There is no TXT record at rsa._domainkey.${DOMAIN}.`);
    expect(stdout).toContain(`→ ${records[0]!.name}\n`);
    expect(stdout).toContain(`→ ${records[0]!.value}\n`);
  });

  it('says what is wrong with the settings, and goes no further', async () => {
    const { code, stdout } = await check({ environment: { PORT: 'x', DKIM_KEY_PATH: '' } });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ settings +PORT must/);
    const missing = await check({ environment: { DKIM_KEY_PATH: `${folder}/a,${folder}/b` } });
    expect(missing.stdout).toMatch(/✗ settings +DKIM_KEY_PATH: \S+\/a cannot be read \(ENOENT\)\.\n/);
  });

  it('refuses an address that is none', async () => {
    expect(await check({ args: ['--to', 'niemand'] })).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('ledger mail check finds', () => {
  const status =
    (code: number, headers: Record<string, string> = {}): RequestListener =>
    (request, reply) => {
      request.resume();
      reply.writeHead(code, headers).end();
    };
  const rsaName = `rsa._domainkey.${DOMAIN}`;
  const other = dkimRecord(
    readDkimKey(DOMAIN, 'x', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem)),
  );

  it.each([
    ['another key in DNS', { dns: { [rsaName]: [other.value] } }, 'DKIM record rsa', 'failed', /not that of the key/],
    ['a key that was withdrawn', { dns: { [rsaName]: ['v=DKIM1; p='] } }, 'DKIM record rsa', 'failed', /withdrawn/],
    ['two keys in one place', { dns: { [rsaName]: [other.value, other.value] } }, 'DKIM record rsa', 'failed', /2 TXT/],
    [
      'a key that is only tried out',
      { dns: { [rsaName]: [`${records[0]!.value}; t=y`] } },
      'DKIM record rsa',
      'doubtful',
      /tries/,
    ],
    ['no SPF', { dns: { [DOMAIN]: ['x'] } }, 'SPF', 'failed', /no SPF record/],
    ['two SPF records', { dns: { [DOMAIN]: ['v=spf1 mx -all', 'v=spf1 a -all'] } }, 'SPF', 'failed', /2 SPF/],
    ['an SPF record that lets everybody', { dns: { [DOMAIN]: ['v=spf1 +all'] } }, 'SPF', 'failed', /everybody/],
    ['an SPF record that lets nobody', { dns: { [DOMAIN]: ['v=spf1 -all'] } }, 'SPF', 'failed', /nobody/],
    ['no DMARC', { dns: { [`_dmarc.${DOMAIN}`]: undefined } }, 'DMARC', 'failed', /no DMARC record/],
    [
      'a DMARC record without a policy',
      { dns: { [`_dmarc.${DOMAIN}`]: ['v=DMARC1; rua=x'] } },
      'DMARC',
      'failed',
      /no p=/,
    ],
    ['no mail server', { environment: { SMTP_URL: '' } }, 'mail server', 'doubtful', /outbox/],
    [
      'a proxy that redirects one-click posts (RFC 8058)',
      { listener: status(302, { Location: '/login' }) },
      'POST /u/…',
      'failed',
      /redirected/,
    ],
    [
      'a proxy that asks one-click posts for a log-in (RFC 8058)',
      { listener: status(401) },
      'POST /u/…',
      'failed',
      /401/,
    ],
    ['a page of somebody else', { listener: status(400) }, 'GET /u/…', 'failed', /not by the service/],
    ['a service that is away', { listener: status(502) }, 'GET /u/…', 'failed', /502/],
  ] satisfies [string, Circumstances, string, string, RegExp][])(
    '%s',
    async (_, circumstances, name, standing, text) => {
      const found = (await troubles(circumstances)).find(({ check }) => check === name);
      expect(found).toMatchObject({ standing, text: expect.stringMatching(text), advice: expect.stringMatching(/\w/) });
    },
  );

  it('DNS that does not answer', async () => {
    const { stdout } = await runIn(folder, ['mail', 'check', '--json'], {
      environment: { DKIM_DOMAIN: DOMAIN, DKIM_SELECTOR: 'rsa', DKIM_KEY_PATH: join(folder, 'rsa') },
      resolveTxt: async () => {
        throw Object.assign(new Error('queryTxt ETIMEOUT'), { code: 'ETIMEOUT' });
      },
    });
    const findings = JSON.parse(stdout) as MailFinding[];
    for (const name of ['DKIM record rsa', 'SPF', 'DMARC'])
      expect(findings.find(({ check }) => check === name)).toMatchObject({
        standing: 'doubtful',
        text: expect.stringContaining('ETIMEOUT'),
      });
  });

  it('a mail server that is away, one that turns the user away and one whose certificate is not sound', async () => {
    const { host } = await mailServer();
    const encrypted = await mailServer({ disabledCommands: [], logger: false });
    const at = async (url: string) => (await troubles({ environment: { SMTP_URL: url } }))[0];
    expect(await at('smtp://127.0.0.1:1')).toMatchObject({
      check: 'mail server',
      text: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await at(`smtp://ledger:x@${host}`)).toMatchObject({ text: expect.stringContaining('log-in failed (535)') });
    expect(await at(`smtp://${encrypted.host}`)).toMatchObject({
      text: expect.stringContaining('CERT_HAS_EXPIRED'),
      advice: expect.stringContaining('certificate'),
    });
  });

  it('a sender that the signature does not answer for', async () => {
    const found = await troubles({
      environment: { DKIM_DOMAIN: 'example.org' },
      dns: Object.fromEntries(records.map(({ name, value }) => [name.replace(DOMAIN, 'example.org'), [value]])),
    });
    expect(found).toContainEqual(expect.objectContaining({ check: 'DKIM domain', standing: 'failed' }));
    expect(found).toContainEqual(
      expect.objectContaining({ check: 'newsletter (nl)', text: expect.stringContaining('not of the domain') }),
    );
  });

  it('links that lead to this machine, and mails that are not signed', async () => {
    const environment = { PUBLIC_URL: '', DKIM_DOMAIN: '', DKIM_SELECTOR: '', DKIM_KEY_PATH: '' };
    const found = await troubles({ environment });
    expect(found).toContainEqual(expect.objectContaining({ check: 'PUBLIC_URL', standing: 'failed' }));
    expect(found).toContainEqual(expect.objectContaining({ check: 'DKIM', standing: 'doubtful' }));
  });

  it('SPF missing where bounces go, if that is another domain', async () => {
    const found = await troubles({ environment: { MAIL_BOUNCES: 'bounces@terug.dnp-groep.nl' } });
    expect(found).toMatchObject([{ check: 'SPF', text: 'There is no SPF record at terug.dnp-groep.nl.' }]);
  });

  it('a policy or templates that do not read', async () => {
    const nowhere = join(folder, 'nowhere');
    for (const environment of [{ TEMPLATES_DIR: folder }, { TEMPLATES_DIR: nowhere }, { POLICY_PATH: nowhere }])
      expect(await troubles({ environment })).toMatchObject([{ check: 'policy and templates', standing: 'failed' }]);
  });

  it('a template that cannot be made, and one that Gmail cuts off', async () => {
    const directory = join(folder, 'templates');
    cpSync(new URL('../../../libs/mail/templates/', import.meta.url), directory, { recursive: true });
    writeFileSync(join(directory, 'newsletter', 'nl.text.hbs'), 'Geen voet, geen weg eruit.\n');
    writeFileSync(join(directory, 'service-notice', 'en.html.hbs'), `<p>${'x'.repeat(103_000)}</p>\n`);
    const found = await troubles({ environment: { TEMPLATES_DIR: directory } });
    expect(found.map(({ check, standing }) => [check, standing]).sort()).toStrictEqual([
      ['newsletter (nl)', 'failed'],
      ['service-notice (en)', 'doubtful'],
    ]);
  });
});
