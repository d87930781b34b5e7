import type { Instant } from '@consent-ledger/consent';
import { Temporal } from 'temporal-polyfill';

/** `2024-01-31`, `2024-01-31 12:00`, `2024-01-31T12:00:00.123+01:00`, and as Go prints it: `… 12:00:00.123456 +0100 CET`. */
const DATE =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(?: ?(Z|UTC|[+-]\d\d:?\d\d)(?: [A-Z+\d-]{1,6})?)?$/i;
/** Milliseconds since 1970; no date of our time has fewer digits. */
const EPOCH_MILLISECONDS = /^\d{12,13}$/;
const MINUTE = 60_000;

type Wall = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Reads a date of a file; `undefined` when it cannot be read, or when day and month could be told apart only by guessing. */
export type DateReader = (text: string) => Instant | undefined;

/** Reads dates; one that names no offset is on the wall clock of `timeZone`, one without a time at the start of its day. */
export function createDateReader(timeZone: string): DateReader {
  return (text) => {
    if (EPOCH_MILLISECONDS.test(text)) return Number(text);
    const parts = DATE.exec(text);
    if (!parts) return undefined;
    const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as Wall;
    const [fraction = '0', offset] = parts.slice(7) as [string?, string?];
    const wall = Date.UTC(year, month - 1, day, hour, minute, second, Math.floor(Number(`0.${fraction}`) * 1000));
    if (!isWritten(wall, [year, month, day, hour, minute, second])) return undefined;
    if (offset !== undefined) return wall - minutesOf(offset) * MINUTE;
    return timeZone === 'UTC' ? wall : instantOnWallClock(wall, timeZone);
  };
}

/** A day that does not exist would be taken for one in the month after. */
function isWritten(wall: Instant, [year, month, day, hour, minute, second]: Wall): boolean {
  const date = new Date(wall);
  const time = date.getUTCHours() === hour && date.getUTCMinutes() === minute && date.getUTCSeconds() === second;
  return time && date.getUTCFullYear() === year && date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
}

function minutesOf(offset: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(offset) ?? [];
  if (sign === undefined) return 0;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** A time that occurs twice is the first, one that is skipped moves forward. */
function instantOnWallClock(wall: Instant, timeZone: string): Instant {
  const plain = Temporal.Instant.fromEpochMilliseconds(wall).toZonedDateTimeISO('UTC').toPlainDateTime();
  return plain.toZonedDateTime(timeZone).epochMilliseconds;
}
