import { describe, expect, it } from '@jest/globals';
import { Temporal } from 'temporal-polyfill';
import fc from 'fast-check';
import { foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, instant, optedIn, reported } from './contact.fixture.js';
import { decideEligibility, UnknownPurpose } from './eligibility.js';
import { compilePolicy } from './policy.js';
import type { PolicyHistory } from './policy-history.js';
import { giftcard, harbour, harbourDocument, orchard } from './policy.fixture.js';

const giftcardAlone: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];
const harbourAlone: PolicyHistory = [{ policy: harbour, publishedAt: 0 }];
const conditions = ['informedAtCollection', 'optOutOffered', 'similarProducts'];

function ask(events: readonly ContactEvent[], at: string, purpose = 'newsletter', history = giftcardAlone) {
  const { reason, validUntil } = decideEligibility(foldContact(events), history, purpose, instant(at));
  return { reason, validUntil: validUntil === null ? null : new Date(validUntil).toISOString() };
}

describe('a verdict', () => {
  it('names its basis, its end, its evidence and its policy', () => {
    const consent = optedIn('2024-02-29T11:00:00.123Z');
    expect(
      decideEligibility(foldContact([consent]), giftcardAlone, 'newsletter', instant('2024-06-01T10:00:00Z')),
    ).toStrictEqual({
      eligible: true,
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: instant('2027-03-30T10:00:00.123Z'),
      evidence: [{ at: consent.occurredAt, id: consent.id, type: 'OptedIn' }],
      policy: giftcard,
    });
  });

  it('is an error, and not a no, for a purpose that the policy lacks (P10)', () => {
    const question = () => decideEligibility(foldContact([]), giftcardAlone, 'advertising', 0);
    expect(question).toThrow(UnknownPurpose);
    expect(question).toThrow(
      'The policy has no purpose "advertising"; it has: newsletter, event-invitation, personalised-message, sales-contact, service.',
    );
  });

  it.each(['constructor', 'toString', '__proto__', 'all', ''])('has no purpose "%s" either (P10)', (name) => {
    expect(() => decideEligibility(foldContact([]), giftcardAlone, name, 0)).toThrow(UnknownPurpose);
  });
});

describe('the end of consent after three years and thirty days in Amsterdam (P5)', () => {
  it.each([
    ['over plain years', '2021-06-01T10:00:00.000Z', '2024-07-01T10:00:00.000Z'],
    ['given on 29 February', '2024-02-29T11:00:00.123Z', '2027-03-30T10:00:00.123Z'],
    [
      'given on 29 February, in the last millisecond of the day',
      '2020-02-29T22:59:59.999Z',
      '2023-03-30T21:59:59.999Z',
    ],
    ['due in the hour that summer time skips', '2024-03-28T01:30:00.000Z', '2027-04-27T01:30:00.000Z'],
    ['due in the hour that occurs twice', '2024-10-31T01:30:00.000Z', '2027-11-30T01:30:00.000Z'],
    ['ending in the hour that summer time skips', '2024-02-26T01:30:00.000Z', '2027-03-28T01:30:00.000Z'],
    ['ending in the hour that occurs twice', '2024-10-01T00:30:00.000Z', '2027-10-31T00:30:00.000Z'],
    ['over a leap day in the answer window', '2021-02-15T11:00:00.000Z', '2024-03-16T11:00:00.000Z'],
  ])('%s', (_sentence, given, end) => {
    const events = [optedIn(given)];
    const justBefore = new Date(instant(end) - 1).toISOString();
    expect(ask(events, given)).toStrictEqual({ reason: 'CONSENT', validUntil: end });
    expect(ask(events, justBefore)).toStrictEqual({ reason: 'CONSENT', validUntil: end });
    expect(ask(events, end)).toStrictEqual({ reason: 'CONSENT_LAPSED', validUntil: null });
  });

  it('is what Temporal says, for consent given at any instant', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2090, 0, 1) }), (given) => {
        const state = foldContact([{ ...optedIn('2020-01-01T00:00:00Z'), occurredAt: given }]);
        const expected = Temporal.Instant.fromEpochMilliseconds(given)
          .toZonedDateTimeISO('Europe/Amsterdam')
          .add({ years: 3 })
          .add({ days: 30 });
        expect(decideEligibility(state, giftcardAlone, 'newsletter', given).validUntil).toBe(
          expected.epochMilliseconds,
        );
      }),
      { numRuns: 300 },
    );
  });

  it('starts anew with a renewal, and not with a purchase or a contact', () => {
    const given = optedIn('2021-06-01T10:00:00Z');
    const renewed = happened('ConsentRenewed', '2024-06-15T10:00:00Z', {
      purposes: ['newsletter'],
      statement: { id: 'reconsent', version: 1, language: 'nl', hash: 'aa' },
    });
    const moved = [
      happened('PurchaseMade', '2024-06-15T10:00:00Z', {}),
      happened('ContactMade', '2024-06-15T10:00:00Z', {}),
    ];
    const at = '2024-06-20T10:00:00Z';
    expect(ask([given, ...moved], at).validUntil).toBe('2024-07-01T10:00:00.000Z');
    expect(ask([given, renewed], at).validUntil).toBe('2027-07-15T10:00:00.000Z');
  });
});

describe('the end of consent that is renewed three years after the last contact (P5)', () => {
  const orchardAlone: PolicyHistory = [{ policy: orchard, publishedAt: 0 }];
  const given = optedIn('2021-06-01T10:00:00Z');
  const contact = happened('ContactMade', '2022-07-01T10:00:00Z', {});
  const judge = (at: string) =>
    decideEligibility(foldContact([given, contact]), orchardAlone, 'newsletter', instant(at));

  it('is exact, and no window follows it where the prompt comes before', () => {
    expect(judge('2025-07-01T09:59:59.999Z')).toMatchObject({
      reason: 'CONSENT',
      validUntil: instant('2025-07-01T10:00:00Z'),
    });
    expect(judge('2025-07-01T10:00:00Z')).toMatchObject({ reason: 'CONSENT_LAPSED', validUntil: null });
  });

  it.each(['2025-07-01T09:59:59.999Z', '2025-07-01T10:00:00Z'])('rests on that contact too, at %s', (at) => {
    expect(judge(at).evidence.map(({ id }) => id)).toStrictEqual([given.id, contact.id]);
  });

  it('is moved by no contact that the policy does not count', () => {
    const started = customerStarted('2022-07-01T10:00:00Z');
    expect(ask([given, started], '2022-08-01T10:00:00Z', 'newsletter', orchardAlone).validUntil).toBe(
      '2024-06-01T10:00:00.000Z',
    );
  });
});

describe('the end of sales contact, twelve months after the last contact (P6)', () => {
  const consent = optedIn('2020-02-29T11:00:00.000Z', 'sales-contact');

  it.each([
    ['the consent itself', [], '2021-02-28T11:00:00.000Z'],
    ['a contact from the person', [happened('ContactMade', '2020-06-01T10:00:00Z', {})], '2021-06-01T10:00:00.000Z'],
    ['a purchase', [happened('PurchaseMade', '2020-06-01T10:00:00Z', {})], '2021-06-01T10:00:00.000Z'],
    ['no contact from before it', [happened('ContactMade', '2020-01-01T10:00:00Z', {})], '2021-02-28T11:00:00.000Z'],
    ['no bounce', [happened('MailBounced', '2020-06-01T10:00:00Z', { permanent: false })], '2021-02-28T11:00:00.000Z'],
    [
      'no prompt',
      [happened('ReconsentPrompted', '2020-06-01T10:00:00Z', { purposes: [] })],
      '2021-02-28T11:00:00.000Z',
    ],
  ])('counts from %s', (_sentence, events, end) => {
    expect(ask([consent, ...events], '2020-07-01T10:00:00Z', 'sales-contact')).toStrictEqual({
      reason: 'CONSENT',
      validUntil: end,
    });
    expect(ask([consent, ...events], end, 'sales-contact')).toStrictEqual({
      reason: 'NO_RECENT_CONTACT',
      validUntil: null,
    });
  });

  it('names the consent and the contact that moved its clock', () => {
    const contact = happened('ContactMade', '2020-06-01T10:00:00Z', {});
    const verdict = decideEligibility(foldContact([consent, contact]), giftcardAlone, 'sales-contact', 1.6e12);
    expect(verdict.evidence.map(({ id }) => id)).toStrictEqual([consent.id, contact.id]);
  });

  it('starts again with a contact after it had stopped: the clock is the last contact, whenever it came', () => {
    const contact = happened('ContactMade', '2021-06-01T10:00:00Z', {});
    expect(ask([consent, contact], '2021-06-01T10:00:00Z', 'sales-contact').reason).toBe('CONSENT');
  });
});

describe('consent that may end in several ways', () => {
  it('answers each change of reason at its own instant (P5, P6)', () => {
    const consent = [optedIn('2022-01-01T12:00:00Z')];
    expect(ask(consent, '2022-02-01T12:00:00Z', 'newsletter', harbourAlone)).toStrictEqual({
      reason: 'CONSENT',
      validUntil: '2022-07-01T11:00:00.000Z',
    });
    expect(ask(consent, '2022-08-01T12:00:00Z', 'newsletter', harbourAlone)).toStrictEqual({
      reason: 'NO_RECENT_CONTACT',
      validUntil: '2023-01-08T12:00:00.000Z',
    });
    expect(ask(consent, '2023-01-08T12:00:00Z', 'newsletter', harbourAlone)).toStrictEqual({
      reason: 'CONSENT_LAPSED',
      validUntil: null,
    });
  });

  it('ends two years after it was given where the policy counts the proof from then (P7)', () => {
    const consent = [optedIn('2022-02-28T12:00:00Z', 'event-invitation')];
    expect(ask(consent, '2023-06-01T12:00:00Z', 'event-invitation', harbourAlone)).toStrictEqual({
      reason: 'CONSENT',
      validUntil: '2024-02-28T12:00:00.000Z',
    });
    expect(ask(consent, '2024-02-28T12:00:00Z', 'event-invitation', harbourAlone).reason).toBe('CONSENT_LAPSED');
  });

  it('lets no report take over, neither while the own consent runs nor once it has ended (P5)', () => {
    const given = optedIn('2021-06-01T10:00:00Z');
    const justBefore = reported('2024-07-01T09:59:59.999Z');
    const atTheEnd = reported('2024-07-01T10:00:00.000Z');
    expect(ask([given, justBefore], '2024-08-01T10:00:00Z').reason).toBe('CONSENT_LAPSED');
    expect(ask([given, atTheEnd], '2024-08-01T10:00:00Z').reason).toBe('CONSENT_LAPSED');
  });

  it('falls back on the soft opt-in, and says that it does', () => {
    const events = [optedIn('2021-06-01T10:00:00Z'), customerStarted('2022-01-01T10:00:00Z', ...conditions)];
    expect(ask(events, '2024-06-01T10:00:00Z')).toStrictEqual({
      reason: 'CONSENT',
      validUntil: '2024-07-01T10:00:00.000Z',
    });
    expect(ask(events, '2024-07-01T10:00:00Z')).toStrictEqual({ reason: 'SOFT_OPT_IN', validUntil: null });
  });
});

describe('the end of the soft opt-in, twelve months after the agreement (P2)', () => {
  const ended = happened('CustomerEnded', '2020-02-29T11:00:00.000Z', {});

  it('is exact', () => {
    const events = [customerStarted('2019-01-01T10:00:00Z', ...conditions), ended];
    expect(ask(events, '2021-02-28T10:59:59.999Z')).toStrictEqual({
      reason: 'SOFT_OPT_IN',
      validUntil: '2021-02-28T11:00:00.000Z',
    });
    expect(ask(events, '2021-02-28T11:00:00.000Z')).toStrictEqual({ reason: 'RELATIONSHIP_ENDED', validUntil: null });
  });

  it('is exact for one that never held too', () => {
    const events = [customerStarted('2019-01-01T10:00:00Z'), ended];
    expect(ask(events, '2020-06-01T10:00:00Z')).toStrictEqual({
      reason: 'SOFT_OPT_IN_INCOMPLETE',
      validUntil: '2021-02-28T11:00:00.000Z',
    });
    expect(ask(events, '2021-02-28T11:00:00.000Z')).toStrictEqual({ reason: 'NO_CONSENT', validUntil: null });
  });
});

describe('a policy that comes into force (law 3, law 4)', () => {
  const change = '2022-01-01T00:00:00.000Z';
  const newer = compilePolicy({ ...harbourDocument, inForceFrom: change });
  const both: PolicyHistory = [
    { policy: giftcard, publishedAt: 0 },
    { policy: newer, publishedAt: instant('2021-12-01T00:00:00Z') },
  ];

  it('does not end an answer that stays the same: its own end does', () => {
    const consent = [optedIn('2021-10-01T12:00:00Z')];
    expect(ask(consent, '2021-11-01T12:00:00Z', 'newsletter', both).validUntil).toBe('2022-04-01T12:00:00.000Z');
  });

  it('ends an answer at the instant at which it judges otherwise', () => {
    const consent = [optedIn('2020-01-01T12:00:00Z')];
    expect(ask(consent, '2021-11-01T12:00:00Z', 'newsletter', both).validUntil).toBe(change);
    expect(ask(consent, change, 'newsletter', both)).toStrictEqual({ reason: 'CONSENT_LAPSED', validUntil: null });
  });

  it('ends an answer that would name other missing conditions', () => {
    const customer = [customerStarted('2021-01-01T12:00:00Z', 'informedAtCollection')];
    expect(ask(customer, '2021-11-01T12:00:00Z', 'newsletter', both)).toStrictEqual({
      reason: 'SOFT_OPT_IN_INCOMPLETE',
      validUntil: change,
    });
  });

  it('ends the answer for a purpose that it lacks (P10)', () => {
    expect(ask([], '2021-11-01T12:00:00Z', 'personalised-message', both)).toStrictEqual({
      reason: 'UNKNOWN_CONTACT',
      validUntil: change,
    });
    expect(() => ask([], change, 'personalised-message', both)).toThrow(UnknownPurpose);
  });

  it('ends the answer for a purpose that becomes service mail', () => {
    expect(ask([], '2021-11-01T12:00:00Z', 'sales-contact', both).validUntil).toBe(change);
  });

  it('does not count before it is known', () => {
    const state = foldContact([optedIn('2020-01-01T12:00:00Z')]);
    const at = instant('2021-11-01T12:00:00Z');
    const known = instant('2021-12-01T00:00:00Z');
    expect(decideEligibility(state, both, 'newsletter', at, known - 1).validUntil).toBe(
      instant('2023-01-31T12:00:00Z'),
    );
    expect(decideEligibility(state, both, 'newsletter', at, known).validUntil).toBe(instant(change));
  });

  it('judges earlier moments by what was in force then', () => {
    const consent = [optedIn('2020-01-01T12:00:00Z')];
    expect(ask(consent, '2021-12-31T23:59:59.999Z', 'newsletter', both).reason).toBe('CONSENT');
  });
});
