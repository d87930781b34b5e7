import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn, optedOut, reported, statement } from './contact.fixture.js';
import { compilePolicy } from './policy.js';
import { giftcard, giftcardDocument, harbour } from './policy.fixture.js';
import { renewConsent, type RenewConsent } from './renew-consent.js';

const given3YearsAgo = '2021-02-01T11:00:00.000Z';
const prompted = '2024-02-01T11:00:00.000Z';
const now = '2024-02-20T11:00:00.000Z';
/** P5: three years and thirty days on the wall clock of Amsterdam. */
const lapse = instant('2024-03-02T11:00:00.000Z');

const reconsent = { ...statement, id: 'reconsent' };
const command: RenewConsent = {
  purposes: ['newsletter'],
  statement: { id: 'reconsent', version: 1, language: 'nl' },
  occurredAt: instant(now),
};

function given(...events: ContactEvent[]) {
  const state = foldContact(events);
  return {
    when: (change: Partial<RenewConsent> = {}, policy = giftcard) =>
      renewConsent(state, { ...command, ...change }, policy),
  };
}

const prompt = (...purposes: string[]) =>
  happened('ReconsentPrompted', prompted, { purposes: purposes.length > 0 ? purposes : ['newsletter'] });
const renewed = (at: string, ...purposes: string[]) =>
  happened('ConsentRenewed', at, { purposes, statement: reconsent });
const renews = (...purposes: string[]) => ({
  events: [{ type: 'ConsentRenewed', data: { purposes, statement: reconsent } }],
});
const refused = (...purposes: string[]) => ({
  refused: { code: 'NOT_RENEWABLE', detail: expect.stringContaining('Only a new opt-in'), purposes },
});

describe('a yes to the question whether to go on (P5)', () => {
  it('renews the consent with the statement that was shown, and its hash', () => {
    expect(given(optedIn(given3YearsAgo), prompt()).when()).toStrictEqual(renews('newsletter'));
  });

  it('renews each purpose that was answered, once, and no other', () => {
    const purposes = ['newsletter', 'event-invitation'];
    const asked = given(optedIn(given3YearsAgo, ...purposes), prompt(...purposes));
    expect(asked.when({ purposes: [...purposes, 'newsletter'] })).toStrictEqual(renews(...purposes));
    expect(asked.when({ purposes: ['event-invitation'] })).toStrictEqual(renews('event-invitation'));
  });

  it('counts until the last millisecond of the window, and not at its end', () => {
    const asked = given(optedIn(given3YearsAgo), prompt());
    expect(asked.when({ occurredAt: lapse - 1 })).toStrictEqual(renews('newsletter'));
    expect(asked.when({ occurredAt: lapse })).toStrictEqual(refused('newsletter'));
  });

  it('given twice is recorded once, also long after the first', () => {
    const answered = given(optedIn(given3YearsAgo), prompt(), renewed('2024-02-02T11:00:00Z', 'newsletter'));
    expect(answered.when()).toStrictEqual({ events: [] });
    expect(answered.when({ occurredAt: lapse })).toStrictEqual({ events: [] });
  });

  it('to a second question is not the answer to the first', () => {
    const history = [optedIn(given3YearsAgo), prompt(), renewed('2024-02-02T11:00:00Z', 'newsletter')];
    const again = happened('ReconsentPrompted', '2027-02-02T11:00:00Z', { purposes: ['newsletter'] });
    const decision = given(...history, again).when({ occurredAt: instant('2027-02-03T11:00:00Z') });
    expect(decision).toStrictEqual(renews('newsletter'));
  });

  it('is recorded where nothing asked for it, but for a double click', () => {
    expect(given(optedIn(given3YearsAgo)).when()).toStrictEqual(renews('newsletter'));
    const before = renewed('2024-02-20T10:55:00.001Z', 'newsletter');
    expect(given(optedIn(given3YearsAgo), before).when()).toStrictEqual({ events: [] });
    const longBefore = renewed('2024-02-20T10:55:00.000Z', 'newsletter');
    expect(given(optedIn(given3YearsAgo), longBefore).when()).toStrictEqual(renews('newsletter'));
  });

  it('makes a consent that was only reported the own act of the person (P3)', () => {
    expect(given(reported(given3YearsAgo), prompt()).when()).toStrictEqual(renews('newsletter'));
  });

  it('is judged by the figures of the policy', () => {
    const membership = { purposes: ['newsletter'], statement: { id: 'membership', version: 3, language: 'nl' } };
    const member = given(optedIn('2024-01-01T11:00:00Z'));
    expect(member.when({ ...membership, occurredAt: instant('2024-06-30T15:00:00Z') }, harbour)).toMatchObject({
      events: [{ type: 'ConsentRenewed' }],
    });
    expect(member.when({ ...membership, occurredAt: instant('2024-07-01T15:00:00Z') }, harbour)).toMatchObject(
      refused('newsletter'),
    );
  });
});

describe('a yes is refused (P5)', () => {
  it.each([
    ['that was never given', []],
    ['that the person opted out of', [optedIn(given3YearsAgo), optedOut(prompted)]],
    ['after an opt-out of everything', [optedIn(given3YearsAgo), happened('OptedOut', prompted, { purposes: 'all' })]],
    ['after a complaint', [optedIn(given3YearsAgo), happened('SpamReported', prompted, {})]],
    [
      'after erasure by retention',
      [optedIn(given3YearsAgo), happened('PersonalDataErased', prompted, { reason: 'retention' })],
    ],
    [
      'after erasure on request',
      [optedIn(given3YearsAgo), happened('PersonalDataErased', prompted, { reason: 'request' })],
    ],
    ['that lapsed', [optedIn('2021-01-01T11:00:00Z'), prompt()]],
    ['that is given only later', [optedIn('2024-02-20T11:00:00.001Z')]],
  ])('to a consent %s', (_sentence, events) => {
    expect(given(...events).when()).toStrictEqual(refused('newsletter'));
  });

  it('as a whole when one of the purposes has ended, which it names', () => {
    const history = [optedIn(given3YearsAgo, 'newsletter', 'event-invitation'), optedOut(prompted)];
    const decision = given(...history).when({ purposes: ['event-invitation', 'newsletter'] });
    expect(decision).toStrictEqual(refused('newsletter'));
  });

  it('for a statement that the policy lacks or that is about something else (P3)', () => {
    const asked = given(optedIn(given3YearsAgo), prompt());
    expect(asked.when({ statement: { id: 'reconsent', version: 9, language: 'nl' } })).toMatchObject({
      refused: { code: 'UNKNOWN_STATEMENT' },
    });
    const membership = { id: 'membership', version: 3, language: 'nl' };
    expect(asked.when({ purposes: ['event-invitation'], statement: membership }, harbour)).toMatchObject({
      refused: { code: 'STATEMENT_DOES_NOT_COVER', purposes: ['event-invitation'] },
    });
  });

  it('to another text than the one that the policy asks on by now, which the page has not shown (P3)', () => {
    const { statements } = giftcardDocument;
    const reworded = { ...statements.find(({ id }) => id === 'reconsent')!, version: 2 };
    const policy = compilePolicy({ ...giftcardDocument, version: 2, statements: [...statements, reworded] });
    const asked = given(optedIn(given3YearsAgo), prompt());
    const detail = expect.stringContaining('asks on "reconsent" version 2');
    expect(asked.when({}, policy)).toStrictEqual({ refused: { code: 'STATEMENT_NOT_CURRENT', detail } });
    expect(asked.when({ statement: { ...command.statement, version: 2 } }, policy)).toMatchObject({
      events: [{ data: { statement: { version: 2 } } }],
    });
    const answered = given(optedIn(given3YearsAgo), prompt(), renewed('2024-02-02T11:00:00Z', 'newsletter'));
    expect(answered.when({}, policy)).toStrictEqual({ events: [] });
  });

  it('to the statement of a form that nobody was asked on again, though it covers the purpose (P3)', () => {
    const asked = given(optedIn(given3YearsAgo), prompt());
    const signup = { id: 'signup-form', version: 1, language: 'nl' };
    expect(asked.when({ statement: signup })).toMatchObject({ refused: { code: 'STATEMENT_NOT_CURRENT' } });
  });

  it('where the policy asks nobody again, and so shows no statement (P5)', () => {
    const { reconsent: _asksNobody, ...document } = giftcardDocument;
    expect(given(optedIn(given3YearsAgo), prompt()).when({}, compilePolicy(document))).toMatchObject({
      refused: { code: 'STATEMENT_NOT_CURRENT', detail: expect.stringContaining('nobody again') },
    });
  });

  it('for a purpose that the policy lacks (P10), and for service mail (P1)', () => {
    expect(given().when({ purposes: ['advertising'] })).toMatchObject({ refused: { code: 'UNKNOWN_PURPOSE' } });
    expect(given().when({ purposes: ['service'] })).toMatchObject({ refused: { code: 'PURPOSE_NOT_COMMERCIAL' } });
  });
});
