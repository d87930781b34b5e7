import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import {
  ask,
  clockAt,
  customer,
  deliverability,
  erasure,
  eventsOf,
  eventTypesOf,
  given,
  optIn,
  optOut,
  record,
  relationship,
  restriction,
  signupForm,
  somebody,
  webForm,
  type Fact,
} from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';

/** The SHA-256 of the text that was shown. A changed text is a new version of the statement, never a new hash. */
const SIGNUP_FORM_NL = '84edeb9d5e2e56ba1742dc350e80bbe4fa6103a3fd6e07c1299912998be5d3ef';

const facts: [name: string, fact: Fact, type: string][] = [
  ['an opt-in', optIn(['newsletter']), 'OptedIn'],
  ['an opt-out', optOut(['newsletter']), 'OptedOut'],
  ['an opt-out of all', optOut('all'), 'OptedOut'],
  ['a customer', customer(), 'CustomerStarted'],
  ['the end of an agreement', relationship('customer-ended'), 'CustomerEnded'],
  ['a purchase', relationship('purchase'), 'PurchaseMade'],
  ['a contact', relationship('contact'), 'ContactMade'],
  ['a permanent bounce', deliverability('bounced', { permanent: true }), 'MailBounced'],
  ['a temporary bounce', deliverability('bounced'), 'MailBounced'],
  ['a complaint', deliverability('complained'), 'SpamReported'],
  ['a proof of the address', deliverability('deliverable'), 'AddressProven'],
  ['a restriction', restriction(true), 'ProcessingRestricted'],
  ['an erasure', erasure('request'), 'PersonalDataErased'],
];

/** Only an erasure has a certificate. */
const certificateOf = (type: string) =>
  type === 'PersonalDataErased'
    ? { certificate: expect.objectContaining({ reason: 'request', keyDestroyed: true }) }
    : {};

/** Facts that take any `occurredAt`, one for each call. */
const calls = facts.filter(([name]) =>
  ['an opt-in', 'an opt-out', 'a purchase', 'a complaint', 'a restriction', 'an erasure'].includes(name),
);

describe('recording facts', () => {
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

  const head = async () => (await ask(service, 'nobody@example.org', 'service')).position as number;

  it.each(facts)(
    '%s of somebody new is 201, with what was recorded, the position and the ETag',
    async (_, fact, type) => {
      const before = await head();
      const { status, headers, body } = await record(service, address, fact);
      expect(status).toBe(201);
      expect(body).toStrictEqual({
        contactId: expect.stringMatching(/^[a-z2-7]{26}$/),
        revision: 0,
        position: expect.any(Number),
        recorded: [{ eventId: expect.stringMatching(/^[0-9a-f]{8}-/), type }],
        ...certificateOf(type),
      });
      expect(body.position).toBeGreaterThan(before);
      expect(await head()).toBe(body.position);
      expect(headers.get('etag')).toBe('"0"');
      const [event] = await eventsOf(service, address);
      expect(event).toMatchObject({ eventId: body.recorded[0].eventId, type, occurredAt: NOW, recordedAt: NOW });
      expect(event.policyVersion).toBe('dnp-giftcard@1');
    },
  );

  it('the lifting of a restriction, which needs no reason, is 201', async () => {
    await given(service, address, restriction(true, { occurredAt: '2026-06-01T00:00:00Z' }));
    const { path, body } = restriction(false);
    const { reason: _reason, ...without } = body;
    expect((await service.post(path, { address, ...without })).body.recorded[0].type).toBe('RestrictionLifted');
  });

  it('a contact is the same by address, however it is written, and by contact id', async () => {
    const { contactId } = await given(service, address, optIn(['newsletter']));
    const { path, body } = optOut(['newsletter']);
    const byId = await service.post(path, { contactId, ...body });
    expect(byId.body).toMatchObject({ contactId, revision: 1 });
    const byAddress = await record(service, ` ${address.toUpperCase()} `, optIn(['event-invitation']));
    expect(byAddress.body).toMatchObject({ contactId, revision: 2 });
  });

  describe('occurredAt', () => {
    it.each(calls.filter(([name]) => name !== 'an erasure'))(
      '%s in the past is recorded as of then',
      async (_, fact) => {
        const occurredAt = '2026-03-01T10:30:00.5+01:00';
        await record(service, address, { ...fact, body: { ...fact.body, occurredAt } });
        const [event] = await eventsOf(service, address);
        expect(event).toMatchObject({ occurredAt: '2026-03-01T09:30:00.500Z', recordedAt: NOW });
      },
    );

    it('an erasure happens as it is recorded, whenever it was asked for: what came before it is gone (P7)', async () => {
      await record(service, address, optIn(['newsletter'], { occurredAt: '2026-05-01T10:00:00Z' }));
      await record(service, address, erasure('request', { occurredAt: '2026-03-01T10:30:00.5+01:00' }));
      const erased = (await eventsOf(service, address)).at(-1)!;
      expect(erased.occurredAt).toBe(erased.recordedAt);
      expect(erased.data).toStrictEqual({ reason: 'request', requestedAt: '2026-03-01T09:30:00.500Z' });
      expect((await ask(service, address, 'newsletter')).reason).toBe('ERASED');
    });

    it.each(calls)('%s up to five minutes ahead happened now', async (_, fact) => {
      const occurredAt = '2026-06-15T10:05:00.000Z';
      expect((await record(service, address, { ...fact, body: { ...fact.body, occurredAt } })).status).toBe(201);
      const [event] = await eventsOf(service, address);
      expect(event.occurredAt).toBe(NOW);
    });

    it.each(calls)('%s further ahead is 422 OCCURRED_IN_FUTURE, and nothing is recorded', async (_, fact) => {
      const occurredAt = '2026-06-15T10:05:00.001Z';
      const { status, body } = await record(service, address, { ...fact, body: { ...fact.body, occurredAt } });
      expect([status, body.code]).toStrictEqual([422, 'OCCURRED_IN_FUTURE']);
      expect(body.errors).toStrictEqual([{ field: 'occurredAt', message: expect.any(String) }]);
      expect(await eventsOf(service, address)).toStrictEqual([]);
    });

    it.each([
      '2026-06-15',
      '2026-06-15T10:00:00',
      '2026-02-30T10:00:00Z',
      '2026-06-15T10:00:00+99:00',
      1781517600,
      null,
    ])('%j is 400: an instant needs its offset, and a day that exists', async (occurredAt) => {
      const { status, body } = await record(service, address, optOut('all', { occurredAt }));
      expect([status, body.code, fieldsOf(body)]).toStrictEqual([400, 'VALIDATION', ['occurredAt']]);
    });
  });

  describe('Idempotency-Key', () => {
    const withKey = (key: string) => ({ headers: { 'Idempotency-Key': key } });

    it.each(calls)('%s sent twice with one key is recorded once, and answered as the first time', async (_, fact) => {
      const first = await record(service, address, fact, withKey('order-1'));
      await given(service, address, relationship('contact'));
      clock.set('2026-06-16T10:00:00.000Z');
      const again = await record(service, address, fact, withKey('order-1'));
      expect(again.status).toBe(201);
      expect(again.body).toStrictEqual(first.body);
      expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
      expect(await eventsOf(service, address)).toHaveLength(2);
    });

    it('a key with another request is 422 IDEMPOTENCY_KEY_REUSED, and nothing is recorded', async () => {
      await record(service, address, optIn(['newsletter']), withKey('order-2'));
      for (const other of [
        optIn(['event-invitation']),
        optOut(['newsletter']),
        optIn(['newsletter'], { occurredAt: '2026-06-01T00:00:00Z' }),
      ]) {
        const { status, body } = await record(service, address, other, withKey('order-2'));
        expect([status, body.code]).toStrictEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
      }
      expect(await eventTypesOf(service, address)).toStrictEqual(['OptedIn']);
    });

    it('an erasure with the key of one that occurred at another time is 422', async () => {
      await record(service, address, erasure('request'), withKey('order-3'));
      const other = erasure('request', { occurredAt: '2026-06-01T00:00:00Z' });
      expect((await record(service, address, other, withKey('order-3'))).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    });

    it('requests at the same moment with one key are recorded once', async () => {
      const storm = Array.from({ length: 8 }, () => record(service, address, optIn(['newsletter']), withKey('storm')));
      const answers = new Set((await Promise.all(storm)).map(({ status, text }) => `${status} ${text}`));
      expect(answers.size).toBe(1);
      expect(await eventTypesOf(service, address)).toStrictEqual(['OptedIn']);
    });

    it('an empty key is 400', async () => {
      const { status, body } = await record(service, address, optOut('all'), withKey(''));
      expect([status, fieldsOf(body)]).toStrictEqual([400, ['idempotency-key']]);
    });
  });

  describe('If-Match', () => {
    const ifMatch = (etag: string) => ({ headers: { 'If-Match': etag } });

    it('the ETag last seen lets the request through, and the answer has the next one', async () => {
      await given(service, address, optIn(['newsletter']));
      const { status, headers } = await record(service, address, optOut('all'), ifMatch('"0"'));
      expect([status, headers.get('etag')]).toStrictEqual([201, '"1"']);
    });

    it.each(calls)('for %s, an ETag that is not the last is 412, and nothing is recorded', async (_, fact) => {
      await given(service, address, relationship('contact'), relationship('purchase'));
      const { status, body } = await record(service, address, fact, ifMatch('"0"'));
      expect([status, body.code]).toStrictEqual([412, 'PRECONDITION_FAILED']);
      expect(await eventsOf(service, address)).toHaveLength(2);
    });

    it('any ETag is 412 for somebody of whom nothing is known', async () => {
      expect((await record(service, address, optOut('all'), ifMatch('"0"'))).status).toBe(412);
    });

    it('of two requests with the same ETag at the same moment, one is let through', async () => {
      await given(service, address, relationship('contact'));
      const both = [optIn(['newsletter']), optIn(['event-invitation'])];
      const replies = await Promise.all(both.map((fact) => record(service, address, fact, ifMatch('"0"'))));
      expect(replies.map(({ status }) => status).sort()).toStrictEqual([201, 412]);
    });

    it('what is no ETag is 400', async () => {
      const { status, body } = await record(service, address, optOut('all'), ifMatch('0'));
      expect([status, fieldsOf(body)]).toStrictEqual([400, ['if-match']]);
    });
  });

  describe('nothing changes', () => {
    it.each([
      ['an opt-out that stands', optOut(['newsletter'])],
      ['an opt-out of all that stands', optOut('all')],
      ['a complaint that stands', deliverability('complained')],
      ['a bounce that stands', deliverability('bounced', { permanent: true })],
      ['a restriction that stands', restriction(true)],
      ['an agreement that runs', customer()],
      ['an erasure that nothing followed', erasure('request')],
    ])('%s, recorded again, is 200 with nothing recorded and the same ETag', async (_, fact) => {
      const { contactId, position, recorded } = await given(service, address, fact);
      clock.set('2026-06-15T10:00:01.000Z');
      const { status, headers, body } = await record(service, address, fact);
      expect(status).toBe(200);
      expect(body).toStrictEqual({
        contactId,
        revision: 0,
        position,
        recorded: [],
        ...certificateOf(recorded[0].type),
      });
      expect(headers.get('etag')).toBe('"0"');
    });

    it('the lifting of no restriction for somebody unknown is 200, without an ETag', async () => {
      const { status, headers, body } = await record(service, address, restriction(false));
      expect([status, body.revision, body.recorded, headers.get('etag')]).toStrictEqual([200, -1, [], null]);
    });
  });

  describe('opt-ins', () => {
    it.each([
      ['a purpose the policy lacks', { purposes: ['newsletter', 'profiling'] }, 'UNKNOWN_PURPOSE'],
      ['a purpose that every object has', { purposes: ['constructor'] }, 'UNKNOWN_PURPOSE'],
      ['operational mail, which needs no opt-in', { purposes: ['service'] }, 'PURPOSE_NOT_COMMERCIAL'],
      ['a statement the policy lacks', { statement: { ...signupForm, id: 'footer' } }, 'UNKNOWN_STATEMENT'],
      ['a version of it that the policy lacks', { statement: { ...signupForm, version: 2 } }, 'UNKNOWN_STATEMENT'],
      ['a language it was not shown in', { statement: { ...signupForm, language: 'fr' } }, 'UNKNOWN_STATEMENT'],
    ])('P3, P10: %s is 422, and nothing is recorded', async (_, wrong, code) => {
      const { status, body } = await record(service, address, optIn(['newsletter'], wrong));
      expect([status, body.code]).toStrictEqual([422, code]);
      expect(await eventsOf(service, address)).toStrictEqual([]);
    });

    it('P3: the event names the statement with the hash of its text; what proves the act is there, but sealed', async () => {
      const evidence = { ip: '203.0.113.7', note: 'Aan de balie', recordingRef: 'R-77' };
      const source = { kind: 'phone', reference: 'T-1042' };
      await given(service, address, optIn(['newsletter'], { evidence, source }));
      const [event] = await eventsOf(service, address);
      expect(event.data).toStrictEqual({
        purposes: ['newsletter'],
        statement: { ...signupForm, hash: SIGNUP_FORM_NL },
        actOf: 'person',
        evidenceEndsAt: '2026-07-15T10:00:00.000Z',
      });
      expect(event.personal).toStrictEqual({ address, reference: 'T-1042', evidence });
      expect([event.source, event.actor]).toStrictEqual([{ kind: 'phone' }, { kind: 'agent', id: 'administrator' }]);
    });

    it.each([
      ['an import', { kind: 'import', reference: 'file-7' }],
      ['a CRM', { kind: 'crm', reference: 'row-7' }],
      ['a mail provider', { kind: 'mail-provider' }],
      ['an agent without evidence', { kind: 'customer-service' }],
      ['an agent with a reference that is empty', { kind: 'phone', reference: ' ' }],
    ])('P4, law 2: of somebody who opted out, %s is 409 OPTED_OUT', async (_, source) => {
      await given(service, address, optOut('all', { occurredAt: '2026-06-01T00:00:00Z' }));
      const { status, body } = await record(service, address, optIn(['newsletter', 'event-invitation'], { source }));
      expect([status, body.code]).toStrictEqual([409, 'OPTED_OUT']);
      expect(body.errors).toHaveLength(2);
      expect(await eventTypesOf(service, address)).toStrictEqual(['OptedOut']);
    });

    it.each([
      ['the person', webForm, undefined],
      ['an agent with a reference', { kind: 'customer-service', reference: 'T-1' }, undefined],
      ['an agent with a note', { kind: 'paper' }, { note: 'Handtekening op de beurs' }],
    ])('P4, law 2: of somebody who opted out, %s is recorded and ends that', async (_, source, evidence) => {
      await given(service, address, optOut('all', { occurredAt: '2026-06-01T00:00:00Z' }));
      await given(service, address, optIn(['newsletter'], { source, ...(evidence && { evidence }) }));
      expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: true, reason: 'CONSENT' });
      expect(await ask(service, address, 'event-invitation')).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
    });

    it('P4: an import of somebody who complained is 409 OPTED_OUT', async () => {
      await given(service, address, deliverability('complained'));
      const { body } = await record(service, address, optIn(['newsletter'], { source: { kind: 'import' } }));
      expect(body.code).toBe('OPTED_OUT');
    });

    it('an import of what is on record already is 200 with nothing recorded', async () => {
      await given(service, address, optIn(['newsletter'], { occurredAt: '2026-06-01T00:00:00Z' }));
      const { status, body } = await record(service, address, optIn(['newsletter'], { source: { kind: 'import' } }));
      expect([status, body.recorded]).toStrictEqual([200, []]);
    });
  });

  it('an opt-out of a purpose the policy lacks is 422 UNKNOWN_PURPOSE', async () => {
    const { status, body } = await record(service, address, optOut(['profiling']));
    expect([status, body.code, fieldsOf(body)]).toStrictEqual([422, 'UNKNOWN_PURPOSE', ['purposes']]);
  });

  it('P7: an erasure leaves nothing to read of the person, and counts as an opt-out', async () => {
    await given(service, address, optIn(['newsletter'], { evidence: { note: 'Op de beurs' } }), erasure('request'));
    const [before, erased] = await eventsOf(service, address);
    expect([before.personal, erased.personal]).toStrictEqual(['erased', null]);
    expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: false, reason: 'ERASED' });
    clock.set('2026-06-16T10:00:00.000Z');
    await given(service, address, customer());
    expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
  });

  describe('a request that is not valid', () => {
    it.each([
      ['neither address nor contactId', {}, ['address']],
      ['both', { address: 'a@example.org', contactId: 'a'.repeat(26) }, ['address']],
      ['an address that is null', { address: null }, ['address']],
      ['an address beyond any length', { address: `${'a'.repeat(320)}@example.org` }, ['address']],
      ['a contact id that is none', { contactId: 'A-1' }, ['contactId']],
    ])('with %s is 400', async (_, who, fields) => {
      for (const { path, body: fact } of calls.map((call) => call[1])) {
        const { status, body } = await service.post(path, { ...who, ...fact });
        expect([status, body.code, fieldsOf(body)]).toStrictEqual([400, 'VALIDATION', fields]);
      }
    });

    it.each(['not an address', 'a@b', 'a@@example.org', '', 'a b@example.org'])(
      'with the address %j is 400 VALIDATION, and the answer does not repeat it',
      async (wrong) => {
        const { status, body, text } = await record(service, wrong, optOut('all'));
        expect([status, body.code, fieldsOf(body)]).toStrictEqual([400, 'VALIDATION', ['address']]);
        if (wrong !== '') expect(text).not.toContain(wrong);
      },
    );

    it('has one entry for each bad field, nested and unknown ones too, and says whom it is about as well', async () => {
      const { status, body } = await service.post('/v1/opt-ins', {
        purposes: 'all',
        statement: { id: '', version: 0, language: 'nl', text: 'Ja' },
        confirmation: 'triple',
        evidence: { note: null, browser: 'x' },
        occurredAt: 'yesterday',
        source: { kind: 'rumour', reference: 7 },
        preTicked: true,
      });
      expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
      expect(fieldsOf(body).sort()).toStrictEqual([
        'address',
        'confirmation',
        'evidence.browser',
        'evidence.note',
        'occurredAt',
        'preTicked',
        'purposes',
        'source.kind',
        'source.reference',
        'statement.id',
        'statement.text',
        'statement.version',
      ]);
    });

    it.each([
      ['/v1/opt-ins', ['address', 'purposes', 'source', 'statement']],
      ['/v1/opt-outs', ['address', 'purposes', 'source']],
      ['/v1/relationships', ['address', 'kind', 'source']],
      ['/v1/deliverability', ['address', 'kind', 'source']],
      ['/v1/restrictions', ['address', 'restricted', 'source']],
      ['/v1/erasures', ['address', 'reason', 'source']],
    ])('POST %s without any field names each one that is needed', async (path, fields) => {
      for (const nothing of [{}, [], 7, 'text']) {
        const { status, body } = await service.post(path, nothing);
        expect([status, body.code, fieldsOf(body).sort()]).toStrictEqual([400, 'VALIDATION', fields]);
      }
    });

    it.each([
      ['no purposes', optOut([]), 'purposes'],
      ['a purpose twice', optIn(['newsletter', 'newsletter']), 'purposes'],
      ['an unknown kind of relationship', relationship('friend'), 'kind'],
      ['a condition with a purchase', relationship('purchase', { optOutOffered: true }), 'optOutOffered'],
      ['a condition that is null', customer({ optOutOffered: null }), 'optOutOffered'],
      ['a permanent complaint', deliverability('complained', { permanent: true }), 'permanent'],
      ['a restriction without a reason', restriction(true, { reason: undefined }), 'reason'],
      ['an erasure for no known reason', erasure('boredom'), 'reason'],
    ])('with %s is 400 for that field', async (_, fact, field) => {
      const { status, body } = await record(service, address, fact);
      expect([status, fieldsOf(body)]).toStrictEqual([400, [field]]);
    });

    const raw = (text: string, type?: string) => ({ raw: text, headers: type ? { 'Content-Type': type } : {} });

    it.each(['{"address"', '', '{"__proto__": {"a": 1}}', 'undefined'])('with the body %j is 400', async (text) => {
      const { status, body } = await service.request('POST', '/v1/opt-outs', raw(text, 'application/json'));
      expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
    });

    it.each(calls.map((call) => call[1].path))(
      'POST %s with a body that is not JSON is 415, and the service lives on',
      async (path) => {
        const types = ['text/plain', 'application/xml', 'application/x-ndjson', 'application/x-www-form-urlencoded'];
        for (const type of types) {
          const { status, body } = await service.request('POST', path, raw('address=a', type));
          expect([type, status, body.code]).toStrictEqual([type, 415, 'UNSUPPORTED_MEDIA_TYPE']);
        }
        expect((await service.get('/health/live')).status).toBe(200);
      },
    );

    it('with a body of more than 64 KiB is 413', async () => {
      const note = 'x'.repeat(64 * 1024);
      const { status, body } = await record(service, address, optIn(['newsletter'], { evidence: { note } }));
      expect([status, body.code]).toStrictEqual([413, 'PAYLOAD_TOO_LARGE']);
    });
  });

  it('every answer bears the correlation id of the request, and so does a problem', async () => {
    const headers = { 'X-Correlation-Id': 'import-2026.06_15' };
    const recorded = await record(service, address, optOut('all'), { headers });
    expect(recorded.headers.get('x-correlation-id')).toBe('import-2026.06_15');
    const refused = await record(service, address, optOut(['profiling']), { headers });
    expect(refused.body.correlationId).toBe('import-2026.06_15');
    const madeUp = await record(service, address, optOut('all'), { headers: { 'X-Correlation-Id': 'Jan de Vries' } });
    expect(madeUp.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('a correlation id that is a citizen service number, or that nobody answers for, goes nowhere (P9)', async () => {
    const headers = { 'X-Correlation-Id': '111222333' };
    const recorded = await record(service, address, optOut('all'), { headers });
    expect(recorded.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    const anonymous = { headers: { 'X-Correlation-Id': 'import-7' } };
    expect((await service.get('/subscribe', anonymous)).headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
    const unauthorised = await record(service, address, optOut('all'), { ...anonymous, key: 'x'.repeat(40) });
    expect(unauthorised.headers.get('x-correlation-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

function fieldsOf({ errors }: { errors: { field: string }[] }): string[] {
  return errors.map(({ field }) => field);
}
