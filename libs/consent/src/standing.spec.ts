import { describe, expect, it } from '@jest/globals';
import { foldContact, unknownContact, type ContactEvent } from './contact.js';
import { happened, optedIn, optedOut, optInRequested } from './contact.fixture.js';
import {
  isKnown,
  momentFor,
  standingBounce,
  standingComplaint,
  standingErasure,
  standingOptOut,
  standingRequest,
  standingRestriction,
} from './standing.js';

const [then, after] = ['2024-02-01T10:00:00.000Z', '2024-02-01T10:00:00.001Z'];
const consent = (at: string) => optedIn(at);

describe('what stands until a later act ends it, and not one at the same instant (law 1)', () => {
  it.each([
    ['an erasure', happened('PersonalDataErased', then, { reason: 'retention' }), consent, standingErasure],
    [
      'a restriction',
      happened('ProcessingRestricted', then, {}),
      (at: string) => happened('RestrictionLifted', at, {}),
      standingRestriction,
    ],
    ['a bounce', happened('MailBounced', then, { permanent: true }), consent, standingBounce],
    ['a complaint', happened('SpamReported', then, {}), consent, standingComplaint],
    ['an opt-out', optedOut(then), consent, standingOptOut],
    ['an erasure on request', happened('PersonalDataErased', then, { reason: 'request' }), consent, standingOptOut],
  ])('%s', (_sentence, event: ContactEvent, end: (at: string) => ContactEvent, standing) => {
    const standsAfter = (...events: ContactEvent[]) => standing(foldContact(events), 'newsletter')?.id;
    expect(standsAfter()).toBeUndefined();
    expect(standsAfter(event)).toBe(event.id);
    expect(standsAfter(event, end(then))).toBe(event.id);
    expect(standsAfter(event, end(after))).toBeUndefined();
  });
});

describe('an erasure by retention', () => {
  const erased = happened('PersonalDataErased', then, { reason: 'retention' });
  const carried = (at: string, data: object) =>
    happened('PreferencesCarriedOver', at, { from: 'old', consents: [], optOuts: [], ...data });

  it('does not stand once a person named this address in place of another, and not for what merely follows them (P7, P9)', () => {
    expect(standingErasure(foldContact([erased, carried(after, { adopted: true })]))).toBeUndefined();
    expect(standingErasure(foldContact([erased, carried(then, { adopted: true })]))?.id).toBe(erased.id);
    expect(standingErasure(foldContact([erased, carried(after, {})]))?.id).toBe(erased.id);
  });
});

describe('the opt-out that stands', () => {
  it('is the latest of those that cover the purpose', () => {
    const fromAll = happened('OptedOut', after, { purposes: 'all' });
    const state = foldContact([optedOut(then), fromAll, optedOut('2024-03-01T10:00:00Z', 'sales-contact')]);
    expect(standingOptOut(state, 'newsletter')?.id).toBe(fromAll.id);
  });

  it('is the one before, where the latest was taken back', () => {
    const last = optedOut(after);
    const undone = happened('OptOutUndone', after, { optOutId: last.id });
    expect(standingOptOut(foldContact([optedOut(then), last, undone]), 'newsletter')?.id).toBe(optedOut(then).id);
  });
});

it('a request waits until a consent at its instant or later, and does not outlive an erasure', () => {
  const erased = happened('PersonalDataErased', then, { reason: 'retention' });
  expect(standingRequest(foldContact([optInRequested(then)]), 'newsletter')?.at).toBe(Date.parse(then));
  expect(standingRequest(foldContact([optInRequested(after), optedIn(then)]), 'newsletter')?.at).toBe(
    Date.parse(after),
  );
  expect(standingRequest(foldContact([optInRequested(then), optedIn(then)]), 'newsletter')).toBeUndefined();
  expect(standingRequest(foldContact([optInRequested(then), erased]), 'newsletter')).toBeUndefined();
});

it('a contact is known from its first event', () => {
  expect(isKnown(unknownContact)).toBe(false);
  expect(isKnown(foldContact([happened('MailBounced', then, { permanent: false })]))).toBe(true);
});

describe('the moment to judge for now', () => {
  const [at, since] = [Date.parse(then), Date.parse(after)];

  it('is now', () => {
    expect(momentFor(unknownContact, at)).toBe(at);
    expect(momentFor(foldContact([optedIn(then)]), since)).toBe(since);
  });

  it('is that of the latest act on record when the clock was set back', () => {
    expect(momentFor(foldContact([optedIn(then), optedOut(after)]), at)).toBe(since);
  });
});
