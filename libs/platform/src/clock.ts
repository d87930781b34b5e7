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

/** An instant as RFC 3339 writes it: UTC, with milliseconds. */
export function toRfc3339(instant: number): string {
  return new Date(instant).toISOString();
}
