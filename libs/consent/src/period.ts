/** A calendar period in years, months and days, as ISO 8601 writes it (`P3Y`, `P30D`). It has no length in milliseconds. */
export interface Period {
  readonly months: number;
  readonly days: number;
}

const ISO_PERIOD = /^P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$/;

/** Reads an ISO 8601 date period; `undefined` when the text is not one or holds a time part. */
export function parsePeriod(text: string): Period | undefined {
  const parts = ISO_PERIOD.exec(text);
  if (!parts) return undefined;
  const [years, months, weeks, days] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return { months: years! * 12 + months!, days: weeks! * 7 + days! };
}

const ISO_CLOCK_TIME = /^PT(?=\d)(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})S)?$/;

/** Reads an ISO 8601 length of time on the clock (`PT5M`) as milliseconds; `undefined` when the text is not one. */
export function parseClockTime(text: string): number | undefined {
  const parts = ISO_CLOCK_TIME.exec(text);
  if (!parts) return undefined;
  const [hours, minutes, seconds] = parts.slice(1).map((part: string | undefined) => Number(part ?? 0));
  return ((hours! * 60 + minutes!) * 60 + seconds!) * 1000;
}
