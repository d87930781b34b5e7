import type { Problem } from '@consent-ledger/platform';
import { readConfiguration } from '@consent-ledger/platform';
import { createDrivenClock, createRecordingLogger } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { Limits } from '../http/limits.js';
import { limitPages } from './page-limits.js';
import type { ProblemPage } from './problem-page.js';
import type { PageConfig } from './recipient-page.decorator.js';

const settings = { VISITS_PER_MINUTE: '3', FORMS_PER_TEN_MINUTES: '2', GUESSES_PER_TEN_MINUTES: '2' };
const problems = { render: () => 'tooMany' } as unknown as ProblemPage;
const page: PageConfig = { recipientPage: true };
const form: PageConfig = { recipientPage: true, limit: 'forms' };
const answers: Readonly<Record<string, number>> = { valid: 200, expired: 410, answered: 404 };

describe("the limits of recipients' pages", () => {
  const logger = createRecordingLogger();
  const clock = createDrivenClock('2026-06-15T10:00:00.000Z');
  const refused: string[] = [];
  let server: FastifyInstance;

  async function start(trustProxy: string | false = false, environment: object = {}): Promise<void> {
    const configuration = readConfiguration({ ...settings, ...environment });
    const limits = new Limits(configuration, clock, logger, { limited: (limit) => void refused.push(limit) });
    server = fastify({ trustProxy });
    server.setErrorHandler((error, _request, reply) => reply.status((error as Problem).status).send('problem'));
    limitPages(server, limits, problems);
    server.get('/subscribe', { config: page }, () => 'form');
    server.post('/subscribe', { config: form }, () => 'sent');
    server.get('/assets/pages.css', () => 'css');
    for (const method of ['GET', 'POST'])
      server.route({
        method,
        url: '/u/:token',
        config: page,
        handler: (request, reply) =>
          reply.status(answers[(request.params as { token: string }).token] ?? 400).send('page'),
      });
  }
  beforeEach(() => {
    refused.length = 0;
    return start();
  });
  afterEach(() => server.close());

  const send = (method: 'GET' | 'HEAD' | 'POST', url: string, remoteAddress = '192.0.2.1', headers = {}) =>
    server.inject({ method, url, remoteAddress, headers });
  async function statuses(times: number, ...[method, url, from, headers]: Parameters<typeof send>): Promise<number[]> {
    const answers: number[] = [];
    for (let n = 0; n < times; n++) answers.push((await send(method, url, from, headers)).statusCode);
    return answers;
  }

  it('let a client post so many forms, and another client as many', async () => {
    expect(await statuses(3, 'POST', '/subscribe')).toStrictEqual([200, 200, 429]);
    expect(await statuses(1, 'POST', '/subscribe', '192.0.2.2')).toStrictEqual([200]);
  });

  it('say when to come back, and in the RateLimit fields what was asked too often', async () => {
    await statuses(2, 'POST', '/subscribe');
    const { headers } = await send('POST', '/subscribe');
    expect(headers).toMatchObject({
      'ratelimit-limit': '2',
      'ratelimit-remaining': '0',
      'ratelimit-policy': '2;w=600',
      'ratelimit-reset': headers['retry-after'],
    });
    expect(headers['retry-after']).toBe('600');
  });

  it('let the client come back when they said it could', async () => {
    await statuses(3, 'POST', '/subscribe');
    clock.advance(599_999);
    expect((await send('POST', '/subscribe')).headers['retry-after']).toBe('1');
    clock.advance(1);
    expect(await statuses(3, 'POST', '/subscribe')).toStrictEqual([200, 200, 429]);
  });

  it('count visits apart from forms, a HEAD as one visit, and what is no page not at all', async () => {
    await statuses(3, 'POST', '/subscribe');
    expect(await statuses(2, 'HEAD', '/subscribe')).toStrictEqual([200, 200]);
    expect(await statuses(2, 'GET', '/subscribe')).toStrictEqual([200, 429]);
    expect(await statuses(5, 'GET', '/assets/pages.css')).toStrictEqual([200, 200, 200, 200, 200]);
  });

  it('refuse to tell more of damaged links, and never a post by a valid one (P4)', async () => {
    expect(await statuses(3, 'POST', '/u/wrong')).toStrictEqual([400, 400, 429]);
    expect((await send('POST', '/u/wrong')).body).toBe('tooMany');
    expect(await statuses(50, 'POST', '/u/valid')).toStrictEqual(new Array(50).fill(200));
  });

  it.each([
    ['valid', 200],
    ['expired', 410],
    ['answered', 404],
  ])('never refuse a visit by an authentic link that is %s, however often it is opened (P4)', async (link, status) => {
    expect(await statuses(3, 'GET', '/u/wrong')).toStrictEqual([400, 400, 429]);
    expect(await statuses(20, 'GET', `/u/${link}`)).toStrictEqual(new Array(20).fill(status));
    expect(await statuses(20, 'HEAD', `/u/${link}`)).toStrictEqual(new Array(20).fill(status));
  });

  it('take all addresses of an IPv6 network for one client, and an IPv4 address in IPv6 for that one', async () => {
    await statuses(1, 'POST', '/subscribe', '2001:db8:1:2::1');
    await statuses(1, 'POST', '/subscribe', '2001:db8:1:2:ffff::9');
    expect(await statuses(1, 'POST', '/subscribe', '2001:db8:1:2::77')).toStrictEqual([429]);
    expect(await statuses(1, 'POST', '/subscribe', '2001:db8:1:3::1')).toStrictEqual([200]);
    await statuses(1, 'POST', '/subscribe', '::ffff:198.51.100.7');
    expect(await statuses(2, 'POST', '/subscribe', '198.51.100.7')).toStrictEqual([200, 429]);
  });

  it('believe no X-Forwarded-For of somebody who is not trusted, and warn once of a proxy that is not known', async () => {
    const forged = (n: number) => ({ 'x-forwarded-for': `203.0.113.${n}` });
    const answers = [1, 2, 3].map(async (n) => (await send('POST', '/subscribe', '192.0.2.1', forged(n))).statusCode);
    expect(await Promise.all(answers)).toStrictEqual([200, 200, 429]);
    expect(logger.lines.filter(({ message }) => message.includes('TRUSTED_PROXIES'))).toHaveLength(1);
    expect(JSON.stringify(logger.lines)).not.toContain('203.0.113.');
  });

  it('count the clients behind a trusted proxy apart, and by what the proxy added, not by what they made up', async () => {
    await server.close();
    await start('10.0.0.0/8');
    const through = (added: string) => ({ 'x-forwarded-for': `198.51.100.250, ${added}` });
    expect(await statuses(3, 'POST', '/subscribe', '10.1.2.3', through('203.0.113.1'))).toStrictEqual([200, 200, 429]);
    expect(await statuses(1, 'POST', '/subscribe', '10.1.2.3', through('203.0.113.2'))).toStrictEqual([200]);
    expect(await statuses(3, 'POST', '/subscribe', '10.1.2.4', { 'x-forwarded-for': 'x'.repeat(8000) })).toStrictEqual([
      200, 200, 429,
    ]);
  });

  it('let all clients together post so many forms a minute, of which those that are refused take nothing', async () => {
    await server.close();
    await start(false, { FORMS_PER_MINUTE_IN_ALL: '3' });
    expect(await statuses(9, 'POST', '/subscribe', '192.0.2.1')).toStrictEqual([
      200,
      200,
      ...new Array<number>(7).fill(429),
    ]);
    expect(await statuses(2, 'POST', '/subscribe', '192.0.2.2')).toStrictEqual([200, 429]);
    expect([...new Set(refused)]).toStrictEqual(['forms', 'forms-of-all']);
    expect((await send('POST', '/subscribe', '192.0.2.3')).headers).toMatchObject({ 'ratelimit-policy': '3;w=60' });
    expect(await statuses(1, 'POST', '/u/valid', '192.0.2.3')).toStrictEqual([200]);
    clock.advance(60_000);
    expect(await statuses(1, 'POST', '/subscribe', '192.0.2.3')).toStrictEqual([200]);
  });

  it('are none where a setting is 0', async () => {
    await server.close();
    await start(false, { FORMS_PER_TEN_MINUTES: '0', FORMS_PER_MINUTE_IN_ALL: '0' });
    expect(await statuses(9, 'POST', '/subscribe')).toStrictEqual(new Array(9).fill(200));
  });
});
