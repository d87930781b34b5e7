import { describe, expect, it } from '@jest/globals';
import { record, refuse, refusePurposes, repeats } from './decision.js';
import { giftcard, harbour } from './policy.fixture.js';

const at = Date.parse('2024-03-30T11:00:00Z');
const before = { at, id: 'before', type: 'OptedOut' } as const;

describe('an act', () => {
  it('repeats the one before within the minutes that the policy gives it', () => {
    const end = at + 5 * 60_000;
    expect(repeats(before, at, giftcard)).toBe(true);
    expect(repeats(before, end - 1, giftcard)).toBe(true);
    expect(repeats(before, end, giftcard)).toBe(false);
  });

  it('repeats it for as long as the policy says', () => {
    expect(repeats(before, Date.parse('2024-03-30T11:59:59.999Z'), harbour)).toBe(true);
    expect(repeats(before, Date.parse('2024-03-30T12:00:00Z'), harbour)).toBe(false);
  });

  it('does not repeat what came after it, nor nothing', () => {
    expect(repeats(before, at - 1, giftcard)).toBe(false);
    expect(repeats(undefined, at, giftcard)).toBe(false);
  });
});

describe('a decision', () => {
  it('holds the events to append, or why not', () => {
    const event = { type: 'ContactMade', data: {} } as const;
    expect(record(event)).toStrictEqual({ events: [event] });
    expect(refuse('NO_SUCH_REQUEST', 'Why.')).toStrictEqual({ refused: { code: 'NO_SUCH_REQUEST', detail: 'Why.' } });
  });

  it('passes purposes that are all commercial', () => {
    expect(refusePurposes(giftcard, ['newsletter', 'sales-contact'])).toBeUndefined();
  });

  it('names the purposes that the policy lacks before those that need no consent (P10, P1)', () => {
    expect(refusePurposes(giftcard, ['service', 'advertising', 'constructor'])).toMatchObject({
      refused: { code: 'UNKNOWN_PURPOSE', purposes: ['advertising', 'constructor'] },
    });
  });
});
