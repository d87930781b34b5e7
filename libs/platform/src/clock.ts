/** What time it is, in milliseconds since 1970-01-01T00:00:00Z. Injected wherever time is asked. */
export interface Clock {
  now(): number;
}

/** A step back by more than this is no jitter: somebody put the clock right, and it is followed. In milliseconds. */
const CORRECTION = 60_000;

/** The machine's clock; it does not go back by a little, so that what is recorded later is not recorded earlier. */
export function systemClock(): Clock {
  let latest = 0;
  return {
    now() {
      const wall = Date.now();
      if (wall > latest || latest - wall > CORRECTION) latest = wall;
      return latest;
    },
  };
}

const DAY = 86_400_000;
/** Some eleven years: nearly all that happens and falls due lies within them. */
const DATES_KEPT = 4096;

const dates = new Map<number, string>();
const minutesOfDay = Array.from({ length: 1440 }, (_, n) => `T${padded(Math.floor(n / 60), 2)}:${padded(n % 60, 2)}:`);
const secondsOfMinute = Array.from({ length: 60 }, (_, n) => `${padded(n, 2)}.`);
const millisecondsOfSecond = Array.from({ length: 1000 }, (_, n) => `${padded(n, 3)}Z`);

/**
 * An instant, in whole milliseconds, as RFC 3339 writes it: UTC, with milliseconds. Put together of texts that are there
 * already: a quarter of the time of `toISOString`, and a batch of verdicts needs one an address. Throws `RangeError` for
 * what is no instant.
 */
export function toRfc3339(instant: number): string {
  const day = Math.floor(instant / DAY);
  const time = instant - day * DAY;
  const date = dates.get(day) ?? dateOf(day);
  const minute = minutesOfDay[Math.floor(time / 60_000)]!;
  const second = secondsOfMinute[Math.floor(time / 1000) % 60]!;
  return date + minute + second + millisecondsOfSecond[Math.floor(time) % 1000]!;
}

function dateOf(day: number): string {
  const [date] = new Date(day * DAY).toISOString().split('T') as [string];
  if (dates.size >= DATES_KEPT) dates.clear();
  dates.set(day, date);
  return date;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
