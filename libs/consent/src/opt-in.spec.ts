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
import { optIn, type OptIn } from './opt-in.js';
import { giftcard, harbour } from './policy.fixture.js';

const now = '2024-02-29T11:00:00.000Z';
const command: OptIn = {
  purposes: ['newsletter'],
  statement: { id: 'signup-form', version: 1, language: 'nl' },
  confirmation: 'none',
  actOf: 'person',
  recorded: false,
  occurredAt: instant(now),
};

function given(...events: ContactEvent[]) {
  const state = foldContact(events);
  return { when: (change: Partial<OptIn> = {}, policy = giftcard) => optIn(state, { ...command, ...change }, policy) };
}

function recorded(type: 'OptedIn' | 'OptInRequested', data: object) {
  return { events: [{ type, data: { purposes: ['newsletter'], statement, actOf: 'person', ...data } }] };
}

describe('an opt-in', () => {
  it('is recorded per purpose with the statement that was shown and its hash (P3)', () => {
    expect(given().when({ purposes: ['newsletter', 'sales-contact'] })).toStrictEqual(
      recorded('OptedIn', { purposes: ['newsletter', 'sales-contact'] }),
    );
  });

  it('waits for its confirmation where that was asked for (P3)', () => {
    expect(given().when({ confirmation: 'double' })).toStrictEqual(recorded('OptInRequested', {}));
  });

  it('ends an opt-out when it is an act of the person (P4)', () => {
    expect(given(optedOut('2024-01-01T10:00:00Z')).when()).toStrictEqual(recorded('OptedIn', {}));
  });

  it('is recorded again when it is given again: that moves its clock (P5)', () => {
    expect(given(optedIn('2024-02-29T10:59:59.999Z')).when()).toStrictEqual(recorded('OptedIn', {}));
  });

  it('is not recorded twice for the same instant', () => {
    expect(given(optedIn(now)).when()).toStrictEqual({ events: [] });
    expect(given(optInRequested(now)).when({ confirmation: 'double' })).toStrictEqual({ events: [] });
    expect(given(optInRequested(now)).when()).toStrictEqual(recorded('OptedIn', {}));
  });

  it('records only the purposes that are news, and each once', () => {
    const decision = given(optedIn(now)).when({ purposes: ['newsletter', 'sales-contact', 'sales-contact'] });
    expect(decision).toStrictEqual(recorded('OptedIn', { purposes: ['sales-contact'] }));
  });

  it('says when the call that proves it is deleted (P8)', () => {
    expect(given().when({ recorded: true })).toStrictEqual(
      recorded('OptedIn', { evidenceEndsAt: '2024-03-30T11:00:00.000Z' }),
    );
  });
});

describe('an opt-in that another party reports', () => {
  const imported = { actOf: 'reported' } as const;

  it('is recorded as such (P3)', () => {
    expect(given().when(imported)).toStrictEqual(recorded('OptedIn', imported));
  });

  it.each([
    ['an opt-out', optedOut('2024-01-01T10:00:00Z')],
    ['an opt-out of all', happened('OptedOut', '2024-01-01T10:00:00Z', { purposes: 'all' })],
    ['an opt-out that came after it', optedOut('2024-03-01T10:00:00Z')],
    ['a spam complaint', happened('SpamReported', '2024-01-01T10:00:00Z', {})],
    ['erasure on request', happened('PersonalDataErased', '2024-01-01T10:00:00Z', { reason: 'request' })],
  ])('is refused after %s (P4, law 2)', (_sentence, event) => {
    expect(given(event).when({ ...imported, purposes: ['newsletter'] })).toStrictEqual({
      refused: {
        code: 'OPTED_OUT',
        detail: 'The person opted out of "newsletter"; only an opt-in by the person ends that. Nothing was recorded.',
        purposes: ['newsletter'],
      },
    });
  });

  it('is refused as a whole when one of its purposes is opted out of (P4)', () => {
    const decision = given(optedOut('2024-01-01T10:00:00Z')).when({
      ...imported,
      purposes: ['sales-contact', 'newsletter'],
    });
    expect(decision).toMatchObject({ refused: { code: 'OPTED_OUT', purposes: ['newsletter'] } });
  });

  it('is refused also where it asks for a confirmation (P4)', () => {
    const decision = given(optedOut('2024-01-01T10:00:00Z')).when({ ...imported, confirmation: 'double' });
    expect(decision).toMatchObject({ refused: { code: 'OPTED_OUT' } });
  });

  it('is welcome again once the person opted in again (P4)', () => {
    const history = [optedOut('2022-01-01T10:00:00Z'), optedIn('2022-02-01T10:00:00Z')];
    expect(given(...history).when(imported)).toStrictEqual({ events: [] });
  });

  it.each([
    ['the person gave', optedIn('2021-01-30T11:00:00.001Z')],
    ['was reported', reported('2021-01-30T11:00:00.001Z')],
  ])('changes nothing of a consent that %s and that still runs: a sync renews nobody (P5)', (_sentence, event) => {
    expect(given(event).when(imported)).toStrictEqual({ events: [] });
  });

  it.each([
    ['the person gave', optedIn('2021-01-30T11:00:00.000Z')],
    ['was reported', reported('2021-01-30T11:00:00.000Z')],
  ])('is refused from the instant at which time had ended a consent that %s (P5)', (_sentence, event) => {
    expect(given(event).when({ ...imported, purposes: ['sales-contact', 'newsletter'] })).toStrictEqual({
      refused: {
        code: 'CONSENT_ENDED',
        detail:
          'Consent for "newsletter" has ended by time; only an opt-in by the person gives it again. Nothing was recorded.',
        purposes: ['newsletter'],
      },
    });
  });

  it('is refused where the last contact from the person was too long ago (P6)', () => {
    const decision = given(optedIn('2023-02-28T10:00:00Z', 'sales-contact')).when({
      ...imported,
      purposes: ['sales-contact'],
    });
    expect(decision).toMatchObject({ refused: { code: 'CONSENT_ENDED' } });
  });

  it('may ask the person for a confirmation where time had ended a consent: they give it anew (P5)', () => {
    const decision = given(optedIn('2020-01-30T11:00:00Z')).when({ ...imported, confirmation: 'double' });
    expect(decision).toStrictEqual(recorded('OptInRequested', imported));
  });

  it('is recorded where it happened before the consent on record', () => {
    expect(given(optedIn('2024-03-01T10:00:00Z')).when(imported)).toStrictEqual(recorded('OptedIn', imported));
  });
});

describe('an opt-in is refused', () => {
  it('for a purpose that the policy lacks (P10)', () => {
    expect(given().when({ purposes: ['newsletter', 'advertising'] })).toStrictEqual({
      refused: {
        code: 'UNKNOWN_PURPOSE',
        detail:
          'The policy has no purpose "advertising"; it has: newsletter, event-invitation, personalised-message, sales-contact, service.',
        purposes: ['advertising'],
      },
    });
  });

  it('for service mail, which needs none (P1)', () => {
    expect(given().when({ purposes: ['service'] })).toStrictEqual({
      refused: {
        code: 'PURPOSE_NOT_COMMERCIAL',
        detail: '"service" mail is operational: it needs no opt-in and an opt-out does not stop it.',
        purposes: ['service'],
      },
    });
  });

  it.each([
    [{ id: 'nowhere', version: 1, language: 'nl' }],
    [{ id: 'signup-form', version: 2, language: 'nl' }],
    [{ id: 'signup-form', version: 1, language: 'fr' }],
    [{ id: 'signup-form', version: 1, language: 'constructor' }],
  ])('for the statement %j, which the policy lacks (P3)', (unknown) => {
    expect(given().when({ statement: unknown })).toStrictEqual({
      refused: {
        code: 'UNKNOWN_STATEMENT',
        detail:
          `The policy has no statement "${unknown.id}" version ${unknown.version} in "${unknown.language}"; ` +
          'it has: "signup-form" version 1 (nl, en); "reconsent" version 1 (nl, en).',
      },
    });
  });

  it('for a purpose that the statement does not cover (P3)', () => {
    const membership = { id: 'membership', version: 3, language: 'en' };
    const decision = given(customerStarted('2024-01-01T10:00:00Z')).when(
      { purposes: ['newsletter', 'event-invitation'], statement: membership },
      harbour,
    );
    expect(decision).toStrictEqual({
      refused: {
        code: 'STATEMENT_DOES_NOT_COVER',
        detail: 'Statement "membership" version 3 does not cover "event-invitation".',
        purposes: ['event-invitation'],
      },
    });
  });
});
