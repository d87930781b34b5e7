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
}

const TABLE_FROM = Date.UTC(1970, 0, 1);
const TABLE_UNTIL = Date.UTC(2100, 0, 1);
const DAY = 86_400_000;

/** The zone's calendar. Throws `RangeError` when the zone is not in the IANA database. */
export function createCalendar(timeZone: string): Calendar {
  const zone = readZone(timeZone);
  return {
    timeZone,
    add: (instant, period) => addOnWallClock(zone, instant, period) ?? addByTemporal(timeZone, instant, period),
  };
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
  const local = addToDate(instant + offsetAt(zone, instant), period);
  if (!inTable(local)) return undefined;
  const before = offsetAt(zone, local - DAY);
  const after = offsetAt(zone, local + DAY);
  const early = local - before;
  if (before === after || offsetAt(zone, early) === before) return early;
  const late = local - after;
  return offsetAt(zone, late) === after ? late : early;
}

/** Adds to a wall-clock time held as if it were UTC; a day beyond the end of its month becomes the last one. */
function addToDate(local: number, period: Period): number {
  const date = new Date(local);
  const month = date.getUTCMonth() + period.months;
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay) + period.days;
  const timeOfDay = ((local % DAY) + DAY) % DAY;
  return Date.UTC(date.getUTCFullYear(), month, day) + timeOfDay;
}

function offsetAt(zone: Zone, instant: Instant): number {
  let low = 0;
  let high = zone.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (zone.starts[middle]! <= instant) low = middle;
    else high = middle - 1;
  }
  return zone.offsets[low]!;
}

function inTable(instant: Instant): boolean {
  return instant >= TABLE_FROM + 2 * DAY && instant < TABLE_UNTIL - 2 * DAY;
}

function addByTemporal(timeZone: string, instant: Instant, period: Period): Instant {
  return Temporal.Instant.fromEpochMilliseconds(instant)
    .toZonedDateTimeISO(timeZone)
    .add({ months: period.months, days: period.days }).epochMilliseconds;
}
