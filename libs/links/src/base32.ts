const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Bytes in lower-case base32 without padding (RFC 4648 §6). */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    for (held += 8; held >= 5;) text += ALPHABET[(bits >> (held -= 5)) & 31];
  }
  return held > 0 ? text + ALPHABET[(bits << (5 - held)) & 31] : text;
}

/** The bytes of a text in the one spelling that `toBase32` gives them; `undefined` for any other text or length. */
export function fromBase32(text: string, length: number): Buffer | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const digit = ALPHABET.indexOf(character);
    if (digit < 0) return undefined;
    bits = ((bits << 5) | digit) & 0xfff;
    held += 5;
    if (held >= 8) bytes.push((bits >> (held -= 8)) & 0xff);
  }
  const read = Buffer.from(bytes);
  return read.length === length && toBase32(read) === text ? read : undefined;
}
