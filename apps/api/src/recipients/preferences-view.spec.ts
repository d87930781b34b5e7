import type { OwnPreferences } from '@consent-ledger/application';
import { compilePolicy, type PolicyDocument } from '@consent-ledger/consent';
import { shippedPolicy } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { preferencesView } from './preferences-view.js';
import { texts } from './texts.js';

const withoutForm: PolicyDocument = {
  ...shippedPolicy,
  statements: shippedPolicy.statements.filter(({ id }) => id === 'reconsent'),
};

/** How the page of somebody whose mail bounced tells them to show that it arrives again. */
function remedy(document: PolicyDocument, isOn: boolean) {
  const newsletter = {
    purpose: 'newsletter',
    isOn,
    reason: 'NO_CONSENT',
    since: undefined,
    isReported: false,
  } as const;
  const policy = compilePolicy(document);
  const own: OwnPreferences = {
    revision: 1,
    policy,
    purposes: [newsletter],
    hindrance: { reason: 'UNDELIVERABLE', since: 0 },
    history: [],
  };
  return preferencesView(own, { language: 'nl', texts: texts.nl, history: [{ policy, publishedAt: 0 }] }).hindrance
    ?.remedy;
}

describe('the preference page of somebody whose mail bounced (P4)', () => {
  it('tells them to switch something on, or else to subscribe once more', () => {
    expect(remedy(shippedPolicy, false)).toStrictEqual({ switchOn: true });
    expect(remedy(shippedPolicy, true)).toStrictEqual({ subscribe: true });
  });

  it('tells them to write where the policy has no form to subscribe on', () => {
    expect(remedy(withoutForm, true)).toStrictEqual({ write: true });
  });
});
