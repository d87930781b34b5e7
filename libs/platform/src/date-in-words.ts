/**
 * The day of an instant (epoch milliseconds) as people of a language write it, on the calendar of a time zone: 31 maart
 * 2027, 31 March 2027. Throws `RangeError` for a language tag or a zone that does not exist.
 */
export function dateInWords(instant: number, language: string, timeZone: string): string {
  // British English, for the order of day and month that the rest of Europe reads.
  const locale = language === 'en' ? 'en-GB' : language;
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone }).format(instant);
}
