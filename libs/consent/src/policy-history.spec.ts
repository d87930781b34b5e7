import { describe, expect, it } from '@jest/globals';
import { NEVER } from './instant.js';
import type { Policy } from './policy.js';
import { nextPolicyChange, policyInForce, type PolicyHistory } from './policy-history.js';
import { giftcard } from './policy.fixture.js';

function published(version: number, inForceFrom: number, publishedAt: number) {
  const policy: Policy = { ...giftcard, version, inForceFrom };
  return { policy, publishedAt };
}

const history: PolicyHistory = [published(2, 200, 150), published(1, 100, 50), published(3, 200, 160)];

function versionAt(at: number, knownAt = NEVER, of = history): number {
  return policyInForce(of, at, knownAt).version;
}

describe('the policy in force (law 3)', () => {
  it('is the one that came into force last, from that very instant', () => {
    expect(versionAt(199)).toBe(1);
    expect(versionAt(200)).toBe(3);
  });

  it('is the one published last, of two that came into force together', () => {
    expect(versionAt(200, 159)).toBe(2);
    expect(versionAt(200, 160)).toBe(3);
  });

  it('is the one with the higher version, of two published and in force together', () => {
    const together: PolicyHistory = [published(2, 100, 50), published(1, 100, 50)];
    expect(versionAt(100, NEVER, together)).toBe(2);
    expect(versionAt(100, NEVER, [together[1]!, together[0]])).toBe(2);
  });

  it('counts from when it was known', () => {
    expect(versionAt(300, 149)).toBe(1);
    expect(versionAt(300, 150)).toBe(2);
  });

  it('is the first one for a moment before every policy', () => {
    expect(versionAt(0)).toBe(1);
  });

  it('is the one published first for a moment of knowledge before every publication', () => {
    expect(versionAt(300, 0)).toBe(1);
  });
});

describe('the next change of policy', () => {
  it.each([
    [0, NEVER, 100],
    [99, NEVER, 100],
    [100, NEVER, 200],
    [200, NEVER, undefined],
    [100, 149, undefined],
    [100, 150, 200],
  ])('after %d as known at %d is %s', (at, knownAt, expected) => {
    expect(nextPolicyChange(history, at, knownAt)).toBe(expected);
  });

  it('is none where there is one policy', () => {
    expect(nextPolicyChange([published(1, 100, 50)], 0, NEVER)).toBeUndefined();
  });
});
