import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { ask, clockAt, given, optIn, record, restriction, somebody } from './given.js';
import { writePolicies } from './policy-files.js';

const NOW = '2026-06-15T10:00:00.000Z';
const IN_FORCE = '2026-05-01T00:00:00+02:00';

/** The second version halves the life of consent, lets service mail through a restriction, and drops and adds purposes. */
const secondVersion = ({ purposes, statements, ...rest }: any) => {
  const { 'personalised-message': _dropped, ...kept } = purposes;
  const consent = { renewAfter: 'P1Y', answerWindow: 'P30D', reminderAfter: 'P14D' };
  const covers = ['newsletter', 'event-invitation', 'sales-contact'];
  return {
    ...rest,
    version: 2,
    inForceFrom: IN_FORCE,
    purposes: { ...kept, newsletter: { ...kept.newsletter, consent }, survey: { ...kept.newsletter, consent: {} } },
    serviceMail: { whenRestricted: 'allow' },
    statements: statements.map((statement: object) => ({ ...statement, covers })),
  };
};

describe('a second version of the policy', () => {
  const clock = clockAt(NOW);
  let service: TestService;
  let address: string;
  let policies: Awaited<ReturnType<typeof writePolicies>>;

  beforeAll(async () => {
    policies = await writePolicies(secondVersion);
    service = await startService({ clock, environment: { POLICY_PATH: policies.path } });
  });
  beforeEach(() => {
    address = somebody();
  });
  afterAll(async () => {
    await service.stop();
    await policies.remove();
  });

  it('is listed after the first, with the moment from which it is in force', async () => {
    expect((await service.get('/v1/policies')).body).toStrictEqual([
      { id: 'dnp-giftcard', version: 1, inForceFrom: '2018-05-24T22:00:00.000Z', publishedAt: NOW },
      { id: 'dnp-giftcard', version: 2, inForceFrom: '2026-04-30T22:00:00.000Z', publishedAt: NOW },
    ]);
  });

  it('is published once, however often the service starts', async () => {
    const before = (await ask(service, address, 'service')).position;
    await service.restart();
    expect((await ask(service, address, 'service')).position).toBe(before);
    expect((await service.get('/v1/policies')).body).toHaveLength(2);
  });

  it('judges from its very instant on, also consent that was given before', async () => {
    await given(service, address, optIn(['newsletter'], { occurredAt: '2025-02-01T00:00:00Z' }));
    const before = await ask(service, address, 'newsletter', { at: '2026-04-30T21:59:59.999Z' });
    expect(before).toMatchObject({ reason: 'CONSENT', policy: { version: 1 }, validUntil: '2026-04-30T22:00:00.000Z' });
    const after = await ask(service, address, 'newsletter', { at: '2026-04-30T22:00:00Z' });
    expect(after).toMatchObject({ reason: 'CONSENT_LAPSED', policy: { version: 2 }, validUntil: null });
  });

  it('what if: a replay judges the same history by the version that is asked for', async () => {
    const { contactId } = await given(service, address, optIn(['newsletter'], { occurredAt: '2025-02-01T00:00:00Z' }));
    const replay = async (version: number, at: string) => {
      const question = { purpose: 'newsletter', at, policy: { id: 'dnp-giftcard', version } };
      return (await service.post(`/v1/contacts/${contactId}/replay`, question)).body;
    };
    expect((await replay(1, NOW)).verdict).toMatchObject({
      reason: 'CONSENT',
      validUntil: '2028-03-02T00:00:00.000Z',
      policy: { version: 1 },
    });
    const lapsed = await replay(2, '2026-04-01T00:00:00Z');
    expect(lapsed.verdict).toMatchObject({ reason: 'CONSENT_LAPSED', policy: { version: 2 } });
    expect(lapsed.trace.at(-1)).toMatchObject({ row: 9, applies: true });
  });

  it('P10: a purpose that it adds exists from then on, one that it drops no longer does', async () => {
    expect(await ask(service, address, 'survey')).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
    expect(await ask(service, address, 'survey', { at: '2026-04-01T00:00:00Z' })).toMatchObject({
      code: 'UNKNOWN_PURPOSE',
    });
    expect(await ask(service, address, 'personalised-message')).toMatchObject({ code: 'UNKNOWN_PURPOSE' });
    const { contactId } = (await service.post('/v1/contacts/lookup', { address })).body;
    const { body } = await service.get(`/v1/contacts/${contactId}/preferences`);
    expect(body.preferences.map(({ purpose }: { purpose: string }) => purpose)).toStrictEqual([
      'newsletter',
      'event-invitation',
      'sales-contact',
      'service',
      'survey',
    ]);
  });

  it('P1: lets service mail through a restriction, as it says', async () => {
    await given(service, address, restriction(true, { occurredAt: '2026-01-01T00:00:00Z' }));
    expect(await ask(service, address, 'service')).toMatchObject({ eligible: true, reason: 'SERVICE' });
    expect(await ask(service, address, 'service', { at: '2026-04-01T00:00:00Z' })).toMatchObject({
      reason: 'RESTRICTED',
    });
  });

  it('P3: a statement that does not cover a purpose is 422 STATEMENT_DOES_NOT_COVER, for that purpose', async () => {
    const { status, body } = await record(service, address, optIn(['newsletter', 'survey']));
    expect([status, body.code]).toStrictEqual([422, 'STATEMENT_DOES_NOT_COVER']);
    expect(body.errors).toStrictEqual([{ field: 'purposes', message: 'survey: STATEMENT_DOES_NOT_COVER' }]);
  });

  it('what occurred under the first version is decided by the first, and says so', async () => {
    const then = optIn(['personalised-message'], { occurredAt: '2026-04-01T00:00:00Z' });
    const { contactId } = await given(service, address, then);
    const { body } = await service.get(`/v1/contacts/${contactId}/history`);
    expect(body.events[0].policyVersion).toBe('dnp-giftcard@1');
    expect((await record(service, address, optIn(['personalised-message']))).body.code).toBe('UNKNOWN_PURPOSE');
  });
});
