import { describe, expect, it } from '@jest/globals';
import { diffPolicies } from './policy-diff.js';
import type { PolicyDocument } from './policy.js';
import { giftcardDocument, harbourDocument, orchardDocument } from './policy.fixture.js';

function changed(changes: Partial<PolicyDocument>) {
  return diffPolicies(giftcardDocument, { ...giftcardDocument, ...changes });
}

const [signupForm, reconsent] = giftcardDocument.statements;

describe('the difference between two policies', () => {
  it.each([giftcardDocument, harbourDocument, orchardDocument])('is none between $id and itself', (document) => {
    expect(diffPolicies(document, JSON.parse(JSON.stringify(document)) as PolicyDocument)).toStrictEqual([]);
  });

  it('names a period by its path, with both its lengths', () => {
    const newsletter = {
      ...giftcardDocument.purposes['newsletter']!,
      consent: { renewAfter: 'P1Y', answerWindow: 'P30D', reminderAfter: 'P14D' },
    };
    expect(changed({ version: 2, purposes: { ...giftcardDocument.purposes, newsletter } })).toStrictEqual([
      { path: '/version', before: 1, after: 2 },
      { path: '/purposes/newsletter/consent/renewAfter', before: 'P3Y', after: 'P1Y' },
    ]);
  });

  it('names what a list gained and lost, and not the order of its names', () => {
    const covers = ['sales-contact', 'newsletter', 'survey'];
    expect(changed({ statements: [{ ...signupForm!, covers }, reconsent!] })).toStrictEqual([
      {
        path: '/statements/signup-form@1/covers',
        added: ['survey'],
        removed: ['event-invitation', 'personalised-message'],
      },
    ]);
    const backwards = [...signupForm!.covers].reverse();
    expect(changed({ statements: [{ ...signupForm!, covers: backwards }, reconsent!] })).toStrictEqual([]);
  });

  it('knows a statement by its id and version, wherever it stands', () => {
    expect(changed({ statements: [reconsent!, signupForm!] })).toStrictEqual([]);
    const added = { ...signupForm!, version: 2, covers: ['newsletter'], texts: { nl: 'Ja' } };
    expect(changed({ statements: [added, signupForm!, reconsent!] })).toStrictEqual([
      { path: '/statements/signup-form@2/covers', added: ['newsletter'], removed: [] },
      { path: '/statements/signup-form@2/texts/nl', after: 'Ja' },
    ]);
  });

  it('tells a text, and not its hash', () => {
    const texts = { nl: 'Nieuwe tekst', en: 'Text' };
    expect(
      changed({ statements: [{ ...signupForm!, texts, hashes: { nl: 'cc', en: 'dd' } }, reconsent!] }),
    ).toStrictEqual([{ path: '/statements/signup-form@1/texts/nl', before: 'Tekst', after: 'Nieuwe tekst' }]);
  });

  it('tells the names that stand in a list in several languages', () => {
    const { rights } = giftcardDocument;
    const recipients = [{ nl: 'Onze drukker', en: 'Our printer' }];
    const before = {
      ...giftcardDocument,
      rights: { ...rights!, recipients: [...recipients, { nl: 'Onze bezorger' }] },
    };
    const after = { ...giftcardDocument, rights: { ...rights!, recipients } };
    expect(diffPolicies(before, after)).toStrictEqual([
      { path: '/rights/recipients', added: [], removed: ['nl: Onze bezorger'] },
    ]);
    expect(diffPolicies(before, JSON.parse(JSON.stringify(before)) as PolicyDocument)).toStrictEqual([]);
  });

  it('tells all of what only one of them has', () => {
    const { softOptIn, ...without } = giftcardDocument;
    expect(softOptIn).toBeDefined();
    expect(diffPolicies(giftcardDocument, without)).toStrictEqual([
      { path: '/softOptIn/purposes', added: [], removed: ['newsletter', 'event-invitation'] },
      {
        path: '/softOptIn/conditions',
        added: [],
        removed: ['informedAtCollection', 'optOutOffered', 'similarProducts'],
      },
      { path: '/softOptIn/holdsAfterEnd', before: 'P12M' },
    ]);
    expect(diffPolicies(without, giftcardDocument).at(-1)).toStrictEqual({
      path: '/softOptIn/holdsAfterEnd',
      after: 'P12M',
    });
  });
});
