import { ConfigurationError, readConfiguration } from '@consent-ledger/platform';
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { startApi } from '../../apps/api/src/start.js';
import { startMailer } from '../../apps/mailer/src/start.js';
import { startWorker } from '../../apps/worker/src/start.js';
import { completed, mailTo, optIn, optOut, startMailing, verdictOf } from '../mail/steps.js';
import { describeWithPostgres } from '../services/postgres/shared-server.js';
import { eventually } from '../support/service.js';
import { makeFleet, type Fleet, type Member } from './fleet.js';

/** Several apps start in a test, each with read models of its own. */
jest.setTimeout(60_000);

let fleet: Fleet;
beforeEach(async () => {
  fleet = await makeFleet();
});
afterEach(() => fleet.stop());

const ask = (api: Member, address: string, more: object = {}) =>
  api.post('/v1/eligibility', { address, purpose: 'newsletter', ...more });

describeWithPostgres('two api processes on one log', () => {
  it('answer for what was recorded at the other once they are told its position', async () => {
    const [one, other] = [await fleet.start('api'), await fleet.start('api')];
    for (let round = 0; round < 20; round += 1) {
      const address = `lezer${round}@example.org`;
      await optIn(one, address);
      const { body } = await one.post('/v1/opt-outs', { address, purposes: 'all', source: { kind: 'crm' } });
      const { status, body: answer } = await ask(other, address, { minPosition: body.position });
      expect([status, answer.reason]).toStrictEqual([200, 'OPTED_OUT']);
      expect(answer.position).toBeGreaterThanOrEqual(body.position);
    }
  });

  it('answer by the log itself where that is asked, whichever of them recorded it (P4)', async () => {
    const [one, other] = [await fleet.start('api'), await fleet.start('api')];
    await optIn(one, 'an@example.org');
    expect(await verdictOf(other, 'an@example.org')).toMatchObject({ reason: 'CONSENT' });
    await optOut(other, 'an@example.org');
    expect(await verdictOf(one, 'an@example.org')).toMatchObject({ reason: 'OPTED_OUT' });
  });

  it('agree on what each of them recorded at the same time of one contact', async () => {
    const apis = [await fleet.start('api'), await fleet.start('api')];
    const acts = Array.from({ length: 12 }, (_, number) =>
      number % 3 === 0 ? optOut(apis[number % 2]!, 'an@example.org') : optIn(apis[number % 2]!, 'an@example.org'),
    );
    await Promise.all(acts);
    const [one, other] = await Promise.all(apis.map((api) => verdictOf(api, 'an@example.org')));
    const { at: _, ...said } = one;
    expect(other).toMatchObject(said);
  });

  it('make one administrator key between them when they start at once on a new log', async () => {
    const withoutKey = { LEDGER_ADMIN_KEY: '' };
    const apis = await Promise.all([fleet.start('api', withoutKey), fleet.start('api', withoutKey)]);
    const keys = apis.flatMap(({ adminKey }) => adminKey ?? []);
    expect(keys).toHaveLength(1);
    for (const api of apis)
      await eventually(async () => expect((await api.get('/v1/policies', { key: keys[0]! })).status).toBe(200));
  });

  it('fail closed when the log is away, and go on when it is back (P4)', async () => {
    const api = await fleet.start('api');
    await optIn(api, 'an@example.org');
    await fleet.engines.log.goAway();
    expect((await ask(api, 'an@example.org', { consistency: 'strong' })).status).toBe(503);
    const { status, body } = await api.get('/health/ready', { key: null });
    expect([status, body.status, body.checks.log]).toStrictEqual([
      503,
      'unavailable',
      'connecting: the log does not answer',
    ]);
    expect((await api.get('/health/live', { key: null })).status).toBe(200);
    await fleet.engines.log.comeBack();
    await eventually(async () => expect((await api.get('/health/ready', { key: null })).body.status).toBe('ok'), 30);
    await optOut(api, 'an@example.org');
    expect(await verdictOf(api, 'an@example.org')).toMatchObject({ reason: 'OPTED_OUT' });
  });
});

describeWithPostgres('api, worker and mailer in processes of their own', () => {
  it('send what was asked for at the api from the mailer, and a prompt that the worker made', async () => {
    const api = await fleet.start('api');
    const mailer = await fleet.start('mailer');
    await fleet.start('worker');
    await optIn(api, 'an@example.org');
    const { id } = await startMailing(api, {
      recipients: [{ address: 'an@example.org' }, { address: 'ik@example.org' }],
    });
    expect(await completed(api, id, 30)).toMatchObject({ sent: 1, suppressed: { UNKNOWN_CONTACT: 1 } });
    expect((await mailTo(mailer, 'an@example.org')).subject).toBe('Lente');

    const occurredAt = new Date(Date.now() - 3 * 366 * 86_400_000).toISOString();
    await api.post('/v1/opt-ins', {
      address: 'lang@example.org',
      purposes: ['newsletter'],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source: { kind: 'web-form' },
      occurredAt,
    });
    const prompt = await eventually(() => mailTo(mailer, 'lang@example.org'), 30);
    expect(prompt.text).toContain('http://localhost:3000/');
  });

  it.each(['worker', 'mailer'] as const)('let the %s be watched on a port of its own', async (app) => {
    const member = await fleet.start(app);
    expect((await member.get('/health/live', { key: null })).body).toStrictEqual({ status: 'ok' });
    expect((await member.get('/health/ready', { key: null })).body).toMatchObject({
      status: 'ok',
      checks: { log: 'ok' },
    });
    const { status, text } = await member.get('/metrics');
    expect(status).toBe(200);
    expect(text).toContain('consent_ledger_projection_lag_seconds{projection="read-models"} 0');
    for (const [path, key, code] of [
      ['/metrics', null, 401],
      ['/metrics', 'guessed', 401],
      ['/v1/policies', undefined, 404],
    ] as const) {
      const refused = await member.get(path, key === undefined ? {} : { key });
      expect([refused.status, refused.headers.get('content-type')]).toStrictEqual([
        code,
        'application/problem+json; charset=utf-8',
      ]);
    }
  });

  it.each([
    ['api', startApi, ['EVENT_STORE_URL', 'KEY_VAULT_URL']],
    ['worker', startWorker, ['EVENT_STORE_URL', 'KEY_VAULT_URL', 'PUBLIC_URL']],
    ['mailer', startMailer, ['EVENT_STORE_URL', 'KEY_VAULT_URL', 'PUBLIC_URL']],
  ] as const)(
    'refuse to start the %s on a log or with keys that it would have alone (P7)',
    async (_, start, missing) => {
      const refused = await start(readConfiguration({ DATA_DIR: '/nowhere/at/all' })).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(ConfigurationError);
      expect((refused as ConfigurationError).faults.map((fault) => fault.split(' ')[0])).toStrictEqual(missing);
    },
  );
});
