import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn, optedOut, reported, statement } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { turnOn, type TurnOn } from './turn-on.js';

const [before, shown, since, now] = [1, 2, 3, 4].map((day) => `2024-02-0${day}T10:00:00.000Z`) as [
  string,
  string,
  string,
  string,
];
const { hash: _hash, ...shownStatement } = statement;

/** Turns the newsletter on, on a page that showed what had happened by then. */
function given(past: readonly ContactEvent[], later: readonly ContactEvent[] = []) {
  const command: TurnOn = { purposes: ['newsletter'], statement: shownStatement, occurredAt: instant(now) };
  const contact = { state: foldContact([...past, ...later]), since: later };
  return { when: (change: Partial<TurnOn> = {}) => turnOn(contact, { ...command, ...change }, giftcard) };
}

const recorded = (...purposes: string[]) => ({
  events: [{ type: 'OptedIn', data: { purposes, statement, actOf: 'person' } }],
});

describe('turning a purpose on where a page showed it as off', () => {
  it.each([
    ['nothing', []],
    ['an opt-out', [optedOut(before)]],
    ['a complaint', [happened('SpamReported', before, {})]],
    ['a bounce', [happened('MailBounced', before, { permanent: true })]],
    ['a report that was not the act of the person', [reported(before)]],
  ])('is an opt-in by the person, with the statement that was shown, after %s (P3, P4)', (_sentence, past) => {
    expect(given(past).when()).toStrictEqual(recorded('newsletter'));
  });

  it.each([
    ['an opt-out', [optedOut(since)]],
    ['an opt-out of all', [happened('OptedOut', since, { purposes: 'all' })]],
    ['a complaint', [happened('SpamReported', since, {})]],
    ['an erasure', [happened('PersonalDataErased', since, { reason: 'request' })]],
    ['an opt-out after the same form was sent', [optedIn(shown), optedOut(since)]],
  ])('is refused where %s came after the page was shown: that is the later word (P4)', (_sentence, later) => {
    expect(given([optedOut(before)], later).when()).toMatchObject({
      refused: { code: 'REQUEST_OVERTAKEN', purposes: ['newsletter'] },
    });
  });

  it('does not mind that another purpose was stopped meanwhile', () => {
    expect(given([], [optedOut(since, 'event-invitation')]).when()).toStrictEqual(recorded('newsletter'));
  });

  it('is not recorded again where the person gave it since, by the same form or elsewhere', () => {
    const purposes = ['newsletter'];
    const renewed = happened('ConsentRenewed', since, { purposes, statement });
    const confirmed = happened('OptInConfirmed', since, { purposes, statement, requestId: 'a-request' });
    for (const event of [optedIn(since), renewed, confirmed])
      expect(given([], [event]).when()).toStrictEqual({ events: [] });
    const both = { purposes: ['newsletter', 'sales-contact'] };
    expect(given([], [optedIn(since)]).when(both)).toStrictEqual(recorded('sales-contact'));
    expect(given([], [reported(since)]).when()).toStrictEqual(recorded('newsletter'));
  });

  it.each([{ id: 'reconsent' }, { version: 2 }])('is refused with another statement: %j (P3)', (other) => {
    const wanted = { statement: { ...shownStatement, ...other } };
    expect(given([]).when(wanted)).toMatchObject({ refused: { code: 'STATEMENT_NOT_CURRENT' } });
  });

  it('is refused in a language in which the statement is not, and for what it does not cover (P3, P10)', () => {
    const wanted = { statement: { ...shownStatement, language: 'de' } };
    expect(given([]).when(wanted)).toMatchObject({ refused: { code: 'UNKNOWN_STATEMENT' } });
    expect(given([]).when({ purposes: ['advertising'] })).toMatchObject({ refused: { code: 'UNKNOWN_PURPOSE' } });
    expect(given([]).when({ purposes: ['service'] })).toMatchObject({ refused: { code: 'PURPOSE_NOT_COMMERCIAL' } });
  });
});
