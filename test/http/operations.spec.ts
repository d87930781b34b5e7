import { readFile } from 'node:fs/promises';
import { NO_STREAM } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { completed, startMailing } from '../mail/steps.js';
import { openLogOf } from '../support/engines.js';
import { ADMIN_KEY, eventually, startService, type TestService } from '../support/service.js';
import { ask, given, optIn, optOut, somebody } from './given.js';
import { styleSheetOf } from '../recipients/pages.js';

describe('operations', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  const openly = { key: null };
  /** For what is not in the OpenAPI document. */
  const fetched = (path: string, method = 'GET') =>
    fetch(new URL(path, service.url), { method, headers: { Authorization: `Bearer ${ADMIN_KEY}` } });

  describe('health', () => {
    it('is live and ready, without a key', async () => {
      const live = await service.get('/health/live', openly);
      expect([live.status, live.body]).toStrictEqual([200, { status: 'ok' }]);
      // A service that has a broker tells of it too, and is not held up by it when it starts.
      const ready = await eventually(async () => {
        const answer = await service.get('/health/ready', openly);
        expect(answer.body.status).toBe('ok');
        return answer;
      }, 30);
      const { status, checks } = ready.body;
      const { kafka: _kafka, ...always } = checks;
      expect([ready.status, Object.keys(ready.body), status, always]).toStrictEqual([
        200,
        ['status', 'checks'],
        'ok',
        { log: 'ok', writing: 'ok', keyVault: 'ok', readModels: 'ok' },
      ]);
      expect(ready.headers.get('cache-control')).toBe('no-store');
    });

    it('is no longer ready, and says why, once the read models met an event that they cannot read', async () => {
      const broken = await startService();
      try {
        const store = await openLogOf(broken.directory);
        const poison = { id: newId(), type: 'Rumour', data: {}, metadata: {} };
        await store.append(`contact-${'a'.repeat(26)}`, NO_STREAM, [poison]);
        await store.close();
        await eventually(async () => {
          const { status, body } = await broken.get('/health/ready', openly);
          expect([status, body.status, body.checks.log]).toStrictEqual([503, 'unavailable', 'ok']);
          expect(body.checks.readModels).toBe('stopped: PoisonEvent');
        });
        expect((await broken.get('/health/live', openly)).status).toBe(200);
      } finally {
        await broken.stop();
      }
    });
  });

  describe('metrics', () => {
    /** The value of one series, with its labels as they are written; 0 where there is none yet. */
    async function valueOf(series: string): Promise<number> {
      const { text } = await service.get('/metrics');
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? 0 : Number(line.split(' ').at(-1));
    }

    async function growthOf(series: string, act: () => Promise<unknown>): Promise<number> {
      const before = await valueOf(series);
      await act();
      return (await valueOf(series)) - before;
    }

    it('are in the text format of Prometheus, each with its help and its type', async () => {
      const { headers, text } = await service.get('/metrics');
      expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
      const names = [...text.matchAll(/^# TYPE (consent_ledger_\S+) (counter|gauge|histogram)$/gm)].map(
        ([, name]) => name,
      );
      expect(names.sort()).toEqual(
        expect.arrayContaining([
          'consent_ledger_commit_appends',
          'consent_ledger_commit_seconds',
          'consent_ledger_events_appended_total',
          'consent_ledger_http_request_seconds',
          'consent_ledger_mail_outcomes_total',
          'consent_ledger_projection_lag_seconds',
          'consent_ledger_scanner_visits_total',
          'consent_ledger_verdicts_total',
        ]),
      );
      for (const name of names) expect(text).toContain(`# HELP ${name} `);
    });

    it('count each verdict by its reason, whichever way it was asked for', async () => {
      const address = somebody();
      const unknown = 'consent_ledger_verdicts_total{reason="UNKNOWN_CONTACT"}';
      expect(await growthOf(unknown, () => ask(service, address, 'newsletter'))).toBe(1);
      const plain = () => service.post('/v1/eligibility', { address, purpose: 'newsletter' });
      expect(await growthOf(unknown, plain)).toBe(1);
      const batch = () =>
        service.post('/v1/eligibility/batch', { purpose: 'newsletter', addresses: [address, address] });
      expect(await growthOf(unknown, batch)).toBe(2);
      const headers = { 'Content-Type': 'application/x-ndjson' };
      const lines = { raw: `"${address}"\n"${address}"\n"${address}"\n`, headers };
      const stream = () => service.request('POST', '/v1/eligibility/batch?purpose=newsletter', lines);
      expect(await growthOf(unknown, stream)).toBe(3);
    });

    it('count each event appended by its type, and none where nothing was recorded', async () => {
      const address = somebody();
      const optedOut = 'consent_ledger_events_appended_total{type="OptedOut"}';
      const record = () => service.post('/v1/opt-outs', { address, purposes: 'all', source: { kind: 'crm' } });
      expect(await growthOf(optedOut, record)).toBe(1);
      expect(await growthOf(optedOut, record)).toBe(0);
      expect(
        await growthOf('consent_ledger_commit_seconds_count', () => given(service, somebody(), optOut('all'))),
      ).toBe(1);
    });

    it("count each visit to a page that looks like a scanner's, by route, and the page is the same (P4)", async () => {
      const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
      const visit = (method: string, headers: Readonly<Record<string, string>>) =>
        service.request(method, '/u/no-token', { key: null, headers: { 'User-Agent': browser, ...headers } });
      const scanned = await visit('GET', { 'User-Agent': 'BarracudaCentral/1.0' });
      await visit('HEAD', {});
      await visit('GET', { 'Sec-Purpose': 'prefetch' });
      await visit('POST', { 'User-Agent': 'curl/8.8.0' });
      expect(scanned.text).toBe((await visit('GET', {})).text);
      await service.get('/health/live', { headers: { 'User-Agent': 'curl/8.8.0' } });
      await eventually(async () => {
        const { text } = await service.get('/metrics');
        expect(text.split('\n').filter((line) => line.startsWith('consent_ledger_scanner_visits_total'))).toStrictEqual(
          [
            'consent_ledger_scanner_visits_total{route="/u/:token",sign="user-agent"} 1',
            'consent_ledger_scanner_visits_total{route="/u/:token",sign="head"} 1',
            'consent_ledger_scanner_visits_total{route="/u/:token",sign="prefetch"} 1',
          ],
        );
      });
    });

    it('count each outcome of a mail', async () => {
      const [agreed, stranger] = [somebody(), somebody()];
      await given(service, agreed, optIn(['newsletter']));
      const mail = async () => {
        const { id } = await startMailing(service, { recipients: [{ address: agreed }, { address: stranger }] });
        await completed(service, id);
      };
      expect(await growthOf('consent_ledger_mail_outcomes_total{outcome="sent"}', mail)).toBe(1);
      expect(await valueOf('consent_ledger_mail_outcomes_total{outcome="suppressed"}')).toBe(1);
    });

    it('time each request by its route, never by its path', async () => {
      const series = (route: string, status: number) =>
        `consent_ledger_http_request_seconds_count{method="GET",route="${route}",status="${status}"}`;
      const history = () => service.get(`/v1/contacts/${'a'.repeat(26)}/history`);
      expect(await growthOf(series('/v1/contacts/:contactId/history', 200), history)).toBe(1);
      expect(await growthOf(series('none', 404), () => fetched('/nothing/of/the/kind'))).toBe(1);
      expect((await service.get('/metrics')).text).not.toContain('/nothing/of/the/kind');
    });

    it('tell how far the read models are behind', async () => {
      await given(service, somebody(), optIn(['newsletter']));
      await eventually(async () => {
        expect((await service.get('/metrics')).text).toContain(
          'consent_ledger_projection_lag_seconds{projection="read-models"} 0',
        );
      });
    });
  });

  describe('the contract', () => {
    it('is served as it is written, in OpenAPI 3.1', async () => {
      const { status, body } = await service.get('/openapi.json');
      const written = await readFile(new URL('../../apps/api/openapi/openapi.yaml', import.meta.url), 'utf8');
      expect(status).toBe(200);
      expect(body.openapi).toMatch(/^3\.1\./);
      expect(body).toStrictEqual(parse(written));
    });

    it('has a page, which loads nothing from elsewhere, and everything that it loads is there', async () => {
      const { status, headers, text } = await service.get('/docs');
      expect([status, headers.get('content-type')]).toStrictEqual([200, 'text/html; charset=utf-8']);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      const loaded = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url!);
      expect(loaded).toStrictEqual(['/docs/swagger-ui.css', '/docs/swagger-ui-bundle.js', '/docs/start.js']);
      for (const url of loaded) {
        const asset = await fetched(url);
        expect([url, asset.status]).toStrictEqual([url, 200]);
        expect(asset.headers.get('content-type')).toBe(
          `text/${url.endsWith('css') ? 'css' : 'javascript'}; charset=utf-8`,
        );
        expect((await asset.text()).length).toBeGreaterThan(10);
      }
      expect(await (await fetched('/docs/start.js')).text()).toContain('/openapi.json');
    });

    it.each(['package.json', '..%2fpackage.json', '%2e%2e%2f%2e%2e%2fpackage.json', 'constructor', 'index.html'])(
      'serves no other file: /docs/%s is 404',
      async (asset) => {
        const reply = await fetched(`/docs/${asset}`);
        expect([reply.status, ((await reply.json()) as { code: string }).code]).toStrictEqual([404, 'NOT_FOUND']);
      },
    );

    it('the page of a recipient loads its styles without a key', async () => {
      const reply = await fetch(new URL(await styleSheetOf(service), service.url));
      expect([reply.status, reply.headers.get('content-type')]).toStrictEqual([200, 'text/css; charset=utf-8']);
    });
  });

  it.each([
    ['a path that is nothing', 'GET', '/nothing', 404, 'NOT_FOUND'],
    ['a GET of what is posted to', 'GET', '/v1/opt-ins', 404, 'NOT_FOUND'],
    ['a method that nothing takes', 'DELETE', '/v1/policies', 404, 'NOT_FOUND'],
    ['a path that is not in UTF-8', 'GET', '/v1/contacts/%E0/history', 400, 'VALIDATION'],
    ['a path that is too long', 'GET', `/v1/contacts/${'a'.repeat(3000)}/history`, 400, 'VALIDATION'],
  ])('%s is answered with a problem and a correlation id', async (_, method, path, status, code) => {
    const reply = await fetched(path, method);
    expect([reply.status, reply.headers.get('content-type')]).toStrictEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    const problem = (await reply.json()) as Record<string, unknown>;
    expect(problem).toMatchObject({ type: 'about:blank', status, code, title: expect.any(String) });
    expect(problem['correlationId']).toBe(reply.headers.get('x-correlation-id'));
  });
});
