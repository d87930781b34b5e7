/** RFC 5321 allows 254 octets; what is longer by far is not worth sending back. */
const LONGEST_SHOWN = 320;

/** The address that was typed into a form, without the blanks around it; empty where there is none. */
export function typedAddress({ address }: Readonly<Record<string, unknown>>): string {
  return typeof address === 'string' ? address.trim() : '';
}

/** What was typed, as the form shows it again. */
export function shownAgain(typed: string): string {
  return typed.slice(0, LONGEST_SHOWN);
}
