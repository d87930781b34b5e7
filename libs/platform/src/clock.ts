/** What time it is, in milliseconds since 1970-01-01T00:00:00Z. Injected wherever time is asked. */
export interface Clock {
  now(): number;
}

/** The machine's clock; it never goes back within a process, so that what is recorded later is not recorded earlier. */
export function systemClock(): Clock {
  let latest = 0;
  return { now: () => (latest = Math.max(latest, Date.now())) };
}

/** An instant as RFC 3339 writes it: UTC, with milliseconds. */
export function toRfc3339(instant: number): string {
  return new Date(instant).toISOString();
}
