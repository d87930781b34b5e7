import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { startService, type TestService } from '../support/service.js';
import { clockAt, customer, given, optIn, optOut, somebody } from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
const shipped = parse(
  readFileSync(new URL('../../libs/consent/policies/dnp-giftcard.yaml', import.meta.url), 'utf8'),
) as { purposes: { newsletter: object } };

/** Consent to the newsletter for a year only. */
const yearly = {
  ...shipped,
  version: 2,
  purposes: {
    ...shipped.purposes,
    newsletter: { ...shipped.purposes.newsletter, consent: { renewAfter: 'P1Y', answerWindow: 'P30D' } },
  },
};

describe('a simulation', () => {
  let service: TestService;
  const simulate = (body: object = {}, headers: Record<string, string> = {}) =>
    service.post('/v1/simulations', body, { headers });

  beforeAll(async () => {
    service = await startService({ clock: clockAt(NOW) });
    await given(service, somebody(), optIn(['newsletter'], { occurredAt: '2023-07-01T10:00:00Z' }));
    await given(service, somebody(), optIn(['newsletter'], { occurredAt: '2026-01-01T10:00:00Z' }));
    await given(service, somebody(), customer());
    await given(service, somebody(), optOut('all'));
  });
  afterAll(() => service.stop());

  it('tells who may be sent what, and what falls due in the coming 36 months (P5, P6, P7)', async () => {
    const { status, body } = await simulate();
    expect(status).toBe(200);
    expect(body).toMatchObject({ at: NOW, contacts: 4, policy: { id: 'dnp-giftcard', version: 1 } });
    expect(body).not.toHaveProperty('supposed');
    expect(body.purposes.newsletter).toStrictEqual({
      eligible: 3,
      gained: 0,
      lost: 0,
      reasons: { CONSENT: 2, SOFT_OPT_IN: 1, OPTED_OUT: 1 },
    });
    expect(body.months).toHaveLength(36);
    expect(body.months[1]).toMatchObject({ month: '2026-07', prompts: 1, reminders: 1, lapses: { newsletter: 1 } });
  });

  it('supposes another policy, and says who loses by it (P5)', async () => {
    const { body } = await simulate({ policy: yearly, from: NOW });
    expect(body).toMatchObject({
      policy: { version: 2 },
      supposed: { id: 'dnp-giftcard', version: 2, from: NOW },
      pastSends: { judged: 0, refused: 0, list: [] },
    });
    expect(body.purposes.newsletter).toMatchObject({ eligible: 2, lost: 1, reasons: { CONSENT_LAPSED: 1 } });
    expect((await service.get('/v1/policies')).body).toHaveLength(1);
  });

  it('comes as CSV and as a picture to those who accept them', async () => {
    const csv = await simulate({ policy: yearly, from: NOW, months: 1 }, { Accept: 'text/csv' });
    expect([csv.status, csv.headers.get('content-type')]).toStrictEqual([200, 'text/csv; charset=utf-8']);
    expect(csv.text).toContain('\nlost,,,newsletter,,1,,,\n');
    const svg = await simulate({}, { Accept: 'image/svg+xml, */*;q=0.1' });
    expect(svg.headers.get('content-type')).toBe('image/svg+xml; charset=utf-8');
    expect(svg.text).toContain('2026-06');
    const any = await simulate({ months: 1 }, { Accept: '*/*' });
    expect([any.headers.get('content-type'), any.headers.get('vary')]).toStrictEqual([
      'application/json; charset=utf-8',
      'Accept',
    ]);
  });

  it('refuses a policy with faults, and fields that mean nothing, one entry each', async () => {
    const faulty = await simulate({ policy: { ...yearly, timeZone: 'Mars/Olympus', inForceFrom: 'soon' } });
    expect([faulty.status, faulty.body.code]).toStrictEqual([400, 'VALIDATION']);
    expect(faulty.body.errors).toMatchObject([{ field: 'policy/inForceFrom' }, { field: 'policy/timeZone' }]);
    const shape = await simulate({ policy: { id: 'x' }, months: 1.5, at: 'now', who: 'me' });
    expect(shape.status).toBe(400);
    expect(shape.body.errors.map(({ field }: { field: string }) => field).sort()).toStrictEqual([
      'at',
      'months',
      'who',
    ]);
    expect((await simulate({ from: NOW })).body.errors).toMatchObject([{ field: 'from' }]);
    expect((await simulate({ policy: { id: 'dnp-giftcard', version: 7 } })).status).toBe(422);
  });

  it('needs the scope history', async () => {
    const { status } = await service.post('/v1/simulations', {}, { key: null });
    expect(status).toBe(401);
  });
});
