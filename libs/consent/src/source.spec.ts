import { describe, expect, it } from '@jest/globals';
import { actOf, sourceKinds, type SourceKind } from './source.js';

const ownHand: readonly SourceKind[] = ['web-form', 'preference-page', 'one-click', 'unsubscribe-page', 'mailto'];
const agents: readonly SourceKind[] = ['customer-service', 'paper', 'phone'];
const others = sourceKinds.filter((kind) => !ownHand.includes(kind) && !agents.includes(kind));

describe('an opt-in is the act', () => {
  it.each(ownHand)('of the person through %s', (kind) => {
    expect(actOf(kind, false)).toBe('person');
  });

  it.each(agents)('of the person through %s only with its evidence (P4, law 2)', (kind) => {
    expect(actOf(kind, true)).toBe('person');
    expect(actOf(kind, false)).toBe('reported');
  });

  it.each(others)('never of the person through %s, whatever it shows (P4, law 2)', (kind) => {
    expect(actOf(kind, true)).toBe('reported');
  });
});
