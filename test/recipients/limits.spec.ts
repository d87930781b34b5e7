import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { verdictOf } from '../mail/steps.js';
import { startService, type TestService } from '../support/service.js';
import { linkFromMail } from './pages.js';

const environment = {
  VISITS_PER_MINUTE: '20',
  FORMS_PER_TEN_MINUTES: '2',
  GUESSES_PER_TEN_MINUTES: '3',
  TRUSTED_PROXIES: 'loopback',
};

describe('a service that one client asks too much of', () => {
  let service: TestService;
  let clients = 0;
  beforeAll(async () => {
    service = await startService({ environment });
  });
  afterAll(() => service.stop());

  /** As the trusted proxy passes it on, from a client of which nothing was heard before. */
  const newClient = () => ({ 'X-Forwarded-For': `203.0.113.${++clients}` });
  const open = (path: string, from: Record<string, string>, language = 'nl') =>
    service.get(path, { key: null, headers: { ...from, 'Accept-Language': language } });
  const post = (path: string, from: Record<string, string>) =>
    service.request('POST', path, {
      key: null,
      raw: 'List-Unsubscribe=One-Click',
      headers: { ...from, 'Content-Type': 'application/x-www-form-urlencoded' },
    });

  it('answers a person with a page that says to come back, in their language', async () => {
    const client = newClient();
    for (let n = 0; n < 3; n++) await open('/u/damaged', client);
    const [dutch, english] = [await open('/u/damaged', client), await open('/u/damaged', client, 'en')];
    expect([dutch.status, english.status]).toStrictEqual([429, 429]);
    expect(dutch.text).toContain('<h1>Even wachten, alsjeblieft</h1>');
    expect(english.text).toContain('<h1>One moment, please</h1>');
    expect(Number(dutch.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(dutch.headers.get('ratelimit-limit')).toBe('3');
    expect(dutch.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(dutch.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });

  it('still opens every valid link of that client, and takes every opt-out by it, over and over (P4)', async () => {
    const path = await linkFromMail(service, 'lezer@example.org');
    const client = newClient();
    for (let n = 0; n < 6; n++) await post('/u/damaged', client);
    const visits = await Promise.all(Array.from({ length: 25 }, () => open(path, client)));
    expect(new Set(visits.map(({ status }) => status))).toStrictEqual(new Set([200]));
    const answers = await Promise.all(Array.from({ length: 40 }, () => post(path, client)));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toStrictEqual(
      new Set(['200 Unsubscribed\n']),
    );
    expect(await verdictOf(service, 'lezer@example.org')).toMatchObject({ reason: 'OPTED_OUT' });
  });

  it('lets a client send so many subscribe forms, and says so of each further one, whoever it is for', async () => {
    const client = newClient();
    const answers = [
      await post('/subscribe', client),
      await post('/subscribe', client),
      await post('/subscribe', client),
    ];
    expect(answers.map(({ status }) => status)).toStrictEqual([422, 422, 429]);
    expect((await open('/subscribe', client)).status).toBe(200);
  });

  it('tells a client that keeps trying API keys to stop, and never one whose key is valid', async () => {
    const client = newClient();
    const ask = (key?: string) => service.get('/v1/policies', { headers: client, ...(key !== undefined && { key }) });
    for (let n = 0; n < 3; n++) expect((await ask('wrong')).status).toBe(401);
    const refused = await ask('wrong');
    expect([refused.status, refused.body.code]).toStrictEqual([429, 'TOO_MANY_REQUESTS']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask()).status).toBe(200);
    expect((await service.get('/v1/policies', { key: 'wrong', headers: newClient() })).status).toBe(401);
  });

  it('counts nothing against a client that sends no key at all', async () => {
    const client = newClient();
    for (let n = 0; n < 5; n++)
      expect((await service.get('/v1/policies', { key: null, headers: client })).status).toBe(401);
  });
});
