import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { ask, clockAt, customer, eventsOf, given, optIn, optOut, relationship, somebody } from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
const purposes = ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact', 'service'];

describe('a contact', () => {
  const clock = clockAt(NOW);
  let service: TestService;
  let address: string;

  beforeAll(async () => {
    service = await startService({ clock });
  });
  beforeEach(() => {
    clock.set(NOW);
    address = somebody();
  });
  afterAll(() => service.stop());

  const lookUp = async (who: string) => (await service.post('/v1/contacts/lookup', { address: who })).body;
  const contactId = async () => (await lookUp(address)).contactId as string;

  /** Opted in on 10 January, known on the 20th; opted out on 1 March, known on 1 April. */
  async function optedOutLate(): Promise<string> {
    clock.set('2026-01-20T00:00:00Z');
    await given(service, address, optIn(['newsletter'], { occurredAt: '2026-01-10T09:00:00Z' }));
    clock.set('2026-04-01T00:00:00Z');
    await given(service, address, optOut(['newsletter'], { occurredAt: '2026-03-01T00:00:00Z' }));
    clock.set(NOW);
    return contactId();
  }

  describe('lookup', () => {
    it('gives the id of any address, and says whether it is known', async () => {
      const before = await lookUp(address);
      expect(before).toStrictEqual({ contactId: expect.stringMatching(/^[a-z2-7]{26}$/), known: false });
      await given(service, address, optIn(['newsletter']));
      expect(await lookUp(` ${address.toUpperCase()} `)).toStrictEqual({ ...before, known: true });
    });

    it('makes nobody known by asking', async () => {
      await lookUp(address);
      expect(await lookUp(address)).toMatchObject({ known: false });
      expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
    });

    it('of what is no address is 400, and so it is without one, or with more', async () => {
      const malformed = await service.post('/v1/contacts/lookup', { address: 'jan' });
      expect([malformed.status, malformed.body.errors[0].field]).toStrictEqual([400, 'address']);
      const { status, body } = await service.post('/v1/contacts/lookup', { name: 'Jan' });
      expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
      expect(body.errors.map(({ field }: { field: string }) => field).sort()).toStrictEqual(['address', 'name']);
    });
  });

  describe('preferences', () => {
    it('are every purpose with its verdict, as single questions would answer it', async () => {
      const facts = [optIn(['newsletter']), customer(), optOut(['event-invitation'])];
      for (const [day, fact] of facts.entries()) {
        clock.set(`2026-06-1${day}T00:00:00Z`);
        await given(service, address, fact);
      }
      clock.set(NOW);
      const { status, headers, body } = await service.get(`/v1/contacts/${await contactId()}/preferences`);
      expect([status, headers.get('etag')]).toStrictEqual([200, '"2"']);
      expect(body).toMatchObject({ at: NOW, policy: { id: 'dnp-giftcard', version: 1 } });
      expect(body.preferences.map((one: any) => [one.purpose, one.reason])).toStrictEqual([
        ['newsletter', 'CONSENT'],
        ['event-invitation', 'OPTED_OUT'],
        ['personalised-message', 'NO_CONSENT'],
        ['sales-contact', 'NO_CONSENT'],
        ['service', 'SERVICE'],
      ]);
      for (const { purpose, ...verdict } of body.preferences)
        expect(await ask(service, address, purpose)).toMatchObject(verdict);
    });

    it('name the conditions of the soft opt-in that are missing', async () => {
      await given(service, address, customer({ similarProducts: undefined }));
      const { body } = await service.get(`/v1/contacts/${await contactId()}/preferences`);
      expect(body.preferences[0]).toMatchObject({ reason: 'SOFT_OPT_IN_INCOMPLETE', missing: ['similarProducts'] });
    });

    it('of a stranger are UNKNOWN_CONTACT for all but service, without an ETag', async () => {
      const { status, headers, body } = await service.get(`/v1/contacts/${await contactId()}/preferences`);
      expect([status, headers.get('etag')]).toStrictEqual([200, null]);
      const reasons = body.preferences.map(({ reason }: { reason: string }) => reason);
      expect(reasons).toStrictEqual([...Array<string>(4).fill('UNKNOWN_CONTACT'), 'SERVICE']);
    });

    it('have an ETag that lets the next request through', async () => {
      await given(service, address, optIn(['newsletter']));
      const { headers } = await service.get(`/v1/contacts/${await contactId()}/preferences`);
      const { path, body } = optOut(['newsletter']);
      const ifMatch = { headers: { 'If-Match': headers.get('etag')! } };
      expect((await service.post(path, { address, ...body }, ifMatch)).status).toBe(201);
      expect((await service.post(path, { address, ...body }, ifMatch)).status).toBe(412);
    });
  });

  describe('history', () => {
    it('has what happened in order of occurrence, with the verdict per purpose after each', async () => {
      const id = await optedOutLate();
      await given(service, address, relationship('purchase', { occurredAt: '2025-12-01T00:00:00Z' }));
      const { status, headers, body } = await service.get(`/v1/contacts/${id}/history`);
      expect([status, headers.get('etag')]).toStrictEqual([200, '"2"']);
      expect(body).toMatchObject({ contactId: id, at: NOW, knownAt: NOW, revision: 2 });
      expect(
        body.events.map(({ type, occurredAt, recordedAt, verdicts }: any) => [
          type,
          occurredAt,
          recordedAt,
          verdicts.newsletter,
        ]),
      ).toStrictEqual([
        [
          'PurchaseMade',
          '2025-12-01T00:00:00.000Z',
          NOW,
          { eligible: false, reason: 'NO_CONSENT', basis: null, validUntil: null },
        ],
        [
          'OptedIn',
          '2026-01-10T09:00:00.000Z',
          '2026-01-20T00:00:00.000Z',
          { eligible: true, reason: 'CONSENT', basis: 'consent', validUntil: '2029-02-09T09:00:00.000Z' },
        ],
        [
          'OptedOut',
          '2026-03-01T00:00:00.000Z',
          '2026-04-01T00:00:00.000Z',
          { eligible: false, reason: 'OPTED_OUT', basis: null, validUntil: null },
        ],
      ]);
      for (const { verdicts } of body.events) expect(Object.keys(verdicts)).toStrictEqual(purposes);
    });

    it('names who caused each event, through what, by which policy, and what proves it', async () => {
      await given(
        service,
        address,
        optIn(['newsletter'], {
          source: { kind: 'web-form', reference: 'footer' },
          occurredAt: '2026-06-01T00:00:00Z',
        }),
        optOut('all', {
          source: { kind: 'customer-service', reference: 'T-1043' },
          occurredAt: '2026-06-02T00:00:00Z',
        }),
        relationship('purchase'),
      );
      const events = await eventsOf(service, address);
      expect(
        events.map(({ actor, source, data, personal, policyVersion }) => ({
          actor,
          source,
          data,
          personal,
          policyVersion,
        })),
      ).toStrictEqual([
        {
          actor: { kind: 'person', id: 'administrator' },
          source: { kind: 'web-form' },
          data: expect.objectContaining({ purposes: ['newsletter'], actOf: 'person' }),
          personal: { address, reference: 'footer' },
          policyVersion: 'dnp-giftcard@1',
        },
        {
          actor: { kind: 'agent', id: 'administrator' },
          source: { kind: 'customer-service' },
          data: { purposes: 'all' },
          personal: { address, reference: 'T-1043' },
          policyVersion: 'dnp-giftcard@1',
        },
        {
          actor: { kind: 'system', id: 'administrator' },
          source: { kind: 'crm' },
          data: {},
          personal: { address },
          policyVersion: 'dnp-giftcard@1',
        },
      ]);
    });

    it.each([
      ['at=2026-02-28T23:59:59.999Z', ['OptedIn']],
      ['at=2026-03-01T00:00:00Z', ['OptedIn', 'OptedOut']],
      ['knownAt=2026-03-31T23:59:59.999Z', ['OptedIn']],
      ['at=2026-03-15T00:00:00Z&knownAt=2026-04-01T02:00:00%2B02:00', ['OptedIn', 'OptedOut']],
      ['at=2026-03-15T00:00:00Z&knownAt=2026-03-15T00:00:00Z', ['OptedIn']],
      ['at=2026-01-01T00:00:00Z', []],
    ])('law 3: with ?%s', async (query, types) => {
      const { body } = await service.get(`/v1/contacts/${await optedOutLate()}/history?${query}`);
      expect(body.events.map(({ type }: { type: string }) => type)).toStrictEqual(types);
      const asked = new URLSearchParams(query);
      if (asked.has('at')) expect(Date.parse(body.at)).toBe(Date.parse(asked.get('at')!));
    });

    it('of a stranger is empty, at revision -1', async () => {
      const { body } = await service.get(`/v1/contacts/${await contactId()}/history`);
      expect([body.revision, body.events]).toStrictEqual([-1, []]);
    });

    it.each(['at=yesterday', 'knownAt=2026-06-15', 'when=now', 'at='])('with ?%s is 400', async (query) => {
      const { status, body } = await service.get(`/v1/contacts/${await contactId()}/history?${query}`);
      expect([status, body.code, body.errors[0].field]).toStrictEqual([400, 'VALIDATION', query.split('=')[0]]);
    });
  });

  describe('replay', () => {
    it('gives the verdict of then, and each row that was tried, up to the one that decided', async () => {
      const id = await optedOutLate();
      const { status, body } = await service.post(`/v1/contacts/${id}/replay`, {
        purpose: 'newsletter',
        at: '2026-03-15T00:00:00Z',
        knownAt: '2026-03-15T00:00:00Z',
      });
      expect(status).toBe(200);
      expect(body.verdict).toMatchObject({
        contactId: id,
        purpose: 'newsletter',
        at: '2026-03-15T00:00:00.000Z',
        reason: 'CONSENT',
        policy: { id: 'dnp-giftcard', version: 1 },
      });
      expect(body.trace.map(({ row, reason, applies }: any) => [row, reason, applies])).toStrictEqual([
        [1, 'ERASED', false],
        [2, 'RESTRICTED', false],
        [3, 'UNDELIVERABLE', false],
        [4, 'COMPLAINED', false],
        [5, 'OPTED_OUT', false],
        [6, 'CONSENT', true],
      ]);
      expect(body.trace.at(-1).because).toBe('Consent for newsletter is valid at this moment.');
    });

    it('tells with later knowledge why the answer would have been another', async () => {
      const question = { purpose: 'newsletter', at: '2026-03-15T00:00:00Z' };
      const { body } = await service.post(`/v1/contacts/${await optedOutLate()}/replay`, question);
      expect(body.verdict.reason).toBe('OPTED_OUT');
      expect(body.trace.at(-1)).toMatchObject({ row: 5, applies: true });
    });

    it('agrees with what was answered at the time', async () => {
      const id = await optedOutLate();
      const moment = { purpose: 'newsletter', at: '2026-02-01T00:00:00Z', knownAt: '2026-02-01T00:00:00Z' };
      const { body } = await service.post(`/v1/contacts/${id}/replay`, moment);
      const { body: asked } = await service.post('/v1/eligibility', { address, ...moment });
      expect(body.verdict).toStrictEqual(asked);
    });

    it('of service mail, and of a stranger, has a trace as well', async () => {
      const id = await contactId();
      const replay = async (purpose: string) =>
        (await service.post(`/v1/contacts/${id}/replay`, { purpose, at: NOW })).body.trace.at(-1);
      expect(await replay('service')).toMatchObject({ row: 0, reason: 'SERVICE', applies: true });
      expect(await replay('newsletter')).toMatchObject({ row: 14, reason: 'UNKNOWN_CONTACT', applies: true });
    });

    it('of a purpose, or by a policy, that does not exist is 422', async () => {
      const id = await contactId();
      const unknownPurpose = await service.post(`/v1/contacts/${id}/replay`, { purpose: 'profiling', at: NOW });
      expect([unknownPurpose.status, unknownPurpose.body.code]).toStrictEqual([422, 'UNKNOWN_PURPOSE']);
      for (const policy of [
        { id: 'dnp-giftcard', version: 2 },
        { id: 'other', version: 1 },
      ]) {
        const { status, body } = await service.post(`/v1/contacts/${id}/replay`, {
          purpose: 'newsletter',
          at: NOW,
          policy,
        });
        expect([status, body.code, body.errors[0].field]).toStrictEqual([422, 'UNKNOWN_POLICY', 'policy']);
      }
    });

    it('without a purpose or a moment is 400, with one entry for each bad field', async () => {
      const wrong = { knownAt: 'then', policy: { id: 'dnp-giftcard', version: '1', name: 'x' } };
      const { status, body } = await service.post(`/v1/contacts/${await contactId()}/replay`, wrong);
      expect(status).toBe(400);
      expect(body.errors.map(({ field }: { field: string }) => field).sort()).toStrictEqual([
        'at',
        'knownAt',
        'policy.name',
        'policy.version',
        'purpose',
      ]);
    });
  });

  it.each(['preferences', 'history', 'retention', 'deliveries'])(
    'a contact id that is none is 400 for %s',
    async (what) => {
      for (const id of ['A', 'mfrggzdfmztwq2lknnwg23tpo1', 'somebody@example.org', '%00']) {
        const { status, body } = await service.get(`/v1/contacts/${id}/${what}`);
        expect([status, body.code, body.errors[0].field]).toStrictEqual([400, 'VALIDATION', 'contactId']);
      }
    },
  );

  it('nothing that is asked of a contact records anything', async () => {
    const id = await optedOutLate();
    const { position } = await ask(service, address, 'newsletter');
    await service.get(`/v1/contacts/${id}/preferences`);
    await service.get(`/v1/contacts/${id}/history`);
    await service.get(`/v1/contacts/${id}/retention`);
    await service.get(`/v1/contacts/${id}/deliveries`);
    await service.post(`/v1/contacts/${id}/replay`, { purpose: 'newsletter', at: NOW });
    expect((await ask(service, address, 'newsletter')).position).toBe(position);
  });
});
