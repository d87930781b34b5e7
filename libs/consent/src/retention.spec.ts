import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foldContact, unknownContact, type ContactEvent } from './contact.js';
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
import { histories, moments } from './history.fixture.js';
import { NEVER } from './instant.js';
import { giftcard, harbour, orchard } from './policy.fixture.js';
import { endedGrounds, retentionOf } from './retention.js';

function grounds(events: readonly ContactEvent[], policy = giftcard): string[] {
  return retentionOf(foldContact(events), policy).grounds.map(({ ground, purpose, endsAt }) =>
    [ground, purpose, endsAt === NEVER ? 'open' : new Date(endsAt).toISOString().slice(0, 10)]
      .filter(Boolean)
      .join(' '),
  );
}

function end(events: readonly ContactEvent[], policy = giftcard): string {
  const { endsAt } = retentionOf(foldContact(events), policy);
  return endsAt === NEVER ? 'never' : new Date(endsAt).toISOString().slice(0, 10);
}

const consent = optedIn('2020-06-01T10:00:00Z');

describe('What holds personal data (P7)', () => {
  it('is nothing for a contact that the service has never heard of', () => {
    expect(retentionOf(unknownContact, giftcard)).toStrictEqual({ grounds: [], endsAt: NEVER });
  });

  it('is consent while it is valid, and its proof for two years after it ended (P7)', () => {
    expect(grounds([consent])).toStrictEqual(['consent newsletter 2023-07-01', 'consent-proof newsletter 2025-07-01']);
    expect(grounds([consent, optedOut('2021-06-01T10:00:00Z')])).toStrictEqual([
      'consent newsletter 2021-06-01',
      'consent-proof newsletter 2023-06-01',
      'consent-proof 2023-06-01',
    ]);
  });

  it('is the proof from the day on which the consent was given, where the policy says so (P7)', () => {
    expect(grounds([optedIn('2020-06-01T10:00:00Z', 'survey')], harbour)).toContain('consent-proof survey 2022-06-01');
  });

  it('is the proof of an opt-out that no consent came before (P7)', () => {
    expect(grounds([optedOut('2021-06-01T10:00:00Z')])).toStrictEqual(['consent-proof 2023-06-01']);
  });

  it('is the proof of a report that was taken back, for two years from then: it makes no account (P7)', () => {
    const report = reported('2019-01-01T10:00:00Z');
    const takenBack = happened('OptInTakenBack', '2026-06-01T10:00:00Z', { optInIds: [report.id] });
    expect(grounds([report, takenBack])).toStrictEqual(['consent-proof 2028-06-01']);
    expect(end([consent, report, takenBack])).toBe('2028-06-01');
    const erased = happened('PersonalDataErased', '2028-06-01T10:00:00Z', { reason: 'retention' });
    expect(grounds([report, takenBack, erased])).toStrictEqual([]);
  });

  it('is the agreement, until twelve months after its end (P7)', () => {
    const ended = happened('CustomerEnded', '2021-06-01T10:00:00Z', {});
    expect(grounds([customerStarted('2020-06-01T10:00:00Z'), ended])).toContain('agreement 2022-06-01');
  });

  it('is an agreement that runs, but not for longer than seven years without a sign of life (P7)', () => {
    expect(grounds([customerStarted('2020-06-01T10:00:00Z')])).toContain('agreement 2027-06-01');
  });

  it('is the account of a customer, until seven years after the last activity (P7)', () => {
    const ended = happened('CustomerEnded', '2021-06-01T10:00:00Z', {});
    const contact = happened('ContactMade', '2023-06-01T10:00:00Z', {});
    const customer = [customerStarted('2020-06-01T10:00:00Z'), ended];
    expect(grounds(customer)).toContain('inactive 2028-06-01');
    expect(end(customer)).toBe('2028-06-01');
    expect(end([...customer, contact])).toBe('2030-06-01');
    expect(grounds([contact])).not.toContain('inactive 2030-06-01');
  });

  it('is a purchase for seven years and a sales contact for twelve months (P7)', () => {
    const purchase = happened('PurchaseMade', '2020-06-01T10:00:00Z', {});
    const contact = happened('ContactMade', '2021-06-01T10:00:00Z', {});
    expect(grounds([purchase, contact])).toStrictEqual(['purchase 2027-06-01', 'sales-contact 2022-06-01']);
    expect(end([purchase, contact])).toBe('2027-06-01');
  });

  it('is the seven years of an inactive account for a contact of which only a failure is known (P7)', () => {
    expect(grounds([happened('MailBounced', '2020-06-01T10:00:00Z', { permanent: true })])).toStrictEqual([
      'inactive 2027-06-01',
    ]);
  });

  it.each([
    ['a temporary failure', happened('MailBounced', '2020-06-01T10:00:00Z', { permanent: false })],
    ['a legal hold that was lifted', happened('LegalHoldLifted', '2020-06-01T10:00:00Z', {})],
    ['an undo of what nobody knows', happened('OptOutUndone', '2020-06-01T10:00:00Z', { optOutId: 'gone' })],
  ])('is never without an end: %s alone ends as an inactive account does (P7)', (_what, event) => {
    expect(grounds([event])).toStrictEqual(['inactive 2027-06-01']);
    const erased = happened('PersonalDataErased', '2019-06-01T10:00:00Z', { reason: 'retention' });
    expect(grounds([erased, event])).toStrictEqual(['inactive 2027-06-01']);
  });

  it('is everything on record while a legal hold stands, and no longer once it is lifted (P7)', () => {
    const hold = happened('LegalHoldPlaced', '2025-06-01T10:00:00Z', {});
    const lifted = happened('LegalHoldLifted', '2026-06-01T10:00:00Z', {});
    expect(end([consent, hold])).toBe('never');
    expect(end([consent, hold, lifted])).toBe('2026-06-01');
  });

  it('is everything on record while processing is restricted (P9)', () => {
    expect(end([consent, happened('ProcessingRestricted', '2021-06-01T10:00:00Z', {})])).toBe('never');
  });

  it('is not moved by what the service does: a prompt and a lapse are no activity (P7)', () => {
    const prompted = happened('ReconsentPrompted', '2023-06-01T10:00:00Z', { purposes: ['newsletter'] });
    const lapsed = happened('ConsentLapsed', '2023-07-01T10:00:00Z', { purposes: ['newsletter'] });
    expect(grounds([consent, prompted, lapsed])).toStrictEqual(grounds([consent]));
  });

  it('is only what came after an erasure (P7)', () => {
    const erased = happened('PersonalDataErased', '2025-07-01T10:00:00Z', { reason: 'retention' });
    expect(grounds([consent, erased])).toStrictEqual([]);
    expect(grounds([consent, erased, optedOut('2025-08-01T10:00:00Z')])).toStrictEqual(['consent-proof 2027-08-01']);
  });

  it('is told with an erasure, ground by ground (P7)', () => {
    const { grounds: held } = retentionOf(foldContact([consent]), giftcard);
    expect(endedGrounds(held)[0]).toStrictEqual({
      ground: 'consent',
      purpose: 'newsletter',
      endedAt: new Date(instant('2023-07-01T10:00:00Z')).toISOString(),
    });
  });
});

describe('What holds an opt-in that nobody confirmed (P7)', () => {
  const request = optInRequested('2021-06-01T10:00:00Z', 'newsletter', 'event-invitation');
  const confirmation = { purposes: ['newsletter', 'event-invitation'], statement, requestId: request.id };
  const confirmed = happened('OptInConfirmed', '2021-06-02T10:00:00Z', confirmation);
  const bounced = happened('MailBounced', '2021-06-01T11:00:00Z', { permanent: true });

  it('is a short time of its own, from the last request on (P7)', () => {
    expect(grounds([request])).toStrictEqual(['unconfirmed 2021-06-29']);
    expect(grounds([request, optInRequested('2021-06-11T10:00:00Z')])).toStrictEqual(['unconfirmed 2021-07-09']);
  });

  it('is the time of the policy, where that names one (P7)', () => {
    expect(grounds([request], harbour)).toStrictEqual(['unconfirmed 2021-06-08']);
  });

  it('is no longer it once the person consents: then the consent holds (P7)', () => {
    expect(grounds([request, confirmed])).toStrictEqual(grounds([confirmed]));
    expect(grounds([request, optedIn('2021-06-02T10:00:00Z')])).toContain('unconfirmed 2021-06-29');
    expect(grounds([request, optedIn('2021-06-02T10:00:00Z', 'newsletter', 'event-invitation')])).not.toContain(
      'unconfirmed 2021-06-29',
    );
  });

  it('is not lengthened by the bounce of its mail (P7)', () => {
    expect(grounds([request, bounced])).toStrictEqual(['unconfirmed 2021-06-29']);
  });

  it('is nothing after an erasure, and a request after that is held anew (P7)', () => {
    const erased = happened('PersonalDataErased', '2021-06-29T10:00:00Z', { reason: 'retention' });
    expect(grounds([request, erased])).toStrictEqual([]);
    expect(grounds([request, erased, optInRequested('2021-08-01T10:00:00Z')])).toStrictEqual([
      'unconfirmed 2021-08-29',
    ]);
  });

  it.each([
    ['a customer', [customerStarted('2020-06-01T10:00:00Z')]],
    ['a reader', [consent]],
    ['somebody who opted out', [optedOut('2020-06-01T10:00:00Z')]],
    ['an address that was proven and nothing else', [happened('AddressProven', '2020-06-01T10:00:00Z', {})]],
  ])('moves no end of %s: a stranger may have asked for it (P7)', (_whom, events) => {
    expect(grounds([...events, request])).toStrictEqual(
      expect.arrayContaining([...grounds(events), 'unconfirmed 2021-06-29']),
    );
    expect(end([...events, request])).toBe(end(events));
  });

  it('moves no end of anybody who is held for longer, whatever the person did (P7)', () => {
    let held = 0;
    const others = histories([
      'OptedIn',
      'ConsentRenewed',
      'OptedOut',
      'SpamReported',
      'AddressProven',
      'CustomerStarted',
      'CustomerEnded',
      'PurchaseMade',
      'ContactMade',
      'PersonalDataErased',
    ]);
    fc.assert(
      fc.property(others, fc.constantFrom(giftcard, harbour, orchard), moments, (events, policy, at) => {
        const asked = { ...request, id: 'asked', occurredAt: at, recordedAt: at };
        const [before, after] = [events, [...events, asked]].map((known) => retentionOf(foldContact(known), policy));
        const own = policy.calendar.add(at, policy.retention.unconfirmed);
        if (before!.endsAt === NEVER || before!.endsAt <= own) return;
        held++;
        expect(after!.endsAt).toBe(before!.endsAt);
      }),
      { numRuns: 500 },
    );
    expect(held).toBeGreaterThan(100);
  });
});
