import { readFile } from 'node:fs/promises';
import type { PolicyDocument } from '@consent-ledger/consent';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { startService, type TestService } from '../support/service.js';
import { ask, clockAt, customer, given, optIn, somebody } from './given.js';

const shipped = parse(
  await readFile(new URL('../../libs/consent/policies/dnp-giftcard.yaml', import.meta.url), 'utf8'),
) as PolicyDocument;

/** A version of the shipped policy under which the newsletter's consent lasts one year. */
const oneYear = (version: number, inForceFrom: string): PolicyDocument => {
  const newsletter = { ...shipped.purposes['newsletter']!, consent: { renewAfter: 'P1Y' } };
  return { ...shipped, version, inForceFrom, purposes: { ...shipped.purposes, newsletter } };
};

const NOVEMBER = '2026-11-01T10:00:00.000Z';
const DECEMBER = '2026-12-01T10:00:00.000Z';
const JANUARY = '2027-01-01T00:00:00.000Z';
const FEBRUARY = '2027-02-01T10:00:00.000Z';

describe('publishing a policy to a service that runs', () => {
  const clock = clockAt(NOVEMBER);
  let service: TestService;
  let address: string;

  beforeEach(async () => {
    clock.set(NOVEMBER);
    address = somebody();
    service = await startService({ clock });
    await given(service, address, optIn(['newsletter'], { occurredAt: '2025-03-01T11:00:00Z' }));
    clock.set(DECEMBER);
  });
  afterEach(() => service.stop());

  const publish = (policy: object, more: object = {}) => service.post('/v1/policies', { policy, ...more });
  const judge = async (at: string, more: object = {}) => {
    const { reason, validUntil, policy } = await ask(service, address, 'newsletter', { at, ...more });
    return { reason, validUntil, version: policy.version };
  };

  it('answers what is published and where, and a later answer knows it', async () => {
    const { status, body } = await publish(oneYear(2, JANUARY));
    expect([status, body]).toStrictEqual([
      201,
      {
        id: 'dnp-giftcard',
        version: 2,
        inForceFrom: JANUARY,
        publishedAt: DECEMBER,
        position: expect.any(Number),
      },
    ]);
    expect((await ask(service, address, 'newsletter', { consistency: 'projected' })).validUntil).toBe(JANUARY);
    expect((await service.get('/v1/policies')).body).toHaveLength(2);
  });

  it('moves the end of an answer at once, and the answer itself from its very instant (laws 3 and 4)', async () => {
    const before = await judge(DECEMBER);
    expect(before).toStrictEqual({ reason: 'CONSENT', validUntil: '2028-03-31T10:00:00.000Z', version: 1 });
    const sixMonths = { ...shipped.purposes['newsletter']!, consent: { renewAfter: 'P6M' } };
    await publish({ ...oneYear(2, JANUARY), purposes: { ...shipped.purposes, newsletter: sixMonths } });
    expect(await judge(DECEMBER)).toStrictEqual({ ...before, validUntil: JANUARY });
    expect(await judge(JANUARY)).toStrictEqual({ reason: 'CONSENT_LAPSED', validUntil: null, version: 2 });
  });

  it('is done once, however often it is asked for', async () => {
    const first = await publish(oneYear(2, JANUARY));
    clock.set(FEBRUARY);
    const again = await publish(oneYear(2, JANUARY));
    expect([again.status, again.body]).toStrictEqual([200, first.body]);
  });

  it('judges the past by the policy of the past, and the knowledge of the past by what was known (law 3)', async () => {
    await publish(oneYear(2, JANUARY));
    clock.set('2027-04-01T10:00:00.000Z');
    expect(await judge('2026-12-31T23:59:59.999Z')).toMatchObject({ reason: 'CONSENT', version: 1 });
    expect(await judge('2027-04-01T10:00:00Z')).toMatchObject({ reason: 'CONSENT_LAPSED', version: 2 });
    const unaware = new Date(Date.parse(DECEMBER) - 1).toISOString();
    expect(await judge('2027-04-01T10:00:00Z', { knownAt: unaware })).toMatchObject({ version: 1 });
    expect(await judge('2027-04-01T10:00:00Z', { knownAt: DECEMBER })).toMatchObject({ version: 2 });
  });

  it('changes what is known now of the past when it is forced, and not what was known then (law 3)', async () => {
    clock.set(FEBRUARY);
    const { status, body } = await publish(oneYear(2, '2026-02-15T00:00:00Z'));
    expect([status, body.code]).toStrictEqual([409, 'POLICY_IN_FORCE_IN_PAST']);
    expect(await judge('2026-04-01T00:00:00Z')).toMatchObject({ reason: 'CONSENT', version: 1 });

    const reason = 'Decided in January 2026, and not published until now.';
    const forced = await publish(oneYear(2, '2026-02-15T00:00:00Z'), { force: true, reason });
    expect([forced.status, forced.body]).toStrictEqual([201, expect.objectContaining({ forced: true, reason })]);
    expect(await judge('2026-02-14T23:59:59.999Z')).toMatchObject({ reason: 'CONSENT', version: 1 });
    expect(await judge('2026-04-01T00:00:00Z')).toMatchObject({ reason: 'CONSENT_LAPSED', version: 2 });
    const beforehand = new Date(Date.parse(FEBRUARY) - 1).toISOString();
    expect(await judge('2026-04-01T00:00:00Z', { knownAt: beforehand })).toMatchObject({
      reason: 'CONSENT',
      validUntil: '2028-03-31T10:00:00.000Z',
      version: 1,
    });
  });

  it('replays with the trace of the policy that was in force then, as known then (law 3)', async () => {
    clock.set(FEBRUARY);
    await publish(oneYear(2, '2026-02-15T00:00:00Z'), { force: true, reason: 'Forgotten.' });
    const { contactId } = (await service.post('/v1/contacts/lookup', { address })).body;
    const replay = async (knownAt: string) => {
      const question = { purpose: 'newsletter', at: '2026-04-01T00:00:00Z', knownAt };
      const { verdict, trace } = (await service.post(`/v1/contacts/${contactId}/replay`, question)).body;
      return [verdict.policy.version, verdict.reason, trace.at(-1).row];
    };
    expect(await replay(DECEMBER)).toStrictEqual([1, 'CONSENT', 6]);
    expect(await replay(FEBRUARY)).toStrictEqual([2, 'CONSENT_LAPSED', 9]);
  });

  it('survives a restart, and is listed with its reason', async () => {
    await publish(oneYear(2, '2026-02-15T00:00:00Z'), { force: true, reason: 'Forgotten.' });
    await service.restart();
    expect((await service.get('/v1/policies')).body[1]).toStrictEqual({
      id: 'dnp-giftcard',
      version: 2,
      inForceFrom: '2026-02-15T00:00:00.000Z',
      publishedAt: DECEMBER,
      forced: true,
      reason: 'Forgotten.',
    });
  });

  it('shortens a soft opt-in as well (P2)', async () => {
    const other = somebody();
    await given(service, other, customer({ occurredAt: '2025-03-01T11:00:00Z' }));
    await publish({ ...shipped, version: 2, inForceFrom: JANUARY, softOptIn: { ...shipped.softOptIn, purposes: [] } });
    expect(await ask(service, other, 'newsletter')).toMatchObject({ reason: 'SOFT_OPT_IN', validUntil: JANUARY });
    expect(await ask(service, other, 'newsletter', { at: JANUARY })).toMatchObject({ reason: 'NO_CONSENT' });
  });

  it.each([
    ['other content under the old version', { ...shipped, sameActWithin: 'PT2M' }, 409, 'POLICY_CHANGED'],
    ['the document of the first start again', shipped, 200, undefined],
    ['a document with a fault', { ...shipped, version: 2, timeZone: 'Mars' }, 422, 'INVALID_POLICY'],
    ['no document', {}, 422, 'INVALID_POLICY'],
  ])('takes or refuses %s', async (_what, policy, status, code) => {
    const reply = await publish(policy);
    expect([reply.status, reply.body.code]).toStrictEqual([status, code]);
  });

  it('refuses a version below the last with 409 POLICY_VERSION_NOT_GREATER', async () => {
    await publish(oneYear(3, JANUARY));
    const { status, body } = await publish(oneYear(2, JANUARY));
    expect([status, body.code]).toStrictEqual([409, 'POLICY_VERSION_NOT_GREATER']);
  });

  it('names every fault of a document with its path', async () => {
    const { body } = await publish({ ...oneYear(2, JANUARY), timeZone: 'Mars', sameActWithin: 'PT' });
    expect(body.errors).toStrictEqual([{ field: 'policy/sameActWithin', message: 'must match pattern "^PT\\d"' }]);
    const meaning = await publish({ ...oneYear(2, JANUARY), timeZone: 'Mars', inForceFrom: 'soon' });
    expect(meaning.body.errors.map(({ field }: { field: string }) => field)).toStrictEqual([
      'policy/inForceFrom',
      'policy/timeZone',
    ]);
  });

  it.each([
    [{ force: true }, 'reason', 'is needed to force: say why the past is judged anew'],
    [{ force: true, reason: ' ' }, 'reason', 'must say why'],
    [{ force: 'yes' }, 'force', 'force must be a boolean value'],
    [{ until: JANUARY }, 'until', 'is not a field of this request'],
    [{ reason: 'Voor 111222333.' }, 'reason', expect.stringMatching(/citizen service number \(BSN\): leave it out/)],
  ])('refuses %j beside the policy', async (more, field, message) => {
    const { status, body } = await publish(oneYear(2, JANUARY), more);
    expect([status, body.errors]).toStrictEqual([400, [{ field, message }]]);
  });
});
