import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import {
  customerStarted,
  happened,
  instant,
  optedIn,
  optedOut,
  optInRequested,
  reported,
  statement,
} from './contact.fixture.js';
import { decideEligibility, traceEligibility } from './eligibility.js';
import type { Policy } from './policy.js';
import { giftcard, harbour } from './policy.fixture.js';
import type { Basis, Reason } from './verdict-table.js';

const now = '2024-06-01T10:00:00.000Z';
const conditions = ['informedAtCollection', 'memberOfClub', 'optOutOffered', 'similarProducts'];

function ask(events: readonly ContactEvent[], policy: Policy, purpose = 'newsletter', at = now) {
  return decideEligibility(foldContact(events), [{ policy, publishedAt: 0 }], purpose, instant(at));
}

function reasonOf(...question: Parameters<typeof ask>): Reason {
  return ask(...question).reason;
}

/** What makes each row apply to the newsletter of the harbour club, in the order of the table. */
const rows: readonly { reason: Reason; basis: Basis | null; events: readonly ContactEvent[] }[] = [
  {
    reason: 'ERASED',
    basis: null,
    events: [happened('PersonalDataErased', '2024-05-31T10:00:00Z', { reason: 'retention' })],
  },
  { reason: 'RESTRICTED', basis: null, events: [happened('ProcessingRestricted', '2024-05-30T10:00:00Z', {})] },
  {
    reason: 'UNDELIVERABLE',
    basis: null,
    events: [happened('MailBounced', '2024-05-29T10:00:00Z', { permanent: true })],
  },
  { reason: 'COMPLAINED', basis: null, events: [happened('SpamReported', '2024-05-28T10:00:00Z', {})] },
  { reason: 'OPTED_OUT', basis: null, events: [optedOut('2024-05-27T10:00:00Z')] },
  { reason: 'CONSENT', basis: 'consent', events: [optedIn('2024-05-01T10:00:00Z')] },
  { reason: 'SOFT_OPT_IN', basis: 'soft-opt-in', events: [customerStarted('2021-06-01T10:00:00Z', ...conditions)] },
  { reason: 'PENDING_CONFIRMATION', basis: null, events: [optInRequested('2024-05-26T10:00:00Z')] },
  { reason: 'CONSENT_LAPSED', basis: null, events: [optedIn('2022-06-01T10:00:00Z')] },
  { reason: 'NO_RECENT_CONTACT', basis: null, events: [optedIn('2023-10-01T10:00:00Z')] },
  {
    reason: 'RELATIONSHIP_ENDED',
    basis: null,
    events: [
      customerStarted('2020-06-01T10:00:00Z', ...conditions),
      happened('CustomerEnded', '2021-09-01T10:00:00Z', {}),
    ],
  },
  { reason: 'SOFT_OPT_IN_INCOMPLETE', basis: null, events: [customerStarted('2021-06-01T10:00:00Z', 'optOutOffered')] },
  { reason: 'NO_CONSENT', basis: null, events: [happened('PurchaseMade', '2021-10-01T10:00:00Z', {})] },
  { reason: 'UNKNOWN_CONTACT', basis: null, events: [] },
];

/** Rows that cannot both apply: consent that holds and has ended, a relationship that runs and has ended. */
const exclusive: readonly (readonly Reason[])[] = [
  ['CONSENT', 'CONSENT_LAPSED'],
  ['CONSENT', 'NO_RECENT_CONTACT'],
  ['CONSENT_LAPSED', 'NO_RECENT_CONTACT'],
  ['SOFT_OPT_IN', 'RELATIONSHIP_ENDED'],
  ['SOFT_OPT_IN', 'SOFT_OPT_IN_INCOMPLETE'],
  ['RELATIONSHIP_ENDED', 'SOFT_OPT_IN_INCOMPLETE'],
];
const conflicts = rows.flatMap((upper, index) =>
  rows
    .slice(index + 1)
    .filter((lower) => !exclusive.some(([a, b]) => a === upper.reason && b === lower.reason))
    .map((lower) => ({ upper: upper.reason, lower: lower.reason, events: [...lower.events, ...upper.events] })),
);

describe('the verdict table for a commercial purpose', () => {
  it.each(rows)('answers $reason with basis $basis', ({ reason, basis, events }) => {
    expect(ask(events, harbour)).toMatchObject({ eligible: basis !== null, reason, basis });
  });

  it.each(conflicts)('lets $upper go before $lower', ({ upper, events }) => {
    expect(reasonOf(events, harbour)).toBe(upper);
  });

  it('lets CONSENT_LAPSED go before NO_RECENT_CONTACT where consent ended both ways', () => {
    const consent = [optedIn('2022-06-01T10:00:00Z')];
    expect(reasonOf(consent, harbour, 'newsletter', '2023-01-01T00:00:00Z')).toBe('NO_RECENT_CONTACT');
    expect(reasonOf(consent, harbour)).toBe('CONSENT_LAPSED');
  });

  it.each(rows.filter(({ reason }) => !['CONSENT_LAPSED', 'NO_RECENT_CONTACT'].includes(reason)))(
    'answers $reason under the policy that ships too',
    ({ reason, events }) => {
      expect(reasonOf(events, giftcard)).toBe(reason);
    },
  );
});

describe('the verdict table for service mail (P1)', () => {
  const stops: readonly Reason[] = ['ERASED', 'RESTRICTED', 'UNDELIVERABLE'];

  it.each(rows)('is not moved by $reason, save for the first three rows', ({ reason, events }) => {
    const expected = stops.includes(reason) ? reason : 'SERVICE';
    expect(reasonOf(events, giftcard, 'service')).toBe(expected);
  });

  it.each([
    ['ERASED', 'RESTRICTED'],
    ['ERASED', 'UNDELIVERABLE'],
    ['RESTRICTED', 'UNDELIVERABLE'],
  ] as const)('lets %s go before %s', (upper, lower) => {
    const events = rows.filter(({ reason }) => reason === upper || reason === lower).flatMap((row) => row.events);
    expect(reasonOf(events, giftcard, 'service')).toBe(upper);
  });

  it('answers with the basis service, for ever, also for an address never heard of', () => {
    expect(ask([], giftcard, 'service')).toStrictEqual({
      eligible: true,
      reason: 'SERVICE',
      basis: 'service',
      validUntil: null,
      evidence: [],
      policy: giftcard,
    });
  });

  it('goes through a restriction where the policy lets it, and commercial mail does not', () => {
    const restricted = [happened('ProcessingRestricted', '2024-05-30T10:00:00Z', {})];
    expect(reasonOf(restricted, harbour, 'service')).toBe('SERVICE');
    expect(reasonOf(restricted, harbour, 'survey')).toBe('RESTRICTED');
  });
});

const [before, then, after] = ['2024-01-01T10:00:00.000Z', '2024-02-01T10:00:00.000Z', '2024-02-01T10:00:00.001Z'];

describe('what ends each row, and what does not', () => {
  const erased = happened('PersonalDataErased', then, { reason: 'retention' });
  const erasedOnRequest = happened('PersonalDataErased', then, { reason: 'request' });

  it.each([
    ['an opt-in', optedIn(after), 'CONSENT'],
    ['an opt-in to another purpose', optedIn(after, 'sales-contact'), 'NO_CONSENT'],
    ['a reported opt-in', reported(after), 'CONSENT'],
    ['a new agreement', customerStarted(after, ...conditions), 'SOFT_OPT_IN'],
    ['a purchase', happened('PurchaseMade', after, {}), 'NO_CONSENT'],
    ['a contact from the person', happened('ContactMade', after, {}), 'NO_CONSENT'],
    ['no request that waits for confirmation', optInRequested(after), 'ERASED'],
    ['no end of an agreement', happened('CustomerEnded', after, {}), 'ERASED'],
    ['no proof of the address', happened('AddressProven', after, {}), 'ERASED'],
    ['no opt-in at the same instant', optedIn(then), 'ERASED'],
    ['no opt-in before', optedIn(before), 'ERASED'],
  ] as const)('ERASED: %s (P7)', (_sentence, event, reason) => {
    expect(reasonOf([erased, event], giftcard)).toBe(reason);
  });

  it('ERASED: nothing from before it holds again once the contact came back (P7)', () => {
    const history = [optedIn(before), optInRequested(before), customerStarted(before, ...conditions), erased];
    expect(reasonOf([...history, happened('ContactMade', after, {})], giftcard)).toBe('NO_CONSENT');
  });

  it('ERASED: an opt-out from before it stands, also when the address comes back as a customer (P7)', () => {
    expect(reasonOf([optedOut(before), erased, customerStarted(after, ...conditions)], giftcard)).toBe('OPTED_OUT');
  });

  it('ERASED: at the request of the person it opts out of all, until an opt-in for the purpose (P7)', () => {
    const returned = [erasedOnRequest, customerStarted(after, ...conditions)];
    expect(reasonOf(returned, giftcard)).toBe('OPTED_OUT');
    expect(reasonOf([erasedOnRequest, reported(after)], giftcard)).toBe('OPTED_OUT');
    expect(reasonOf([...returned, optedIn(after)], giftcard)).toBe('CONSENT');
    expect(reasonOf([...returned, optedIn(after)], giftcard, 'event-invitation')).toBe('OPTED_OUT');
  });

  it.each([
    ['its lifting', happened('RestrictionLifted', after, {}), 'CONSENT'],
    ['no lifting at the same instant', happened('RestrictionLifted', then, {}), 'RESTRICTED'],
    ['no lifting before', happened('RestrictionLifted', before, {}), 'RESTRICTED'],
    ['no opt-in', optedIn(after), 'RESTRICTED'],
  ] as const)('RESTRICTED: %s (P9)', (_sentence, event, reason) => {
    expect(reasonOf([optedIn(before), happened('ProcessingRestricted', then, {}), event], giftcard)).toBe(reason);
  });

  it.each([
    ['an opt-in, of any purpose', optedIn(after, 'sales-contact'), 'SOFT_OPT_IN'],
    [
      'a confirmation',
      happened('OptInConfirmed', after, { purposes: ['newsletter'], statement, requestId: 'r' }),
      'CONSENT',
    ],
    ['a renewal', happened('ConsentRenewed', after, { purposes: ['newsletter'], statement }), 'CONSENT'],
    ['a proof of the address', happened('AddressProven', after, {}), 'SOFT_OPT_IN'],
    ['no proof at the same instant', happened('AddressProven', then, {}), 'UNDELIVERABLE'],
    ['no report by an import', reported(after), 'UNDELIVERABLE'],
    ['no purchase', happened('PurchaseMade', after, {}), 'UNDELIVERABLE'],
  ] as const)('UNDELIVERABLE: %s', (_sentence, event, reason) => {
    const history = [customerStarted(before, ...conditions), happened('MailBounced', then, { permanent: true }), event];
    expect(reasonOf(history, giftcard)).toBe(reason);
  });

  it.each([
    ['an opt-in', optedIn(after), 'CONSENT'],
    ['no opt-in to another purpose', optedIn(after, 'sales-contact'), 'COMPLAINED'],
    ['no opt-in at the same instant', optedIn(then), 'COMPLAINED'],
    ['no report by an import', reported(after), 'COMPLAINED'],
    ['no new agreement', customerStarted(after, ...conditions), 'COMPLAINED'],
  ] as const)('COMPLAINED: %s (P4)', (_sentence, event, reason) => {
    expect(reasonOf([happened('SpamReported', then, {}), event], giftcard)).toBe(reason);
  });

  it.each([
    ['an opt-in', optedIn(after), 'CONSENT'],
    ['a renewal', happened('ConsentRenewed', after, { purposes: ['newsletter'], statement }), 'CONSENT'],
    ['no opt-in to another purpose', optedIn(after, 'sales-contact'), 'OPTED_OUT'],
    ['no opt-in at the same instant', optedIn(then), 'OPTED_OUT'],
    ['no request that waits for confirmation', optInRequested(after), 'OPTED_OUT'],
    ['no report by an import', reported(after), 'OPTED_OUT'],
    ['no purchase', happened('PurchaseMade', after, {}), 'OPTED_OUT'],
    ['no new agreement', customerStarted(after, ...conditions), 'OPTED_OUT'],
    ['no proof of the address', happened('AddressProven', after, {}), 'OPTED_OUT'],
  ] as const)('OPTED_OUT: %s (P4)', (_sentence, event, reason) => {
    expect(reasonOf([optedIn(before), optedOut(then), event], giftcard)).toBe(reason);
  });

  it('OPTED_OUT: of all mail covers every commercial purpose, and an opt-in ends it for its own alone (P4)', () => {
    const history = [happened('OptedOut', then, { purposes: 'all' }), optedIn(after)];
    expect(reasonOf(history, giftcard)).toBe('CONSENT');
    expect(reasonOf(history, giftcard, 'sales-contact')).toBe('OPTED_OUT');
    expect(reasonOf(history, giftcard, 'service')).toBe('SERVICE');
  });

  it('OPTED_OUT: of one purpose leaves the others (P4)', () => {
    const history = [optedIn(before, 'newsletter', 'sales-contact'), optedOut(then)];
    expect(reasonOf(history, giftcard, 'sales-contact')).toBe('CONSENT');
  });

  it('OPTED_OUT: taken back, it brings back what was before, and an earlier opt-out too (P4)', () => {
    const last = optedOut(after);
    const undone = happened('OptOutUndone', after, { optOutId: last.id });
    expect(reasonOf([optedIn(before), last, undone], giftcard)).toBe('CONSENT');
    expect(reasonOf([optedIn(before), optedOut(then), last, undone], giftcard)).toBe('OPTED_OUT');
  });

  it('CONSENT: a report counts where the person never answered, but never renews or revives what the person gave (P3, P5)', () => {
    const given = optedIn('2021-05-01T10:00:00Z');
    const whileItRuns = reported('2024-01-01T10:00:00Z');
    const onceItEnded = reported('2024-05-31T10:00:00Z');
    expect(ask([whileItRuns], giftcard)).toMatchObject({ reason: 'CONSENT', evidence: [{ id: whileItRuns.id }] });
    expect(ask([given, whileItRuns], giftcard)).toMatchObject({
      reason: 'CONSENT_LAPSED',
      evidence: [{ id: given.id }],
    });
    expect(ask([given, onceItEnded], giftcard)).toMatchObject({
      reason: 'CONSENT_LAPSED',
      evidence: [{ id: given.id }],
    });
  });

  it('PENDING_CONFIRMATION: ends with any later consent of the person, and not with a report (P3)', () => {
    const request = optInRequested('2020-01-01T10:00:00Z');
    expect(reasonOf([request, optedIn('2020-01-02T10:00:00Z')], giftcard)).toBe('CONSENT_LAPSED');
    expect(reasonOf([request, optedIn('2020-01-01T10:00:00Z')], giftcard)).toBe('CONSENT_LAPSED');
    expect(reasonOf([request, reported('2020-01-02T10:00:00Z')], giftcard)).toBe('PENDING_CONFIRMATION');
    expect(reasonOf([request, optedIn('2019-12-31T10:00:00Z')], giftcard)).toBe('PENDING_CONFIRMATION');
  });
});

describe('the soft opt-in (P2)', () => {
  it('names the conditions that are not on record, in the order of the policy', () => {
    expect(ask([customerStarted(before, 'similarProducts')], giftcard)).toMatchObject({
      eligible: false,
      reason: 'SOFT_OPT_IN_INCOMPLETE',
      missing: ['informedAtCollection', 'optOutOffered'],
    });
  });

  it('is judged by the latest agreement', () => {
    expect(reasonOf([customerStarted(before, ...conditions), customerStarted(then)], giftcard)).toBe(
      'SOFT_OPT_IN_INCOMPLETE',
    );
  });

  it('holds only for the purposes that the policy lists', () => {
    const customer = [customerStarted(before, ...conditions)];
    expect(reasonOf(customer, giftcard, 'event-invitation')).toBe('SOFT_OPT_IN');
    expect(reasonOf(customer, giftcard, 'personalised-message')).toBe('NO_CONSENT');
  });

  it('ends with an agreement that ended as it started (law 1)', () => {
    const history = [customerStarted('2022-01-01T10:00:00Z', ...conditions)];
    const ended = happened('CustomerEnded', '2022-01-01T10:00:00Z', {});
    expect(reasonOf([...history, ended], giftcard)).toBe('RELATIONSHIP_ENDED');
  });

  it('runs again with a new agreement', () => {
    const history = [happened('CustomerEnded', '2022-01-01T10:00:00Z', {}), customerStarted(before, ...conditions)];
    expect(ask(history, giftcard)).toMatchObject({ reason: 'SOFT_OPT_IN', validUntil: null });
  });

  it('lacks every condition where only the end of the agreement is known', () => {
    const ended = happened('CustomerEnded', before, {});
    expect(ask([ended], giftcard)).toMatchObject({
      reason: 'SOFT_OPT_IN_INCOMPLETE',
      missing: ['informedAtCollection', 'optOutOffered', 'similarProducts'],
      evidence: [{ id: ended.id }],
    });
  });

  it('is no longer incomplete but gone, once it could not hold any more', () => {
    const history = [customerStarted('2022-01-01T10:00:00Z'), happened('CustomerEnded', '2023-05-01T10:00:00Z', {})];
    expect(reasonOf(history, giftcard)).toBe('NO_CONSENT');
  });
});

describe('the trace', () => {
  it('holds each row that was tried up to the one that decided, and why', () => {
    const state = foldContact([optedIn('2020-01-01T10:00:00Z')]);
    expect(traceEligibility(state, giftcard, 'newsletter', instant(now))).toStrictEqual([
      { row: 1, reason: 'ERASED', applies: false, because: 'The personal data was not erased.' },
      { row: 2, reason: 'RESTRICTED', applies: false, because: 'Processing was not restricted.' },
      { row: 3, reason: 'UNDELIVERABLE', applies: false, because: 'No permanent delivery failure is on record.' },
      { row: 4, reason: 'COMPLAINED', applies: false, because: 'No spam complaint is on record.' },
      { row: 5, reason: 'OPTED_OUT', applies: false, because: 'No opt-out of newsletter stands.' },
      {
        row: 6,
        reason: 'CONSENT',
        applies: false,
        because: 'Consent for newsletter was given, but is no longer valid.',
      },
      { row: 7, reason: 'SOFT_OPT_IN', applies: false, because: 'No customer relationship is on record.' },
      {
        row: 8,
        reason: 'PENDING_CONFIRMATION',
        applies: false,
        because: 'No opt-in to newsletter waits for a confirmation.',
      },
      {
        row: 9,
        reason: 'CONSENT_LAPSED',
        applies: true,
        because: 'Consent for newsletter was not renewed in time.',
      },
    ]);
  });

  it.each(rows)('ends where the verdict is $reason', ({ reason, events }) => {
    const steps = traceEligibility(foldContact(events), harbour, 'newsletter', instant(now));
    expect(steps.at(-1)).toMatchObject({ reason, applies: true });
    expect(steps.slice(0, -1).every(({ applies }) => !applies)).toBe(true);
  });

  it('says why a restriction does not stop service mail', () => {
    const state = foldContact([happened('ProcessingRestricted', before, {})]);
    expect(traceEligibility(state, harbour, 'service', instant(now))[1]).toStrictEqual({
      row: 2,
      reason: 'RESTRICTED',
      applies: false,
      because: 'Processing is restricted, but the policy lets service mail through.',
    });
  });
});
