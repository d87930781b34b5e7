import { describe, expect, it } from '@jest/globals';
import { parseClockTime, parsePeriod } from './period.js';

describe('a period', () => {
  it.each([
    ['P3Y', { months: 36, days: 0 }],
    ['P12M', { months: 12, days: 0 }],
    ['P30D', { months: 0, days: 30 }],
    ['P2W', { months: 0, days: 14 }],
    ['P1Y2M3W4D', { months: 14, days: 25 }],
    ['P0D', { months: 0, days: 0 }],
  ])('reads %s', (text, expected) => {
    expect(parsePeriod(text)).toStrictEqual(expected);
  });

  it.each(['', 'P', '3Y', 'P3', 'PT1H', 'P1DT1H', 'P-1D', '-P1D', 'P1.5Y', 'P1D1M', ' P1D', 'p1d'])(
    'does not read "%s"',
    (text) => {
      expect(parsePeriod(text)).toBeUndefined();
    },
  );
});

describe('a length of time on the clock', () => {
  it.each([
    ['PT5M', 300_000],
    ['PT30S', 30_000],
    ['PT1H30M', 5_400_000],
    ['PT0S', 0],
  ])('reads %s', (text, milliseconds) => {
    expect(parseClockTime(text)).toBe(milliseconds);
  });

  it.each(['', 'PT', 'P1D', 'P1DT5M', 'PT-5M', 'PT1.5H', '5M', ' PT5M'])('does not read "%s"', (text) => {
    expect(parseClockTime(text)).toBeUndefined();
  });
});
