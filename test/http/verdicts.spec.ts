import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import {
  ask,
  clockAt,
  customer,
  deliverability,
  erasure,
  given,
  optIn,
  optOut,
  record,
  relationship,
  restriction,
  somebody,
  type Fact,
} from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
/** The questions come after all that was recorded, which the service keeps apart by a millisecond each. */
const ASKED = '2026-06-15T10:00:01.000Z';
const on = (occurredAt: string) => ({ occurredAt });

interface Row {
  readonly given: readonly Fact[];
  readonly purpose?: string;
  /** The moment asked about; now when absent. */
  readonly at?: string;
  readonly reason: string;
  readonly basis?: string;
  readonly validUntil?: string | null;
  readonly then?: string;
  /** The types of the events that the answer rests on. */
  readonly evidence?: readonly string[];
  readonly missing?: readonly string[];
}

const newsletter = optIn(['newsletter'], on('2026-01-10T09:00:00.000Z'));
const sales = optIn(['sales-contact'], on('2026-01-10T09:00:00.000Z'));
const started = customer(on('2024-01-10T09:00:00.000Z'));

const rows: [string, Row][] = [
  [
    'row 1: erased by retention',
    {
      given: [optIn(['newsletter'], on('2012-01-10T09:00:00.000Z')), erasure('retention')],
      reason: 'ERASED',
      evidence: ['PersonalDataErased'],
    },
  ],
  [
    'row 1 before row 2: erased at request, and restricted',
    {
      given: [restriction(true, on('2026-02-01T00:00:00Z')), erasure('request', on('2026-03-01T00:00:00Z'))],
      reason: 'ERASED',
      evidence: ['PersonalDataErased'],
    },
  ],
  [
    'row 2: restricted, though consent is valid',
    {
      given: [newsletter, restriction(true, on('2026-02-01T00:00:00Z'))],
      reason: 'RESTRICTED',
      evidence: ['ProcessingRestricted'],
    },
  ],
  [
    'row 3: delivery failed permanently',
    {
      given: [newsletter, deliverability('bounced', { permanent: true, ...on('2026-02-01T00:00:00Z') })],
      reason: 'UNDELIVERABLE',
      evidence: ['MailBounced'],
    },
  ],
  [
    'row 4 before row 5: a complaint, and an opt-out',
    {
      given: [
        newsletter,
        optOut('all', on('2026-02-01T00:00:00Z')),
        deliverability('complained', on('2026-02-02T00:00:00Z')),
      ],
      reason: 'COMPLAINED',
      evidence: ['SpamReported'],
    },
  ],
  [
    'row 5: opted out of this purpose',
    {
      given: [newsletter, optOut(['newsletter'], on('2026-02-01T00:00:00Z'))],
      reason: 'OPTED_OUT',
      evidence: ['OptedOut'],
    },
  ],
  [
    'row 5 before row 7: an existing customer who opted out of all',
    { given: [started, optOut('all', on('2026-02-01T00:00:00Z'))], reason: 'OPTED_OUT', evidence: ['OptedOut'] },
  ],
  [
    'P5, row 6: consent given on a leap day holds for three years and thirty days on the wall clock, across summer time',
    {
      given: [optIn(['newsletter'], on('2024-02-29T09:00:00.123Z'))],
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2027-03-30T08:00:00.123Z',
      then: 'CONSENT_LAPSED',
      evidence: ['OptedIn'],
    },
  ],
  [
    'P6, row 6: sales consent given in the hour that occurs twice',
    {
      given: [optIn(['sales-contact'], on('2025-10-26T00:30:00Z'))],
      purpose: 'sales-contact',
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2026-10-26T01:30:00.000Z',
      then: 'NO_RECENT_CONTACT',
      evidence: ['OptedIn'],
    },
  ],
  [
    'P6, row 6: sales consent that would end in the hour that summer time skips',
    {
      given: [optIn(['sales-contact'], on('2025-03-29T01:30:00Z'))],
      purpose: 'sales-contact',
      at: '2025-06-01T00:00:00Z',
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2026-03-29T01:30:00.000Z',
      then: 'NO_RECENT_CONTACT',
      evidence: ['OptedIn'],
    },
  ],
  [
    'P6, row 6: a contact from the person moves the clock of sales consent',
    {
      given: [sales, relationship('contact', on('2026-03-10T09:00:00Z'))],
      purpose: 'sales-contact',
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2027-03-10T09:00:00.000Z',
      then: 'NO_RECENT_CONTACT',
      evidence: ['OptedIn', 'ContactMade'],
    },
  ],
  [
    'P2, row 7: a customer with every condition on record, while the agreement runs',
    { given: [started], reason: 'SOFT_OPT_IN', basis: 'soft-opt-in', evidence: ['CustomerStarted'] },
  ],
  [
    'P2, row 7: for twelve months after the agreement ended, on a leap day',
    {
      given: [started, relationship('customer-ended', on('2024-02-29T12:00:00.001Z'))],
      purpose: 'event-invitation',
      at: '2024-12-31T00:00:00Z',
      reason: 'SOFT_OPT_IN',
      basis: 'soft-opt-in',
      validUntil: '2025-02-28T12:00:00.001Z',
      then: 'RELATIONSHIP_ENDED',
      evidence: ['CustomerStarted', 'CustomerEnded'],
    },
  ],
  [
    'row 8: an opt-in that waits for its confirmation',
    {
      given: [optIn(['newsletter'], { confirmation: 'double', ...on('2026-06-01T00:00:00Z') })],
      reason: 'PENDING_CONFIRMATION',
      evidence: ['OptInRequested'],
    },
  ],
  [
    'P5, row 9: the answer window ended without an answer',
    { given: [optIn(['newsletter'], on('2022-01-10T09:00:00Z'))], reason: 'CONSENT_LAPSED', evidence: ['OptedIn'] },
  ],
  [
    'P6, row 10: the last contact was twelve months ago',
    {
      given: [optIn(['sales-contact'], on('2025-06-15T10:00:00Z'))],
      purpose: 'sales-contact',
      reason: 'NO_RECENT_CONTACT',
      evidence: ['OptedIn'],
    },
  ],
  [
    'P2, row 11: the agreement ended more than twelve months ago',
    {
      given: [started, relationship('customer-ended', on('2025-06-15T10:00:00Z'))],
      reason: 'RELATIONSHIP_ENDED',
      evidence: ['CustomerStarted', 'CustomerEnded'],
    },
  ],
  [
    'P2, row 12: a customer who was not offered the chance to object',
    {
      given: [customer({ optOutOffered: false, informedAtCollection: undefined, ...on('2024-01-10T09:00:00Z') })],
      reason: 'SOFT_OPT_IN_INCOMPLETE',
      missing: ['informedAtCollection', 'optOutOffered'],
      evidence: ['CustomerStarted'],
    },
  ],
  [
    'row 13: a known contact of whom nothing else applies',
    { given: [relationship('purchase', on('2026-01-10T09:00:00Z'))], reason: 'NO_CONSENT' },
  ],
  [
    'P2, row 13: a customer, for a purpose without soft opt-in',
    { given: [started], purpose: 'personalised-message', reason: 'NO_CONSENT' },
  ],
  [
    'a temporary failure stops nothing',
    {
      given: [newsletter, deliverability('bounced', on('2026-02-01T00:00:00Z'))],
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2029-02-09T09:00:00.000Z',
      then: 'CONSENT_LAPSED',
      evidence: ['OptedIn'],
    },
  ],
  ['row 14: nobody that the service has heard of', { given: [], reason: 'UNKNOWN_CONTACT' }],
  ['P1: service mail to a stranger', { given: [], purpose: 'service', reason: 'SERVICE', basis: 'service' }],
  [
    'P1: service mail to somebody who complained and opted out',
    {
      given: [optOut('all', on('2026-02-01T00:00:00Z')), deliverability('complained', on('2026-02-02T00:00:00Z'))],
      purpose: 'service',
      reason: 'SERVICE',
      basis: 'service',
    },
  ],
  [
    'P1: no service mail to somebody who was erased',
    {
      given: [erasure('request', on('2026-02-01T00:00:00Z'))],
      purpose: 'service',
      reason: 'ERASED',
      evidence: ['PersonalDataErased'],
    },
  ],
  [
    'P1: no service mail to somebody whose data is restricted',
    {
      given: [restriction(true, on('2026-02-01T00:00:00Z'))],
      purpose: 'service',
      reason: 'RESTRICTED',
      evidence: ['ProcessingRestricted'],
    },
  ],
  [
    'P1: no service mail to an address that failed',
    {
      given: [deliverability('bounced', { permanent: true, ...on('2026-02-01T00:00:00Z') })],
      purpose: 'service',
      reason: 'UNDELIVERABLE',
      evidence: ['MailBounced'],
    },
  ],
];

describe('may I send this?', () => {
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

  it.each(rows)('%s', async (_, { given: facts, purpose = 'newsletter', at, ...expected }) => {
    const { reason, basis = null, validUntil = null, then, evidence = [], missing } = expected;
    const last = await given(service, address, ...facts);
    clock.set(ASKED);
    const question = { address, purpose, ...(at && { at }), ...(last && { minPosition: last.position }) };
    const { status, body } = await service.post('/v1/eligibility', question);
    expect(status).toBe(200);
    expect(body).toStrictEqual({
      contactId: expect.stringMatching(/^[a-z2-7]{26}$/),
      purpose,
      at: new Date(at ?? ASKED).toISOString(),
      eligible: basis !== null,
      reason,
      basis,
      validUntil,
      ...(missing && { missing }),
      evidence: evidence.map((type) => ({ eventId: expect.any(String), type, occurredAt: expect.any(String) })),
      policy: { id: 'dnp-giftcard', version: 1 },
      position: expect.any(Number),
    });
    if (validUntil !== null) await expectItChanges(purpose, body, then!);
  });

  /** Law 4: the same until the last millisecond before `validUntil`, another answer from that very instant on. */
  async function expectItChanges(purpose: string, { reason, validUntil }: any, then: string): Promise<void> {
    const before = new Date(Date.parse(validUntil) - 1).toISOString();
    expect(await ask(service, address, purpose, { at: before })).toMatchObject({ reason, validUntil });
    expect(await ask(service, address, purpose, { at: validUntil })).toMatchObject({ eligible: false, reason: then });
  }

  it('the plain answer, the strong one and the replayed one are the same', async () => {
    const { position } = await given(service, address, newsletter, optOut(['newsletter'], on('2026-02-01T00:00:00Z')));
    const ways = [
      { minPosition: position },
      { consistency: 'strong' },
      { consistency: 'projected', minPosition: position },
      { at: NOW },
    ];
    const answers = await Promise.all(
      ways.map((way) => service.post('/v1/eligibility', { address, purpose: 'newsletter', ...way })),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('is asked by contact id as by address', async () => {
    const { contactId } = await given(service, address, newsletter);
    const byId = await service.post('/v1/eligibility', { contactId, purpose: 'newsletter', consistency: 'strong' });
    expect(byId.body).toStrictEqual(await ask(service, address, 'newsletter'));
  });

  it('the evidence is what was recorded', async () => {
    const { recorded } = await given(service, address, newsletter);
    const { evidence } = await ask(service, address, 'newsletter');
    expect(evidence).toStrictEqual([
      { eventId: recorded[0].eventId, type: 'OptedIn', occurredAt: '2026-01-10T09:00:00.000Z' },
    ]);
  });

  describe('at and knownAt (law 3)', () => {
    beforeEach(async () => {
      clock.set('2026-01-20T00:00:00Z');
      await given(service, address, newsletter);
      clock.set('2026-04-01T00:00:00Z');
      await given(service, address, optOut(['newsletter'], on('2026-03-01T00:00:00Z')));
      clock.set(NOW);
    });

    it.each([
      ['before anything happened', { at: '2026-01-10T08:59:59.999Z' }, 'UNKNOWN_CONTACT'],
      ['from the very instant of the opt-in', { at: '2026-01-10T09:00:00Z' }, 'CONSENT'],
      ['just before the opt-out', { at: '2026-02-28T23:59:59.999Z' }, 'CONSENT'],
      ['from the very instant of the opt-out', { at: '2026-03-01T01:00:00+01:00' }, 'OPTED_OUT'],
      ['years ahead', { at: '2040-01-01T00:00:00Z' }, 'OPTED_OUT'],
      [
        'when the opt-out had happened but nobody knew',
        { at: '2026-03-15T00:00:00Z', knownAt: '2026-03-15T00:00:00Z' },
        'CONSENT',
      ],
      [
        'the same moment, with the knowledge of later',
        { at: '2026-03-15T00:00:00Z', knownAt: '2026-04-01T00:00:00Z' },
        'OPTED_OUT',
      ],
      ['today, as if the opt-out had not come in', { knownAt: '2026-03-31T23:59:59.999Z' }, 'CONSENT'],
      ['before the opt-in was known', { knownAt: '2026-01-19T00:00:00Z' }, 'UNKNOWN_CONTACT'],
      ['without either', {}, 'OPTED_OUT'],
    ])('%s', async (_, moment, reason) => {
      expect(await ask(service, address, 'newsletter', moment)).toMatchObject({ reason, at: expect.any(String) });
    });

    it('a moment without knownAt or consistency is answered from the log, too', async () => {
      const { body } = await service.post('/v1/eligibility', {
        address,
        purpose: 'newsletter',
        at: '2026-02-01T00:00:00Z',
      });
      expect(body).toMatchObject({ reason: 'CONSENT', at: '2026-02-01T00:00:00.000Z' });
    });
  });

  describe('minPosition', () => {
    it.each(['projected', 'strong'])(
      '%s: an answer that has seen the position of a write knows it',
      async (consistency) => {
        for (const fact of [newsletter, optOut('all', on('2026-02-01T00:00:00Z'))]) {
          const { position } = await given(service, address, fact);
          const question = { address, purpose: 'newsletter', consistency, minPosition: position };
          const { body } = await service.post('/v1/eligibility', question);
          expect(body.position).toBeGreaterThanOrEqual(position);
          expect(body.reason).toBe(fact === newsletter ? 'CONSENT' : 'OPTED_OUT');
        }
      },
    );

    it('waits for a position that is still to come', async () => {
      const { position } = await given(service, address, newsletter);
      const later = service.post('/v1/eligibility', { address, purpose: 'newsletter', minPosition: position + 1 });
      const optedOut = await given(service, address, optOut('all', on('2026-02-01T00:00:00Z')));
      expect((await later).body).toMatchObject({ reason: 'OPTED_OUT', position: optedOut.position });
    });

    it('a position that does not come is 503 UNAVAILABLE, whichever way it is asked', async () => {
      const question = { address, purpose: 'newsletter', minPosition: 1_000_000 };
      const asked = [
        service.post('/v1/eligibility', question),
        service.post('/v1/eligibility', { ...question, consistency: 'strong' }),
        service.post('/v1/eligibility/batch', { purpose: 'newsletter', addresses: [address], minPosition: 1_000_000 }),
      ];
      for (const { status, headers, body } of await Promise.all(asked)) {
        expect([status, body.code]).toStrictEqual([503, 'UNAVAILABLE']);
        expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      }
    });
  });

  describe('a question that is not valid', () => {
    it.each(['profiling', 'constructor', 'all'])(
      'P10: the purpose %j is 422 UNKNOWN_PURPOSE, and not a no',
      async (purpose) => {
        for (const more of [{}, { at: NOW }, { consistency: 'strong' }]) {
          const { status, body } = await service.post('/v1/eligibility', { address, purpose, ...more });
          expect([status, body.code, body.errors[0].field]).toStrictEqual([422, 'UNKNOWN_PURPOSE', 'purpose']);
        }
      },
    );

    it('an address that is none is 400 VALIDATION', async () => {
      const { status, body } = await service.post('/v1/eligibility', {
        address: 'jan at example.org',
        purpose: 'newsletter',
      });
      expect([status, body.code, body.errors[0].field]).toStrictEqual([400, 'VALIDATION', 'address']);
    });

    it('has one entry for each bad field', async () => {
      const wrong = {
        purpose: '',
        at: 'now',
        knownAt: 7,
        consistency: 'eventual',
        minPosition: 1.5,
        reason: 'CONSENT',
      };
      const { status, body } = await service.post('/v1/eligibility', wrong);
      expect([status, body.code]).toStrictEqual([400, 'VALIDATION']);
      expect(body.errors.map(({ field }: { field: string }) => field).sort()).toStrictEqual([
        'address',
        'at',
        'consistency',
        'knownAt',
        'minPosition',
        'purpose',
        'reason',
      ]);
    });

    it.each([[[]], ['text'], [7], [{}]])('%j is 400', async (body) => {
      expect((await service.post('/v1/eligibility', body)).body.code).toBe('VALIDATION');
    });

    it('address and contactId together are 400, and so is neither', async () => {
      for (const who of [{}, { address, contactId: 'a'.repeat(26) }]) {
        const { body } = await service.post('/v1/eligibility', { ...who, purpose: 'newsletter' });
        expect(body.errors).toStrictEqual([{ field: 'address', message: expect.any(String) }]);
      }
    });
  });

  it('asking records nothing', async () => {
    const { position } = await given(service, address, newsletter);
    await ask(service, address, 'newsletter', { at: '2027-01-01T00:00:00Z' });
    await record(service, address, optOut(['profiling']));
    expect((await ask(service, address, 'newsletter')).position).toBe(position);
  });
});
