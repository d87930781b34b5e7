import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { createCalendar, isTimeZone } from './calendar.js';
import { parsePeriod } from './period.js';

const zones = [
  'Europe/Amsterdam',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Monrovia',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'UTC',
];
const calendars = new Map(zones.map((zone) => [zone, createCalendar(zone)]));

function add(zone: string, from: string, period: string): string {
  return new Date(calendars.get(zone)!.add(Date.parse(from), parsePeriod(period)!)).toISOString();
}

function addByTemporal(zone: string, from: number, period: { months: number; days: number }): number {
  return Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).add(period).epochMilliseconds;
}

describe('the calendar in Europe/Amsterdam (P5)', () => {
  it.each([
    ['keeps the wall clock over summer time', '2024-01-15T11:00:00.123Z', 'P6M', '2024-07-15T10:00:00.123Z'],
    ['adds three years to a plain day', '2021-06-01T10:00:00.000Z', 'P3Y', '2024-06-01T10:00:00.000Z'],
    ['puts 29 February plus three years on 28 February', '2024-02-29T11:00:00.001Z', 'P3Y', '2027-02-28T11:00:00.001Z'],
    ['keeps 29 February where the year has one', '2020-02-29T11:00:00.000Z', 'P4Y', '2024-02-29T11:00:00.000Z'],
    ['keeps 28 February on 28 February of a leap year', '2021-02-28T11:00:00.000Z', 'P3Y', '2024-02-28T11:00:00.000Z'],
    ['counts a leap day among thirty days', '2024-02-15T11:00:00.000Z', 'P30D', '2024-03-16T11:00:00.000Z'],
    ['puts the 31st plus a month on the last day', '2023-01-31T11:00:00.000Z', 'P1M', '2023-02-28T11:00:00.000Z'],
    ['shortens the month before it adds the days', '2023-01-31T11:00:00.000Z', 'P1M1D', '2023-03-01T11:00:00.000Z'],
    ['moves a time that summer time skips forward', '2024-03-28T01:30:00.000Z', 'P3Y', '2027-03-28T01:30:00.000Z'],
    ['keeps the last instant before the skipped hour', '2024-03-28T00:59:59.999Z', 'P3Y', '2027-03-28T00:59:59.999Z'],
    ['takes the first of a time that occurs twice', '2024-10-31T01:30:00.000Z', 'P3Y', '2027-10-31T00:30:00.000Z'],
    ['leaves the repeated hour by its end', '2024-10-31T02:00:00.000Z', 'P3Y', '2027-10-31T02:00:00.000Z'],
    ['lets a day last 25 hours', '2027-10-30T10:00:00.000Z', 'P1D', '2027-10-31T11:00:00.000Z'],
    ['follows a day of the answer window into summer time', '2027-02-28T11:00:00Z', 'P30D', '2027-03-30T10:00:00.000Z'],
    ['answers before 1970 too', '1968-02-29T12:00:00.000Z', 'P1Y', '1969-02-28T12:00:00.000Z'],
    ['answers after 2100 too', '2099-02-28T12:00:00.000Z', 'P3Y', '2102-02-28T12:00:00.000Z'],
  ])('%s', (_sentence, from, period, expected) => {
    expect(add('Europe/Amsterdam', from, period)).toBe(expected);
  });

  it('adds nothing to either of two equal wall-clock times', () => {
    expect(add('Europe/Amsterdam', '2027-10-31T00:30:00.000Z', 'P0D')).toBe('2027-10-31T00:30:00.000Z');
    expect(add('Europe/Amsterdam', '2027-10-31T01:30:00.000Z', 'P0D')).toBe('2027-10-31T01:30:00.000Z');
  });
});

describe('the calendar counts back on the wall clock too (P5)', () => {
  const before = (from: string, period: string) =>
    new Date(calendars.get('Europe/Amsterdam')!.subtract(Date.parse(from), parsePeriod(period)!)).toISOString();

  it.each([
    ['keeps the wall clock over summer time', '2027-04-15T10:00:00.123Z', 'P30D', '2027-03-16T11:00:00.123Z'],
    ['puts 31 March less a month on 28 February', '2027-03-31T10:00:00.000Z', 'P1M', '2027-02-28T11:00:00.000Z'],
    ['counts back over the end of a year', '2027-01-10T11:00:00.000Z', 'P2M', '2026-11-10T11:00:00.000Z'],
    ['moves a time that summer time skips forward', '2027-04-28T00:30:00.000Z', 'P1M', '2027-03-28T01:30:00.000Z'],
    ['answers before 1970 too', '1970-01-02T12:00:00.000Z', 'P30D', '1969-12-03T12:00:00.000Z'],
  ])('%s', (_sentence, from, period, expected) => {
    expect(before(from, period)).toBe(expected);
  });
});

it('moves a time on the day that Samoa skipped to the day after', () => {
  expect(add('Pacific/Apia', '2011-12-29T22:00:00.000Z', 'P1D')).toBe('2011-12-30T22:00:00.000Z');
});

describe('the fast path says what Temporal says', () => {
  const anyInstant = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  const period = fc.record({ months: fc.integer({ min: 0, max: 120 }), days: fc.integer({ min: 0, max: 400 }) });

  it('at any instant from 1970 to 2100, in several zones, for any period', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyInstant, period, (zone, from, added) => {
        expect(calendars.get(zone)!.add(from, added)).toBe(addByTemporal(zone, from, added));
      }),
      { numRuns: 1_500 },
    );
  });

  it('of what lies before an instant, too', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyInstant, period, (zone, from, { months, days }) => {
        const before = addByTemporal(zone, from, { months: -months, days: -days });
        expect(calendars.get(zone)!.subtract(from, { months, days })).toBe(before);
      }),
      { numRuns: 1_000 },
    );
  });

  it('for sums that end within hours of a change of the clock', () => {
    const changes = zones.flatMap((zone) => changesOf(zone).map((change) => ({ zone, change })));
    const near = fc.integer({ min: -3 * 3_600_000, max: 3 * 3_600_000 });
    let skippedOrRepeated = 0;
    fc.assert(
      fc.property(fc.constantFrom(...changes), near, period, ({ zone, change }, distance, added) => {
        const from = Temporal.Instant.fromEpochMilliseconds(change + distance)
          .toZonedDateTimeISO(zone)
          .subtract(added).epochMilliseconds;
        const expected = addByTemporal(zone, from, added);
        if (expected !== change + distance) skippedOrRepeated++;
        expect(calendars.get(zone)!.add(from, added)).toBe(expected);
      }),
      { numRuns: 1_500 },
    );
    expect(skippedOrRepeated).toBeGreaterThan(50);
  });
});

it('refuses a zone that does not exist', () => {
  expect(() => createCalendar('Europe/Atlantis')).toThrow(RangeError);
  expect(isTimeZone('Europe/Atlantis')).toBe(false);
  expect(isTimeZone('Europe/Amsterdam')).toBe(true);
});

function changesOf(zone: string): number[] {
  const changes: number[] = [];
  let moment = Temporal.Instant.from('1990-01-01T00:00:00Z').toZonedDateTimeISO(zone).getTimeZoneTransition('next');
  while (moment && changes.length < 60) {
    changes.push(moment.epochMilliseconds);
    moment = moment.getTimeZoneTransition('next');
  }
  return changes;
}
