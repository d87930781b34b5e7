import { describe, expect, it } from '@jest/globals';
import { instant } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { strangerRetentionEnd } from './stranger.js';

const [march, june] = ['2020-03-01T12:00:00Z', '2020-06-01T12:00:00Z'].map(instant) as [number, number];

describe('the address of somebody who is not on record (P7)', () => {
  it('goes seven years after the last mail that was sent, by the calendar of the policy', () => {
    const mail = { waiting: 0, lastSentAt: march, lastSettledAt: june };
    expect(strangerRetentionEnd(mail, giftcard)).toBe(instant('2027-03-01T12:00:00Z'));
  });

  it('goes at once where each mail was kept back: nothing holds it', () => {
    expect(strangerRetentionEnd({ waiting: 0, lastSettledAt: june }, giftcard)).toBe(june);
  });

  it('stays while a mail waits', () => {
    expect(strangerRetentionEnd({ waiting: 1, lastSentAt: march, lastSettledAt: june }, giftcard)).toBeUndefined();
  });
});
