import { Temporal } from 'temporal-polyfill';
import type { Instant } from './instant.js';
import type { Period } from './period.js';

/** Calendar arithmetic in one time zone. */
export interface Calendar {
  readonly timeZone: string;
  /**
   * The instant that lies `period` after `instant` on the wall clock of the zone (P5): 29 February plus a year is
   * 28 February, a time that summer time skips moves forward, a time that occurs twice is the first.
   */
  add(instant: Instant, period: Period): Instant;
  /** The instant that lies `period` before `instant` on the same wall clock: 31 March less a month is the last of February. */
  subtract(instant: Instant, period: Period): Instant;
  /** The calendar month in which the instant lies, as `2026-01`. */
  monthOf(instant: Instant): string;
  /** The first instant of the calendar month that many months after the one in which `instant` lies. */
  startOfMonth(instant: Instant, monthsLater: number): Instant;
}

const TABLE_FROM = Date.UTC(1970, 0, 1);
const TABLE_UNTIL = Date.UTC(2100, 0, 1);
const DAY = 86_400_000;
const MEAN_MONTH = 30.436875 * DAY;
/** The first of each month from 1970 to 2100 as if it were UTC: reckoning with `Date` was a fifth of a simulation. */
const MONTH_STARTS = Array.from({ length: 131 * 12 }, (_, month) => Date.UTC(1970, month, 1));

/** Whether the IANA database has this zone. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** The zone's calendar. Throws `RangeError` when the zone is not in the IANA database. */
export function createCalendar(timeZone: string): Calendar {
  const zone = readZone(timeZone);
  const add = (instant: Instant, period: Period) => {
    if (period.months === 0 && period.days === 0) return instant;
    return addOnWallClock(zone, instant, period) ?? addByTemporal(timeZone, instant, period);
  };
  return {
    timeZone,
    add,
    subtract: (instant, { months, days }) => add(instant, { months: -months, days: -days }),
    monthOf: (instant) => monthIn(timeZone, instant).toString(),
    startOfMonth: (instant, monthsLater) =>
      monthIn(timeZone, instant).add({ months: monthsLater }).toPlainDate({ day: 1 }).toZonedDateTime(timeZone)
        .epochMilliseconds,
  };
}

function monthIn(timeZone: string, instant: Instant): Temporal.PlainYearMonth {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(timeZone).toPlainDate().toPlainYearMonth();
}

/**
 * The offsets of a zone between 1970 and 2100. The calendar library answers for one date in tens of microseconds; a
 * verdict needs two such answers, so its knowledge of the zone is laid out once and the arithmetic is done on it.
 */
interface Zone {
  /** `starts[i]` is the instant from which `offsets[i]` (milliseconds east of UTC) applies. */
  readonly starts: readonly Instant[];
  readonly offsets: readonly number[];
}

function readZone(timeZone: string): Zone {
  let moment: Temporal.ZonedDateTime | null =
    Temporal.Instant.fromEpochMilliseconds(TABLE_FROM).toZonedDateTimeISO(timeZone);
  const starts: Instant[] = [];
  const offsets: number[] = [];
  while (moment && moment.epochMilliseconds < TABLE_UNTIL) {
    starts.push(moment.epochMilliseconds);
    offsets.push(moment.offsetNanoseconds / 1e6);
    moment = moment.getTimeZoneTransition('next');
  }
  return { starts, offsets };
}

function addOnWallClock(zone: Zone, instant: Instant, period: Period): Instant | undefined {
  if (!inTable(instant)) return undefined;
  const local = addToDate(instant + zone.offsets[spanAt(zone, instant)]!, period);
  if (local === undefined || !inTable(local)) return undefined;
  return toInstant(zone, local);
}

/** The instant of a wall-clock time held as if it were UTC, which is less than a day away from it. */
function toInstant(zone: Zone, local: number): Instant {
  const span = spanAt(zone, local - DAY);
  const before = zone.offsets[span]!;
  const change = zone.starts[span + 1];
  if (change === undefined || change > local + DAY || local - before < change) return local - before;
  const late = local - zone.offsets[span + 1]!;
  return late >= change ? late : local - before;
}

/**
 * Adds to a wall-clock time held as if it were UTC; a day beyond the end of its month becomes the last one. `undefined`
 * beyond the months that are laid out.
 */
function addToDate(local: number, { months, days }: Period): number | undefined {
  if (months === 0) return local + days * DAY;
  const month = monthAt(local);
  const sinceFirst = local - MONTH_STARTS[month]!;
  const dayOfMonth = Math.floor(sinceFirst / DAY);
  const firstDay = MONTH_STARTS[month + months];
  const nextFirst = MONTH_STARTS[month + months + 1];
  if (firstDay === undefined || nextFirst === undefined) return undefined;
  const lastDay = (nextFirst - firstDay) / DAY - 1;
  return firstDay + (Math.min(dayOfMonth, lastDay) + days) * DAY + (sinceFirst - dayOfMonth * DAY);
}

/** The place in `MONTH_STARTS` of the month of a wall-clock time; the guess by the mean month is off by one at most. */
function monthAt(local: number): number {
  const guess = Math.floor(local / MEAN_MONTH);
  if (MONTH_STARTS[guess]! > local) return guess - 1;
  return MONTH_STARTS[guess + 1]! <= local ? guess + 1 : guess;
}

/** The index of the offset that applies at an instant. */
function spanAt({ starts }: Zone, instant: Instant): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= instant) low = middle;
    else high = middle - 1;
  }
  return low;
}

function inTable(instant: Instant): boolean {
  return instant >= TABLE_FROM + 2 * DAY && instant < TABLE_UNTIL - 2 * DAY;
}

function addByTemporal(timeZone: string, instant: Instant, period: Period): Instant {
  return Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(timeZone)
    .add({ months: period.months, days: period.days }).epochMilliseconds;
}
