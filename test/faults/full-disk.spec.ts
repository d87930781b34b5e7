import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { optIn, verdictOf } from '../mail/steps.js';
import { signedPath } from '../recipients/pages.js';
import { eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';

/** Processes start several times in a test, on a machine that may be busy. */
jest.setTimeout(120_000);
afterEach(cleanUp);

const run = promisify(execFile);

/** From now on the process can write no file beyond so many bytes, as on a disk that is full; without a number it can. */
function bound({ pid }: BuiltService, bytes: number | 'unlimited') {
  return run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
}

const readiness = async (service: BuiltService) => (await service.get('/health/ready')).body;

describe('a disk that is full', () => {
  it('has an opt-out told as not done, and all goes on by itself once there is room (P4)', async () => {
    const service = await startBuilt(await newDirectory());
    const contactId = await optIn(service, 'an@example.nl');
    const path = await signedPath(service, { kind: 'unsubscribe', contactId, purpose: 'newsletter' });
    const oneClick = () =>
      fetch(new URL(path, service.url), { method: 'POST', body: new URLSearchParams('List-Unsubscribe=One-Click') });

    await bound(service, 1024);
    const refused = await oneClick();
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toStrictEqual([503, true]);
    expect(await refused.text()).not.toContain('Unsubscribed\n');
    const byTool = { address: 'an@example.nl', purposes: 'all', source: { kind: 'customer-service' } };
    expect((await service.post('/v1/opt-outs', byTool)).status).toBe(503);
    expect((await service.get(path)).status).toBe(200);
    expect(await readiness(service)).toMatchObject({ status: 'degraded', checks: { log: 'ok' } });

    await bound(service, 'unlimited');
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ reason: 'CONSENT' });
    expect((await oneClick()).status).toBe(200);
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ reason: 'OPTED_OUT' });
    await eventually(async () => expect(await readiness(service)).toMatchObject({ status: 'ok' }));
  });

  it('for the read models alone keeps no opt-out from counting, and they catch up once there is room (P4)', async () => {
    const service = await startBuilt(await newDirectory());
    await optIn(service, 'an@example.nl');
    await bound(service, 200 * 1024);
    const optOut = { address: 'an@example.nl', purposes: 'all', source: { kind: 'customer-service' } };
    expect((await service.post('/v1/opt-outs', optOut)).status).toBe(201);
    expect(await verdictOf(service, 'an@example.nl')).toMatchObject({ reason: 'OPTED_OUT' });
    await eventually(async () =>
      expect(await readiness(service)).toMatchObject({
        status: 'degraded',
        checks: {
          writing: 'ok',
          readModels: expect.stringMatching(/^interrupted, and tried again: SQLITE_(IOERR|FULL)/),
        },
      }),
    );

    await bound(service, 'unlimited');
    await eventually(async () => expect(await readiness(service)).toMatchObject({ status: 'ok' }), 30);
    const { body } = await service.post('/v1/eligibility', { address: 'an@example.nl', purpose: 'newsletter' });
    expect(body).toMatchObject({ reason: 'OPTED_OUT' });
  });
});
