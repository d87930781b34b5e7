/** The eleven-test multiplies the digits by these, in order. */
const WEIGHTS = [9, 8, 7, 6, 5, 4, 3, 2, -1] as const;

/** Digits in groups, with at most three characters of space, dots or dashes between; part of no word. */
const CHAIN = /(?<![\p{L}\p{N}_])\d+(?:[\s.\u2010-\u2015-]{1,3}\d+)*(?![\p{L}\p{N}_])/gu;
/** A product with its version, as a user agent names its parts (RFC 9110 §10.1.5); a version may be of any length. */
const PRODUCT_VERSION = /[\w!#$%&'*+.^`|~-]*[A-Za-z][\w!#$%&'*+.^`|~-]*\/[\d._]+/g;
const NAMED = /(bsn|sofi|nummer|nr|no)\.?(?=\d)/giu;
/** Eight digits and few characters between: most texts do not even have that. */
const WORTH_A_LOOK = /\p{Nd}(?:[^\p{Nd}]{0,3}\p{Nd}){7}/u;

/** What reads as something else by its form, and would else be taken for a number one time in eleven. */
const OTHER_NUMBERS = [
  /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi,
  /(?<!\d)(?:19|20)\d\d([-.])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)/g,
  /(?<!\d)(?:0?[1-9]|[12]\d|3[01])([-.])(?:0?[1-9]|1[0-2])\1(?:19|20)\d\d(?!\d)/g,
  /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])/g,
  /(?<!\d)(?:\+|00)[1-9]\d{0,2}(?:[\s.-]?\(0\))?(?:[\s.-]?\d){7,10}(?!\d)/g,
  /(?<!\d)0[1-9](?:[\s-](?:\d[\s.-]?){7}\d|\d[\s-](?:\d[\s.-]?){6}\d|\d\d[\s-](?:\d[\s.-]?){5}\d)(?!\d)/g,
];

/** Whether these nine digits, or eight where a leading zero was left out, pass the eleven-test of the Dutch BSN (P9). */
export function isCitizenServiceNumber(digits: string): boolean {
  if (!/^\d{8,9}$/.test(digits) || /^0+$/.test(digits)) return false;
  const sum = [...digits.padStart(9, '0')].reduce((total, digit, index) => total + Number(digit) * WEIGHTS[index]!, 0);
  return sum % 11 === 0;
}

/**
 * Whether a Dutch citizen service number (BSN) stands in a text, also with spaces, dots or dashes between its digits (P9).
 * Dates, telephone numbers, IPv4 addresses, UUIDs and digits that are part of a word are none; of other numbers of its
 * length one in eleven passes for one.
 */
export function holdsCitizenServiceNumber(text: string): boolean {
  if (!WORTH_A_LOOK.test(text)) return false;
  let rest = text.normalize('NFKC').replace(NAMED, '$1 ');
  for (const other of OTHER_NUMBERS) rest = rest.replace(other, ';');
  return (rest.match(CHAIN) ?? []).some((chain) => holdsOne(chain.match(/\d+/g)!));
}

/** Whether a citizen service number stands in a user agent, beside the versions of its products (P9). */
export function userAgentHoldsCitizenServiceNumber(userAgent: string): boolean {
  return holdsCitizenServiceNumber(userAgent.replace(PRODUCT_VERSION, ';'));
}

/** Whether a citizen service number stands anywhere in a value that came as JSON, also among its names, however deep (P9). */
export function jsonHoldsCitizenServiceNumber(json: unknown): boolean {
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string' || typeof value === 'number') {
      if (holdsCitizenServiceNumber(String(value))) return true;
    } else if (typeof value === 'object' && value !== null) {
      if (!Array.isArray(value)) for (const name of Object.keys(value)) waiting.push(name);
      for (const part of Object.values(value)) waiting.push(part);
    }
  }
  return false;
}

/** Eight digits count alone or as the whole chain; nine also as some of its groups, beside another number. */
function holdsOne(groups: readonly string[]): boolean {
  for (let from = 0; from < groups.length; from++) {
    let digits = '';
    for (let to = from; to < groups.length && digits.length < 9; to++) {
      digits += groups[to]!;
      const stands = digits.length === 9 || to === from || (from === 0 && to === groups.length - 1);
      if (stands && isCitizenServiceNumber(digits)) return true;
    }
  }
  return false;
}
