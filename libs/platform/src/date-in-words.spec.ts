import { describe, expect, it } from '@jest/globals';
import { dateInWords } from './date-in-words.js';

describe('dateInWords', () => {
  it.each([
    ['nl', '31 maart 2027'],
    ['en', '31 March 2027'],
    ['de', '31. März 2027'],
  ])('writes a day in "%s" as its readers do', (language, words) => {
    expect(dateInWords(Date.UTC(2027, 2, 31, 11), language, 'Europe/Amsterdam')).toBe(words);
  });

  it('is the day on the calendar of the zone', () => {
    const lateEvening = Date.UTC(2027, 2, 30, 22, 30);
    expect(dateInWords(lateEvening, 'nl', 'Europe/Amsterdam')).toBe('31 maart 2027');
    expect(dateInWords(lateEvening, 'nl', 'America/New_York')).toBe('30 maart 2027');
  });
});
