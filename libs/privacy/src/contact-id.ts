import { MAX_ADDRESS_OCTETS, normaliseAddress } from './address.js';
import { createKeyedHash } from './keyed-hash.js';

/** The pseudonyms of contacts: keyed hashes of their addresses, so that no table of addresses is kept. */
export interface ContactIds {
  /** The contact id of an address in normal form: 26 characters of lower-case base32. */
  of(normalisedAddress: string): string;
  /** The same id as its 16 bytes. */
  bytesOf(normalisedAddress: string): Buffer;
  /** The contact id of an address as it was typed. Throws `InvalidAddress`. */
  fromAddress(raw: string): string;
}

const MIN_PEPPER_BYTES = 16;
const ID_BYTES = 16;
const ID_LENGTH = 26;
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** 130 bits hold 128: the last character has two bits to spare, which are zero. */
const CONTACT_ID = /^[a-z2-7]{25}[aeimquy4]$/;
const CODES = Buffer.from(ALPHABET, 'latin1');
const characters = Buffer.alloc(ID_LENGTH);
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, ALPHABET.indexOf(String.fromCharCode(code))));

/**
 * Contact ids under a pepper: the first 128 bits of HMAC-SHA256(pepper, "email:" + normalised address) in lower-case
 * base32 without padding (RFC 4648 §6). Throws `RangeError` for a pepper under 16 bytes.
 */
export function createContactIds(pepper: Buffer): ContactIds {
  if (pepper.length < MIN_PEPPER_BYTES) throw new RangeError(`The pepper needs at least ${MIN_PEPPER_BYTES} bytes.`);
  const keyedHash = createKeyedHash(pepper, 'email:', MAX_ADDRESS_OCTETS);
  return {
    of: (address) => toBase32(keyedHash(address)),
    bytesOf: (address) => Buffer.from(keyedHash(address).slice(0, ID_BYTES), 'latin1'),
    fromAddress: (raw) => toBase32(keyedHash(normaliseAddress(raw))),
  };
}

/** Whether a text has the form of a contact id. */
export function isContactId(text: string): boolean {
  return CONTACT_ID.test(text);
}

/** The 16 bytes of a contact id. Throws `RangeError` when the text is not one. */
export function contactIdBytes(id: string): Buffer {
  if (!isContactId(id)) throw new RangeError('A contact id has 26 characters of lower-case base32.');
  const bytes = Buffer.allocUnsafe(ID_BYTES);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (let i = 0; i < ID_LENGTH; i++) {
    bits = ((bits << 5) | DIGITS[id.charCodeAt(i)]!) & 0xfff;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    bytes[at++] = bits >> held;
  }
  return bytes;
}

/** The contact id with these 16 bytes. Throws `RangeError` for another number of bytes. */
export function contactIdFromBytes(bytes: Buffer): string {
  if (bytes.length !== ID_BYTES) throw new RangeError(`A contact id has ${ID_BYTES} bytes.`);
  return toBase32(bytes.toString('latin1'));
}

/** Base32 of the first 16 bytes of a `latin1` string; text in one piece, which is made and compared faster than a sum of characters. */
function toBase32(bytes: string): string {
  let at = 0;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < ID_BYTES; i++) {
    bits = ((bits << 8) | bytes.charCodeAt(i)) & 0xfff;
    for (held += 8; held >= 5;) {
      held -= 5;
      characters[at++] = CODES[(bits >> held) & 31]!;
    }
  }
  characters[at] = CODES[(bits << (5 - held)) & 31]!;
  return characters.toString('latin1');
}
