import { afterEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { systemClock, toRfc3339 } from './clock.js';

afterEach(() => {
  jest.restoreAllMocks();
});

describe('the clock of the machine', () => {
  it('tells milliseconds since 1970', () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_709_294_400_000);
    expect(systemClock().now()).toBe(1_709_294_400_000);
  });

  it('stands still while the machine is set back, and goes on from there', () => {
    const machine = jest.spyOn(Date, 'now');
    const clock = systemClock();
    const told = [1000, 400, 999, 1000, 1001].map((now) => {
      machine.mockReturnValue(now);
      return clock.now();
    });
    expect(told).toStrictEqual([1000, 1000, 1000, 1000, 1001]);
  });
});

describe('the clock of a machine that was put right', () => {
  it('follows it back, once it is back by more than a minute', () => {
    const machine = jest.spyOn(Date, 'now');
    const clock = systemClock();
    const told = [10_000_000, 9_940_000, 9_939_999, 9_940_000].map((now) => {
      machine.mockReturnValue(now);
      return clock.now();
    });
    expect(told).toStrictEqual([10_000_000, 10_000_000, 9_939_999, 9_940_000]);
  });
});

describe('an instant in RFC 3339', () => {
  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [1_709_294_400_007, '2024-03-01T12:00:00.007Z'],
  ])('is UTC with milliseconds: %d', (instant, text) => {
    expect(toRfc3339(instant)).toBe(text);
  });

  it('reads as the platform itself writes it, for every instant there is', () => {
    const furthest = 8.64e15;
    const near = fc.integer({ min: Date.UTC(1960, 0, 1), max: Date.UTC(2100, 0, 1) });
    const edges = fc.constantFrom(0, -1, 86_399_999, 86_400_000, -86_400_000, furthest, -furthest);
    fc.assert(
      fc.property(fc.oneof(near, edges, fc.integer({ min: -furthest, max: furthest })), (instant) => {
        expect(toRfc3339(instant)).toBe(new Date(instant).toISOString());
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([Number.NaN, Infinity, -Infinity, 1e16])('is none for what is no instant: %d', (instant) => {
    expect(() => toRfc3339(instant)).toThrow(RangeError);
  });
});
