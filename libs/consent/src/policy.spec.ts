import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { checkPolicy, compilePolicy, type PolicyDocument } from './policy.js';
import { giftcardDocument, harbourDocument, orchardDocument } from './policy.fixture.js';

const shipped = parse(
  readFileSync(new URL('../policies/dnp-giftcard.yaml', import.meta.url), 'utf8'),
) as PolicyDocument;

/** A copy of the policy with one value, at a JSON pointer, put in the place of another. */
function withValue(pointer: string, value: unknown): PolicyDocument {
  const document = JSON.parse(JSON.stringify(giftcardDocument)) as PolicyDocument;
  const names = pointer.split('/').slice(1);
  const last = names.pop()!;
  const parent = names.reduce<Record<string, unknown>>(
    (part, name) => part[name] as Record<string, unknown>,
    document as unknown as Record<string, unknown>,
  );
  parent[last] = value;
  return document;
}

describe('the policy that ships', () => {
  it('has no fault', () => {
    expect(checkPolicy(shipped)).toStrictEqual([]);
  });

  it('is in force from the day that the GDPR applied, in Amsterdam', () => {
    expect(compilePolicy(shipped).inForceFrom).toBe(Date.parse('2018-05-24T22:00:00Z'));
    expect(shipped).toMatchObject({ id: 'dnp-giftcard', version: 1, timeZone: 'Europe/Amsterdam' });
  });

  it('has the figures that the tests of the rules are written by (P1, P2, P5, P6, P7, P8, P9)', () => {
    const figures = ({
      purposes,
      softOptIn,
      serviceMail,
      sameActWithin,
      reconsent,
      retention,
      rights,
    }: PolicyDocument) => ({
      purposes: Object.entries(purposes).map(([name, { kind, consent }]) => ({ name, kind, consent })),
      softOptIn,
      serviceMail,
      sameActWithin,
      reconsent,
      retention,
      rights: rights && [rights.answerWithin, rights.extendableBy, rights.restrictsWhileJudged],
    });
    expect(figures(shipped)).toStrictEqual(figures(giftcardDocument));
  });

  it('has statements in Dutch and English that cover the four commercial purposes (P3)', () => {
    const commercial = ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'];
    expect(
      shipped.statements.map(({ id, version, covers, texts }) => ({
        id,
        version,
        covers,
        languages: Object.keys(texts),
      })),
    ).toStrictEqual([
      { id: 'signup-form', version: 1, covers: commercial, languages: ['nl', 'en'] },
      { id: 'reconsent', version: 1, covers: commercial, languages: ['nl', 'en'] },
    ]);
  });
});

describe('checkPolicy', () => {
  it.each([giftcardDocument, harbourDocument, orchardDocument])('finds no fault in $id', (document) => {
    expect(checkPolicy(document)).toStrictEqual([]);
  });

  const newsletter = '/purposes/newsletter/consent';
  const period = expect.stringContaining('is not an ISO 8601 period');
  const instant = expect.stringContaining('must be an RFC 3339 instant with an offset');
  const meaningless = expect.stringContaining('has no meaning without');

  it.each([
    ['an instant that does not parse', '/inForceFrom', '25 May 2018', '/inForceFrom', instant],
    ['an instant without an offset', '/inForceFrom', '2018-05-25T00:00:00', '/inForceFrom', instant],
    ['a day without a time', '/inForceFrom', '2018-05-25+02:00', '/inForceFrom', instant],
    ['a month that does not exist', '/inForceFrom', '2018-13-01T00:00:00Z', '/inForceFrom', instant],
    ['a zone that does not exist', '/timeZone', 'Europe/Atlantis', '/timeZone', expect.stringContaining('time zone')],
    ['a time', '/purposes/newsletter/consent/renewAfter', 'PT3H', '/purposes/newsletter/consent/renewAfter', period],
    [
      'no period',
      '/purposes/newsletter/consent/answerWindow',
      '30',
      '/purposes/newsletter/consent/answerWindow',
      period,
    ],
    [
      'no period',
      '/purposes/newsletter/consent/reminderAfter',
      '',
      '/purposes/newsletter/consent/reminderAfter',
      period,
    ],
    [
      'no period',
      '/purposes/sales-contact/consent/afterLastContact',
      'a year',
      '/purposes/sales-contact/consent/afterLastContact',
      period,
    ],
    ['no period', '/softOptIn/holdsAfterEnd', 'P', '/softOptIn/holdsAfterEnd', period],
    [
      'no length of time',
      '/sameActWithin',
      'P1D',
      '/sameActWithin',
      '"P1D" is not an ISO 8601 length of time such as PT10M or PT30S',
    ],
    ['no period', '/retention/consentProof/period', '2Y', '/retention/consentProof/period', period],
    ['no period', '/retention/unconfirmed', '30 days', '/retention/unconfirmed', period],
    ['no period', '/retention/recording', '30D', '/retention/recording', period],
    ['no period', '/retention/purchase', 'P7', '/retention/purchase', period],
    ['no period', '/rights/answerWithin', 'a month', '/rights/answerWithin', period],
    ['no period', '/rights/extendableBy', '2', '/rights/extendableBy', period],
    [
      'a kind of request that there is not',
      '/rights/restrictsWhileJudged',
      ['objection', 'complaint'],
      '/rights/restrictsWhileJudged',
      expect.stringContaining('"complaint" is not one of the kinds of request'),
    ],
    [
      'no ground to refuse on',
      '/rights/refusalGrounds',
      {},
      '/rights/refusalGrounds',
      'names no ground: no request could be refused',
    ],
    [
      'consent for an operational purpose',
      '/purposes/service/consent',
      { renewAfter: 'P3Y' },
      '/purposes/service/consent',
      'an operational purpose needs no consent: remove it',
    ],
    [
      'a window after no prompt',
      '/purposes/newsletter/consent',
      { answerWindow: 'P30D' },
      '/purposes/newsletter/consent/answerWindow',
      meaningless,
    ],
    [
      'a question on a statement that is not there',
      '/reconsent',
      { statement: 'signup' },
      '/reconsent/statement',
      '"signup" is not one of the statements',
    ],
    [
      'a question about a purpose that its statement does not cover',
      '/statements/1/covers',
      ['newsletter', 'personalised-message'],
      '/reconsent/statement',
      'version 1 does not cover "event-invitation", about which it is to ask',
    ],
    [
      'a form on a statement that is not there',
      '/subscribe',
      { statement: 'signup' },
      '/subscribe/statement',
      '"signup" is not one of the statements',
    ],
    [
      'a reminder in no window',
      '/purposes/newsletter/consent',
      { renewAfter: 'P3Y', reminderAfter: 'P14D' },
      '/purposes/newsletter/consent/reminderAfter',
      meaningless,
    ],
    [
      'a clock that no contact starts',
      newsletter,
      { renewAfter: 'P3Y', renewFrom: 'last-contact' },
      `${newsletter}/renewFrom`,
      'has no meaning without movedBy: name the contacts that start the clock',
    ],
    [
      'a clock that none starts of no contacts',
      newsletter,
      { renewAfter: 'P3Y', renewFrom: 'last-contact', movedBy: [] },
      `${newsletter}/renewFrom`,
      meaningless,
    ],
    ['the start of no clock', newsletter, { renewFrom: 'given' }, `${newsletter}/renewFrom`, meaningless],
    [
      'contacts beside a clock that they do not move',
      newsletter,
      { renewAfter: 'P3Y', renewFrom: 'given', movedBy: ['contact'] },
      `${newsletter}/movedBy`,
      'has no meaning without afterLastContact, or renewFrom: last-contact',
    ],
    ['no period', newsletter, { renewAfter: 'P3Y', promptBefore: '30' }, `${newsletter}/promptBefore`, period],
    ['a prompt before no end', newsletter, { promptBefore: 'P30D' }, `${newsletter}/promptBefore`, meaningless],
    [
      'a prompt before the end that opens a window after it too',
      newsletter,
      { renewAfter: 'P3Y', answerWindow: 'P30D', promptBefore: 'P30D' },
      `${newsletter}/promptBefore`,
      expect.stringContaining('contradicts answerWindow'),
    ],
    [
      'a prompt before the consent',
      newsletter,
      { renewAfter: 'P1M', promptBefore: 'P31D' },
      `${newsletter}/promptBefore`,
      'a prompt P31D before the end falls due before the clock of P1M starts',
    ],
    [
      'a reminder at the end of the window',
      newsletter,
      { renewAfter: 'P3Y', answerWindow: 'P2W', reminderAfter: 'P14D' },
      `${newsletter}/reminderAfter`,
      'a reminder after P14D falls due when there is no time left to answer',
    ],
    [
      'a reminder after the end',
      newsletter,
      { renewAfter: 'P3Y', promptBefore: 'P30D', reminderAfter: 'P2M' },
      `${newsletter}/reminderAfter`,
      'a reminder after P2M falls due when there is no time left to answer',
    ],
    [
      'a contact that moves no clock',
      '/purposes/newsletter/consent',
      { movedBy: ['contact'] },
      '/purposes/newsletter/consent/movedBy',
      meaningless,
    ],
    [
      'a soft opt-in for a purpose that is not there',
      '/softOptIn/purposes/1',
      'survey',
      '/softOptIn/purposes/1',
      expect.stringContaining('is not one of the purposes'),
    ],
    [
      'a soft opt-in for service mail',
      '/softOptIn/purposes/0',
      'service',
      '/softOptIn/purposes/0',
      '"service" is not a commercial purpose',
    ],
    [
      'a statement about a purpose that every object seems to have',
      '/statements/0/covers/2',
      'toString',
      '/statements/0/covers/2',
      expect.stringContaining('is not one of the purposes'),
    ],
    [
      'a statement twice',
      '/statements/2',
      giftcardDocument.statements[0],
      '/statements/2',
      'statement "signup-form" version 1 appears twice',
    ],
  ])('finds %s at %s: %j', (_sentence, pointer, value, path, message) => {
    expect(checkPolicy(withValue(pointer, value))).toStrictEqual([{ path, message }]);
  });

  it.each([
    ['all', '/purposes/all'],
    ['constructor', '/purposes/constructor'],
    ['News Letter', '/purposes/News Letter'],
    ['1', '/purposes/1'],
    ['news/letter~', '/purposes/news~1letter~0'],
  ])('finds a purpose named "%s"', (name, path) => {
    const { service } = giftcardDocument.purposes;
    const document = { ...giftcardDocument, purposes: { ...giftcardDocument.purposes, [name]: service! } };
    expect(checkPolicy(document)).toStrictEqual([{ path, message: expect.stringContaining('kebab-case') }]);
  });

  it.each([
    { renewAfter: 'P3Y', promptBefore: 'P30D', reminderAfter: 'P14D' },
    { renewAfter: 'P3Y', promptBefore: 'P1M', reminderAfter: 'P28D' },
    { renewAfter: 'P1M', answerWindow: 'P29D', reminderAfter: 'P1M' },
    { renewAfter: 'P2Y', renewFrom: 'last-contact' as const, movedBy: ['contact' as const] },
    { renewAfter: 'P2Y', renewFrom: 'given' as const, promptBefore: 'P23M' },
  ])('finds no fault in %j, which leaves time to answer in some month', (consent) => {
    expect(checkPolicy(withValue(newsletter, consent))).toStrictEqual([]);
  });

  it('finds every fault, not only the first', () => {
    const document = { ...giftcardDocument, timeZone: 'Nowhere', sameActWithin: 'P' };
    expect(checkPolicy(document).map(({ path }) => path)).toStrictEqual(['/timeZone', '/sameActWithin']);
  });
});

describe('compilePolicy', () => {
  it('reads every figure, for each purpose', () => {
    const { purposes } = compilePolicy(harbourDocument);
    expect(purposes.get('newsletter')).toStrictEqual({
      name: 'newsletter',
      commercial: true,
      renewAfter: { months: 12, days: 0 },
      renewFrom: 'given',
      answerWindow: { months: 0, days: 7 },
      promptBefore: undefined,
      reminderAfter: undefined,
      afterLastContact: { months: 6, days: 0 },
      movedBy: ['contact', 'customer-started'],
      proofKept: { months: 24, days: 0 },
      softOptIn: { conditions: ['optOutOffered', 'memberOfClub'], holdsAfterEnd: { months: 3, days: 0 } },
    });
    expect(purposes.get('event-invitation')).toMatchObject({ renewAfter: undefined, softOptIn: undefined });
    expect(purposes.get('service')).toMatchObject({ commercial: false });
  });

  it('reads where the clock of renewal starts, when it asks again, and when it asks once more (P5)', () => {
    expect(compilePolicy(orchardDocument).purposes.get('newsletter')).toMatchObject({
      renewAfter: { months: 36, days: 0 },
      renewFrom: 'last-contact',
      answerWindow: undefined,
      promptBefore: { months: 0, days: 30 },
      reminderAfter: { months: 0, days: 14 },
      movedBy: ['contact', 'purchase'],
    });
  });

  it('reads how long each ground holds personal data (P7, P8)', () => {
    expect(compilePolicy(harbourDocument).retention).toStrictEqual({
      consentProof: { period: { months: 24, days: 0 }, from: 'given' },
      unconfirmed: { months: 0, days: 7 },
      agreementEnded: { months: 12, days: 0 },
      purchase: { months: 84, days: 0 },
      salesContact: { months: 12, days: 0 },
      inactive: { months: 84, days: 0 },
      recording: { months: 0, days: 14 },
    });
  });

  it('holds an unconfirmed request for four weeks where the document does not say, as none did before (P7)', () => {
    expect(compilePolicy(giftcardDocument).retention.unconfirmed).toStrictEqual({ months: 0, days: 28 });
  });

  it('lets consent outlive its proof where the proof is counted from the end (P7)', () => {
    expect(compilePolicy(giftcardDocument).purposes.get('newsletter')?.proofKept).toBeUndefined();
  });

  it('needs no soft opt-in', () => {
    const document = structuredClone(giftcardDocument) as { -readonly [K in keyof PolicyDocument]: PolicyDocument[K] };
    delete document.softOptIn;
    expect(checkPolicy(document)).toStrictEqual([]);
    expect(compilePolicy(document).purposes.get('newsletter')?.softOptIn).toBeUndefined();
  });

  it('refuses a document with a fault, and names it', () => {
    expect(() => compilePolicy({ ...giftcardDocument, sameActWithin: 'P' })).toThrow(
      new RangeError(
        'Policy dnp-giftcard version 1: /sameActWithin "P" is not an ISO 8601 length of time such as PT10M or PT30S',
      ),
    );
  });
});
