import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { completed, outboxOf, startMailing } from '../mail/steps.js';
import { linkFromMail, send } from '../recipients/pages.js';
import { eventually, startService, type Reply, type TestService } from '../support/service.js';
import {
  ask,
  clockAt,
  customer,
  eventsOf,
  eventTypesOf,
  given,
  optIn,
  optOut,
  restriction,
  somebody,
} from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
const source = { kind: 'customer-service', reference: 'T-2001' };

describe('requests of data subjects (P9)', () => {
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

  async function receive(kind: string, more: object = {}): Promise<string> {
    const { status, body, text } = await service.post('/v1/requests', { address, kind, source, ...more });
    if (status !== 201) throw new Error(text);
    return body.requestId;
  }

  const act = (id: string, step: string, body: object = {}, headers: Record<string, string> = {}): Promise<Reply> =>
    service.post(`/v1/requests/${id}/${step}`, body, { headers });
  const identify = (id: string) => act(id, 'identity', { method: 'reply-from-address' });
  const refusal = { ground: 'unreasonably-often', reason: 'Het vijfde verzoek van deze maand.' };
  const show = async (id: string) => (await service.get(`/v1/requests/${id}`)).body;
  const reasonFor = async (purpose = 'newsletter', who = address) => (await ask(service, who, purpose)).reason;

  async function received(kind: string, more: object = {}): Promise<string> {
    const id = await receive(kind, more);
    await identify(id);
    return id;
  }

  describe('receiving one', () => {
    it('answers with its deadline, a calendar month from its receipt', async () => {
      const occurredAt = '2026-05-31T12:00:00+02:00';
      const { status, headers, body } = await service.post('/v1/requests', {
        address,
        kind: 'access',
        source,
        occurredAt,
      });
      expect([status, headers.get('etag')]).toStrictEqual([201, '"0"']);
      expect(body).toMatchObject({ answerBy: '2026-06-30T10:00:00.000Z', recorded: [{ type: 'RequestReceived' }] });
      expect(await show(body.requestId)).toMatchObject({
        kind: 'access',
        status: 'open',
        receivedAt: '2026-05-31T10:00:00.000Z',
        overdue: false,
        events: [{ type: 'RequestReceived', personal: { address, reference: 'T-2001' } }],
      });
    });

    it('with the same Idempotency-Key is the same request, and with another content it is refused', async () => {
      const options = { headers: { 'Idempotency-Key': `request of ${somebody()}` } };
      const first = await service.post('/v1/requests', { address, kind: 'objection', source }, options);
      const again = await service.post('/v1/requests', { address, kind: 'objection', source }, options);
      expect([again.status, again.body]).toStrictEqual([200, { ...first.body, recorded: [] }]);
      const other = await service.post('/v1/requests', { address, kind: 'erasure', source }, options);
      expect([other.status, other.body.code]).toStrictEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    });

    it.each([
      ['a kind that there is not', { kind: 'complaint' }, 'kind'],
      ['no kind', { kind: undefined }, 'kind'],
      ['a citizen service number', { kind: 'access', note: 'paspoort, bsn 111222333' }, 'note'],
      ['a field that there is not', { kind: 'access', urgent: true }, 'urgent'],
    ])('with %s is 400', async (_, more, field) => {
      const { status, body, text } = await service.post('/v1/requests', { address, source, ...more });
      expect([status, body.errors[0].field]).toStrictEqual([400, field]);
      expect(text).not.toContain('111222333');
    });

    it('in the future is 422', async () => {
      const reply = await service.post('/v1/requests', {
        address,
        kind: 'access',
        source,
        occurredAt: '2027-01-01T00:00:00Z',
      });
      expect([reply.status, reply.body.code]).toStrictEqual([422, 'OCCURRED_IN_FUTURE']);
    });
  });

  it('are listed with what is overdue first, and with what was answered last', async () => {
    const late = await receive('access', { occurredAt: '2026-01-15T10:00:00Z' });
    const soon = await receive('access', { occurredAt: '2026-05-20T10:00:00Z' });
    const answered = await receive('erasure', { occurredAt: '2026-01-01T10:00:00Z' });
    await act(answered, 'refusal', refusal);
    const { body } = await service.get('/v1/requests?limit=1000');
    const ours = body.requests.filter(({ requestId }: any) => [late, soon, answered].includes(requestId));
    expect(ours.map(({ requestId, overdue, status }: any) => [requestId, overdue, status])).toStrictEqual([
      [late, true, 'open'],
      [soon, false, 'open'],
      [answered, false, 'refused'],
    ]);
    const open = (await service.get('/v1/requests?status=open&limit=1')).body.requests;
    expect(open).toMatchObject([{ overdue: true }]);
    expect((await service.get('/v1/requests?limit=0')).status).toBe(400);
  });

  describe('extending one', () => {
    it('puts the answer off by two months with a reason, once and in time', async () => {
      const id = await receive('access');
      expect((await act(id, 'extension', {})).body.errors[0].field).toBe('reason');
      const { status, body } = await act(id, 'extension', { reason: 'Het archief moet met de hand worden doorzocht.' });
      expect([status, body.answerBy]).toStrictEqual([201, '2026-09-15T10:00:00.000Z']);
      expect((await act(id, 'extension', { reason: 'Nog een keer' })).body.code).toBe('ALREADY_EXTENDED');
      const overdue = await receive('access', { occurredAt: '2026-01-15T10:00:00Z' });
      expect((await act(overdue, 'extension', { reason: 'Te laat' })).body.code).toBe('TOO_LATE_TO_EXTEND');
    });
  });

  describe('access', () => {
    const evidence = { ip: '203.0.113.7', note: '<b>aan de balie</b>' };

    it('is given once it is established who asks, and that is on record', async () => {
      await given(service, address, optIn(['newsletter'], { evidence }));
      const id = await receive('access');
      const refused = await act(id, 'disclosures');
      expect([refused.status, refused.body.code]).toStrictEqual([409, 'IDENTITY_NOT_CHECKED']);
      expect(refused.text).not.toContain('203.0.113.7');
      expect((await act(id, 'fulfilment')).body.code).toBe('IDENTITY_NOT_CHECKED');

      await identify(id);
      expect((await act(id, 'fulfilment')).body.code).toBe('NOTHING_DISCLOSED');
      const { status, headers, body } = await act(id, 'disclosures', { to: 'Mevrouw Jansen, per post' });
      expect([status, headers.get('cache-control')]).toStrictEqual([201, 'no-store']);
      expect(body.contacts[0].addresses).toStrictEqual([address]);
      expect((await act(id, 'fulfilment')).status).toBe(201);
      const { events, status: end } = await show(id);
      expect(end).toBe('fulfilled');
      expect(events.map(({ type, personal }: any) => [type, personal])).toStrictEqual([
        ['RequestReceived', { address, reference: 'T-2001' }],
        ['IdentityChecked', null],
        ['PersonalDataDisclosed', { to: 'Mevrouw Jansen, per post' }],
        ['RequestFulfilled', null],
      ]);
    });

    it('tells in the fields of ISO/IEC TS 27560 what was agreed to, where, when, and what text was shown', async () => {
      await given(service, address, optIn(['newsletter'], { evidence }));
      clock.set('2026-06-16T10:00:00.000Z');
      await given(service, address, optOut(['newsletter']), customer());
      const { body } = await act(await received('portability'), 'disclosures', { language: 'en' });
      expect(body).toMatchObject({ jurisdiction: 'NL', recipients: expect.arrayContaining(['Our printer']) });
      const [contact] = body.contacts;
      expect(contact.purposes[0]).toMatchObject({ name: 'Newsletter', eligible: false, reason: 'OPTED_OUT' });
      expect(contact.consentRecords).toHaveLength(1);
      const [record] = contact.consentRecords;
      expect(record).toMatchObject({
        schema_version: 'ISO/IEC TS 27560:2023',
        pii_principal_id: contact.contactId,
        pii_processing: {
          purpose: 'newsletter',
          storage_locations: ['NL'],
          collection_method: ['web-form', 'preference-page'],
        },
        party_identification: [{ party_name: 'DNP Giftcard BV' }, { party_name: 'Autoriteit Persoonsgegevens' }],
      });
      expect(record.events).toMatchObject([
        {
          event_type: 'ConsentGiven',
          event_state: 'CONSENT',
          validity: '2029-07-15T10:00:00.000Z',
          evidence: { personal: { address, evidence } },
          notice: { id: 'signup-form', text: expect.stringMatching(/^Ja, DNP Giftcard mag mij/) },
        },
        { event_type: 'ConsentWithdrawn', event_state: 'OPTED_OUT', notice: null },
      ]);
      expect(contact.history.map(({ type }: any) => type)).toStrictEqual(['OptedIn', 'OptedOut', 'CustomerStarted']);
      expect(contact.retention.map(({ ground }: any) => ground)).toContain('agreement');
    });

    it('is also a page that a person can read, in which nothing runs', async () => {
      await given(service, address, optIn(['newsletter'], { evidence }));
      const accept = { Accept: 'text/html,application/json;q=0.5' };
      const { status, headers, text } = await act(await received('access'), 'disclosures', {}, accept);
      expect([status, headers.get('content-type')]).toStrictEqual([201, 'text/html; charset=utf-8']);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
      expect(text).toContain('<html lang="nl">');
      expect(text).toContain('Toestemming gegeven');
      expect(text).toContain('Autoriteit Persoonsgegevens');
      expect(text).toContain(address);
      expect(text).toContain('&lt;b&gt;aan de balie&lt;/b&gt;');
      expect(text).not.toMatch(/<script|<b>/);
      const english = await act(await received('access'), 'disclosures', { language: 'en' }, accept);
      expect(english.text).toContain('Consent given');
    });

    it.each([
      ['nl', ['vraag om je aanmelding te bevestigen', 'link naar je voorkeuren', 'Nieuwsbrief']],
      ['en', ['question to confirm your subscription', 'link to your preferences', 'Newsletter']],
    ])('names in words, in "%s", what was mailed, also by the service itself', async (language, names) => {
      await given(service, address, optIn(['newsletter']), optIn(['sales-contact'], { confirmation: 'double' }));
      await send(service, '/preferences', { address });
      await startMailing(service, { recipients: [{ address }] });
      await eventually(async () => {
        const mails = (await outboxOf(service)).get(address) ?? [];
        if (mails.length < names.length) throw new Error(`Only ${mails.length} mails went out.`);
      });
      const { text } = await act(await received('access'), 'disclosures', { language }, { Accept: 'text/html' });
      const shown = [...text.matchAll(/<tr><td>[^<]*<\/td><th scope="row">([^<]*)<\/th>/g)].map(([, what]) => what);
      expect(shown.sort()).toStrictEqual([...names].sort());
    });

    it.each(['erasure', 'objection', 'restriction', 'rectification'])(
      'is no part of a request for %s',
      async (kind) => {
        expect((await act(await received(kind), 'disclosures')).body.code).toBe('NOTHING_TO_DISCLOSE');
      },
    );

    it('of somebody whom nobody knows says so', async () => {
      const { body } = await act(await received('access'), 'disclosures');
      expect(body.contacts[0]).toMatchObject({ addresses: [address], history: [], consentRecords: [] });
    });

    it('P8: says that a recording was deleted from the instant at which it was to be, in the history too', async () => {
      const phone = { source: { kind: 'phone', reference: 'T-1' }, evidence: { recordingRef: 'opname-7' } };
      await given(service, address, optIn(['newsletter'], phone));
      const recordingIn = (events: any[]) => events[0].personal.evidence.recordingRef;
      clock.set('2026-07-15T09:59:59.999Z');
      expect(recordingIn(await eventsOf(service, address))).toBe('opname-7');
      clock.set('2026-07-15T10:00:00.000Z');
      expect(recordingIn(await eventsOf(service, address))).toBe('deleted on 2026-07-15 under P8');
      expect(recordingIn(await eventsOf(service, address, '?at=2026-06-20T00:00:00Z'))).toBe(
        'deleted on 2026-07-15 under P8',
      );
      const { body, text } = await act(await received('access'), 'disclosures');
      expect(recordingIn(body.contacts[0].history)).toBe('verwijderd op 2026-07-15 volgens P8');
      expect(text).not.toContain('opname-7');
    });
  });

  describe('refusing one', () => {
    it('takes a ground of the policy and a reason, and says where to complain', async () => {
      const id = await receive('erasure');
      expect((await act(id, 'refusal', { ground: 'unreasonably-often' })).body.errors[0].field).toBe('reason');
      expect((await act(id, 'refusal', { ...refusal, ground: 'no-time' })).body.code).toBe('UNKNOWN_GROUND');
      const { status, body } = await act(id, 'refusal', refusal);
      expect(status).toBe(201);
      expect(body).toMatchObject({
        ground: { name: 'unreasonably-often', texts: { nl: 'Het verzoek wordt onredelijk vaak gedaan.' } },
        complaint: {
          name: 'Autoriteit Persoonsgegevens',
          url: expect.stringMatching(/^https:\/\/autoriteitpersoonsgegevens/),
        },
      });
      expect((await show(id)).events.at(-1)).toMatchObject({
        data: { ground: 'unreasonably-often' },
        personal: { reason: refusal.reason },
      });
    });

    it('is final, as granting is', async () => {
      const id = await received('erasure');
      await act(id, 'refusal', refusal);
      for (const [step, body] of [
        ['fulfilment', {}],
        ['identity', { method: 'signature' }],
        ['extension', { reason: 'x' }],
      ] as const)
        expect([step, (await act(id, step, body)).body.code]).toStrictEqual([step, 'REQUEST_CLOSED']);
      expect((await act(id, 'refusal', refusal)).status).toBe(200);
    });

    it('is impossible for an objection', async () => {
      const { status, body } = await act(await receive('objection'), 'refusal', refusal);
      expect([status, body.code]).toStrictEqual([409, 'OBJECTION_IS_ABSOLUTE']);
    });
  });

  describe('processing', () => {
    it.each(['objection', 'restriction', 'rectification'])('is restricted while a %s is judged', async (kind) => {
      await given(service, address, optIn(['newsletter']));
      await receive(kind);
      expect(await reasonFor()).toBe('RESTRICTED');
    });

    it('is not while another request is, unless the person asked for it', async () => {
      await given(service, address, optIn(['newsletter']));
      await receive('erasure');
      expect(await reasonFor()).toBe('CONSENT');
      const id = await receive('erasure', { restrict: true });
      expect(await reasonFor()).toBe('RESTRICTED');
      await act(id, 'refusal', refusal);
      expect(await reasonFor()).toBe('CONSENT');
    });

    it('stays restricted where that was asked for and granted, until it is lifted', async () => {
      await given(service, address, optIn(['newsletter']));
      const id = await received('restriction');
      expect((await act(id, 'fulfilment')).status).toBe(201);
      expect(await reasonFor()).toBe('RESTRICTED');
      await given(service, address, restriction(false));
      expect(await reasonFor()).toBe('CONSENT');
    });

    it('stays restricted for the one request when the other is answered', async () => {
      await given(service, address, optIn(['newsletter']));
      const first = await receive('restriction');
      await receive('restriction');
      await act(first, 'refusal', refusal);
      expect(await reasonFor()).toBe('RESTRICTED');
    });

    it('ends by an objection with an opt-out from all commercial mail, for which nobody is asked who they are (P4)', async () => {
      await given(service, address, optIn(['newsletter', 'event-invitation']));
      const id = await receive('objection');
      expect((await act(id, 'fulfilment')).status).toBe(201);
      expect([await reasonFor(), await reasonFor('event-invitation'), await reasonFor('service')]).toStrictEqual([
        'OPTED_OUT',
        'OPTED_OUT',
        'SERVICE',
      ]);
    });
  });

  describe('erasure', () => {
    it('erases what is held, the words of the request too, and leaves the request', async () => {
      await given(service, address, optIn(['newsletter']));
      const id = await received('erasure', { note: 'Alles weg graag' });
      expect((await act(id, 'fulfilment')).status).toBe(201);
      expect(await reasonFor()).toBe('ERASED');
      const { status, events } = await show(id);
      expect(status).toBe('fulfilled');
      expect(events.map(({ personal }: any) => personal)).toStrictEqual(['erased', null, null]);
      expect((await act(id, 'fulfilment')).status).toBe(200);
    });
  });

  describe('rectification of an address', () => {
    async function rectify(to = somebody()): Promise<string> {
      const id = await received('rectification');
      const { status, text } = await act(id, 'fulfilment', { address: to });
      if (status !== 201) throw new Error(text);
      return to;
    }

    it('needs the other address', async () => {
      await given(service, address, optIn(['newsletter']));
      const id = await received('rectification');
      expect((await act(id, 'fulfilment')).body.code).toBe('ADDRESS_NEEDED');
      expect((await act(id, 'fulfilment', { address: 'jan' })).body.errors[0].field).toBe('address');
      expect((await act(id, 'fulfilment', { address: ` ${address} ` })).status).toBe(400);
      expect(await reasonFor()).toBe('RESTRICTED');
    });

    it('carries consent over with its clock, links both histories, and leaves the old address alone', async () => {
      await given(service, address, optIn(['newsletter'], { occurredAt: '2025-01-01T00:00:00Z' }));
      const fresh = await rectify();
      expect(await ask(service, fresh, 'newsletter')).toMatchObject({
        reason: 'CONSENT',
        validUntil: '2028-01-31T00:00:00.000Z',
      });
      expect([await reasonFor(), await reasonFor('service')]).toStrictEqual(['UNDELIVERABLE', 'UNDELIVERABLE']);
      expect(await eventTypesOf(service, address)).toStrictEqual([
        'OptedIn',
        'ProcessingRestricted',
        'AddressRectified',
        'RestrictionLifted',
      ]);
      const [carried] = await eventsOf(service, fresh);
      expect(carried).toMatchObject({
        type: 'PreferencesCarriedOver',
        data: { adopted: true },
        personal: { address: fresh },
      });
    });

    it('ends no opt-out of either address (P4)', async () => {
      const fresh = somebody();
      await given(service, address, optIn(['newsletter']), optOut(['event-invitation']));
      await given(
        service,
        fresh,
        optOut(['newsletter'], { occurredAt: '2020-01-01T00:00:00Z' }),
        optIn(['event-invitation']),
      );
      await rectify(fresh);
      expect([await reasonFor('newsletter', fresh), await reasonFor('event-invitation', fresh)]).toStrictEqual([
        'OPTED_OUT',
        'OPTED_OUT',
      ]);
    });

    it('keeps links that were mailed before: an opt-out counts for the new address as for the old', async () => {
      const link = await linkFromMail(service, address);
      const fresh = await rectify();
      expect(await reasonFor('newsletter', fresh)).toBe('CONSENT');
      const oneClick = { key: null, raw: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }) };
      expect((await service.request('POST', link, oneClick)).status).toBe(200);
      expect(await reasonFor('newsletter', fresh)).toBe('OPTED_OUT');
      expect(await eventTypesOf(service, address)).toContain('OptedOut');
    });

    it('mails the new address and no longer the old one', async () => {
      await given(service, address, optIn(['newsletter']));
      const fresh = await rectify();
      const { id } = await startMailing(service, { recipients: [{ address }, { address: fresh }] });
      expect(await completed(service, id)).toMatchObject({ sent: 1, suppressed: { UNDELIVERABLE: 1 } });
    });

    it('shows both histories to the person who asks for access', async () => {
      await given(service, address, optIn(['newsletter']));
      const fresh = await rectify();
      const id = (await service.post('/v1/requests', { address: fresh, kind: 'access', source })).body.requestId;
      await identify(id);
      const { body } = await act(id, 'disclosures');
      expect(body.contacts.map(({ addresses, replacedBy }: any) => [addresses, replacedBy])).toStrictEqual([
        [[fresh], null],
        [[address], body.contacts[0].contactId],
      ]);
    });

    it('is followed by an erasure of both', async () => {
      await given(service, address, optIn(['newsletter']));
      const fresh = await rectify();
      const id = (await service.post('/v1/requests', { address: fresh, kind: 'erasure', source })).body.requestId;
      await identify(id);
      await act(id, 'fulfilment');
      expect([await reasonFor(), await reasonFor('newsletter', fresh)]).toStrictEqual(['ERASED', 'ERASED']);
    });
  });

  it('have an ETag that lets the next act through, once', async () => {
    const id = await receive('access');
    const { headers } = await service.get(`/v1/requests/${id}`);
    const ifMatch = { 'If-Match': headers.get('etag')! };
    expect((await act(id, 'identity', { method: 'signature' }, ifMatch)).status).toBe(201);
    expect((await act(id, 'identity', { method: 'signature' }, ifMatch)).status).toBe(412);
  });

  it.each(['3f2b8c1e-0000-4000-8000-000000000031', 'none'])('that are not there are 404: %s', async (id) => {
    expect((await service.get(`/v1/requests/${id}`)).status).toBe(404);
    expect((await identify(id)).status).toBe(404);
  });
});
