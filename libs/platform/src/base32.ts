const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const CODES = Buffer.from(ALPHABET, 'latin1');
const NO_DIGIT = -1;
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));

const MOST_BYTES = 64;
/** Text in one piece is made and compared faster than a sum of characters. */
const characters = Buffer.alloc(Math.ceil((MOST_BYTES * 8) / 5));

/**
 * The first bytes of a `latin1` string, all of them by default, in lower-case base32 without padding (RFC 4648 §6). Throws
 * `RangeError` for more than 64.
 */
export function toBase32(bytes: string, length = bytes.length): string {
  if (length > MOST_BYTES) throw new RangeError(`No more than ${MOST_BYTES} bytes are written in base32.`);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < length; i++) {
    bits = ((bits << 8) | bytes.charCodeAt(i)) & 0xfff;
    for (held += 8; held >= 5;) {
      held -= 5;
      characters[at++] = CODES[(bits >> held) & 31]!;
    }
  }
  if (held > 0) characters[at++] = CODES[(bits << (5 - held)) & 31]!;
  return characters.toString('latin1', 0, at);
}

/** The bytes of a text in the one spelling that `toBase32` gives them; `undefined` for any other text. */
export function fromBase32(text: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe((text.length * 5) >> 3);
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = DIGITS[text.charCodeAt(i)] ?? NO_DIGIT;
    if (digit === NO_DIGIT) return undefined;
    bits = ((bits << 5) | digit) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes[at++] = bits >> held;
  }
  // What is left over fills up the last character, with zeros.
  const isWhole = held < 5 && (bits & ((1 << held) - 1)) === 0;
  return isWhole ? bytes : undefined;
}
