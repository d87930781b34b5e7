import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn, optedOut, statement } from './contact.fixture.js';
import { giftcard, harbour, orchard } from './policy.fixture.js';
import { askedBy, isAskedAlready, questionStanding, renewableUntil } from './reconsent.js';

const given = '2021-02-01T11:00:00.000Z';
const due = '2024-02-01T11:00:00.000Z';
const now = instant('2024-02-20T11:00:00.000Z');
/** P5: three years and thirty days on the wall clock of Amsterdam. */
const lapse = instant('2024-03-02T11:00:00.000Z');

const prompted = (at: string, ...purposes: string[]) => happened('ReconsentPrompted', at, { purposes });
const renewed = (at: string, ...purposes: string[]) => happened('ConsentRenewed', at, { purposes, statement });
const asked = [optedIn(given), prompted(due, 'newsletter')];

describe('how a question stands (P5)', () => {
  const standing = (events: ContactEvent[], at = now, policy = giftcard) =>
    questionStanding(foldContact(events), policy, 'newsletter', at);

  it('is open from the prompt until the consent ends', () => {
    expect(standing(asked)).toBe('open');
    expect(standing(asked, lapse - 1)).toBe('open');
    expect(standing(asked, lapse)).toBe('ended');
  });

  it('is renewed by a yes since it was asked, not by one before', () => {
    expect(standing([...asked, renewed('2024-02-02T11:00:00Z', 'newsletter')])).toBe('renewed');
    expect(standing([...asked, optedIn('2024-02-02T11:00:00Z')])).toBe('renewed');
    expect(standing([...asked, renewed('2023-02-02T11:00:00Z', 'newsletter')])).toBe('open');
  });

  it.each([
    ['stopped', 'an opt-out', optedOut(due)],
    ['stopped', 'an opt-out of everything', happened('OptedOut', due, { purposes: 'all' })],
    ['stopped', 'a complaint', happened('SpamReported', due, {})],
    ['ended', 'an erasure', happened('PersonalDataErased', due, { reason: 'retention' })],
    ['open', 'a restriction', happened('ProcessingRestricted', due, {})],
    ['open', 'an opt-out of something else', optedOut(due, 'event-invitation')],
  ])('is %s after %s', (expected, _sentence, event) => {
    expect(standing([...asked, event])).toBe(expected);
  });

  it('has ended for a purpose that the policy lacks (P10)', () => {
    expect(questionStanding(foldContact([optedIn(given, 'advertising')]), giftcard, 'advertising', now)).toBe('ended');
  });
});

describe('renewableUntil', () => {
  it('is the end of the consent by the figures of the policy, and nothing after an opt-out', () => {
    const state = foldContact([optedIn('2024-01-01T11:00:00Z')]);
    expect(renewableUntil(state, harbour, 'newsletter', now)).toBe(instant('2024-07-01T10:00:00Z'));
    const out = foldContact([optedIn('2024-01-01T11:00:00Z'), optedOut('2024-01-02T11:00:00Z')]);
    expect(renewableUntil(out, harbour, 'newsletter', now)).toBeUndefined();
  });
});

describe('what a prompt asks about (P5)', () => {
  const id = `ReconsentPrompted ${due}`;
  const both = ['newsletter', 'event-invitation'];
  const ask = (events: ContactEvent[], { purposes = both, isOnRecord = true, at = now, policy = giftcard } = {}) =>
    askedBy(foldContact(events), policy, { id, purposes, isOnRecord }, at).map(({ purpose }) => purpose);

  const askedAboutBoth = [optedIn(given, ...both), prompted(due, ...both)];

  it('is every purpose of it that is still to be answered, with the end of its consent', () => {
    const later = optedIn('2021-02-20T11:00:00Z', 'event-invitation');
    const state = foldContact([optedIn(given), later, prompted(due, ...both)]);
    expect(askedBy(state, giftcard, { id, purposes: both, isOnRecord: true }, now)).toStrictEqual([
      { purpose: 'newsletter', endsAt: lapse },
      { purpose: 'event-invitation', endsAt: instant('2024-03-21T11:00:00Z') },
    ]);
  });

  it.each([
    ['a yes', renewed('2024-02-02T11:00:00Z', 'newsletter')],
    ['a no', optedOut('2024-02-02T11:00:00Z')],
    ['a later prompt about it', prompted('2024-02-10T11:00:00.000Z', 'newsletter')],
  ])('is no longer what was answered or overtaken by %s', (_sentence, event) => {
    expect(ask([...askedAboutBoth, event])).toStrictEqual(['event-invitation']);
  });

  it('is nothing after a restriction or a bounce, and nothing once the consent has ended', () => {
    expect(ask([...askedAboutBoth, happened('ProcessingRestricted', due, {})])).toStrictEqual([]);
    expect(ask([...askedAboutBoth, happened('MailBounced', due, { permanent: true })])).toStrictEqual([]);
    expect(ask(askedAboutBoth, { at: lapse - 1 })).toStrictEqual(both);
    expect(ask(askedAboutBoth, { at: lapse })).toStrictEqual([]);
  });

  it('is no longer a consent whose clock a contact started anew, where the policy lets it', () => {
    const told = [optedIn(given), prompted(due, 'newsletter')];
    const at = instant('2024-01-15T11:00:00Z');
    const before = [optedIn(given), { ...prompted('2024-01-05T11:00:00.000Z', 'newsletter'), id }];
    expect(ask(before, { policy: orchard, at, purposes: ['newsletter'] })).toStrictEqual(['newsletter']);
    const called = happened('ContactMade', '2024-01-10T11:00:00Z', {});
    expect(ask([...before, called], { policy: orchard, at, purposes: ['newsletter'] })).toStrictEqual([]);
    expect(ask([...told, called], { purposes: ['newsletter'] })).toStrictEqual(['newsletter']);
  });

  it('of a prompt that is not on record is what it would ask about now', () => {
    const events = [optedIn(given, ...both)];
    expect(ask(events, { isOnRecord: false })).toStrictEqual(both);
    expect(ask(events)).toStrictEqual([]);
    expect(ask([...events, renewed('2024-02-02T11:00:00Z', 'newsletter')], { isOnRecord: false })).toStrictEqual([
      'event-invitation',
    ]);
  });
});

describe('whether a prompt on record asks already (P5)', () => {
  const isAsked = (events: ContactEvent[], ...purposes: string[]) =>
    isAskedAlready(foldContact(events), giftcard, purposes);

  it('holds of each purpose that it asks about, and of no other', () => {
    const history = [optedIn(given, 'newsletter', 'event-invitation'), prompted(due, 'newsletter')];
    expect(isAsked(history, 'newsletter')).toBe(true);
    expect(isAsked(history, 'event-invitation', 'newsletter')).toBe(true);
    expect(isAsked(history, 'event-invitation')).toBe(false);
  });

  it('does not hold once the person answered, nor of what the last prompt asked three years before', () => {
    expect(isAsked([...asked, renewed('2024-02-02T11:00:00Z', 'newsletter')], 'newsletter')).toBe(false);
    expect(isAsked([optedIn(given), prompted('2021-01-01T11:00:00Z', 'newsletter')], 'newsletter')).toBe(false);
  });
});
