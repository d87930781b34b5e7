import { fromBase32, toBase32 } from '@consent-ledger/platform';
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
/** 130 bits hold 128: the last character has two bits to spare, which are zero. */
const CONTACT_ID = /^[a-z2-7]{25}[aeimquy4]$/;

/**
 * Contact ids under a pepper: the first 128 bits of HMAC-SHA256(pepper, "email:" + normalised address) in lower-case
 * base32 without padding (RFC 4648 §6). Throws `RangeError` for a pepper under 16 bytes.
 */
export function createContactIds(pepper: Buffer): ContactIds {
  if (pepper.length < MIN_PEPPER_BYTES) throw new RangeError(`The pepper needs at least ${MIN_PEPPER_BYTES} bytes.`);
  const keyedHash = createKeyedHash(pepper, 'email:', MAX_ADDRESS_OCTETS);
  return {
    of: (address) => toBase32(keyedHash(address), ID_BYTES),
    bytesOf: (address) => Buffer.from(keyedHash(address).slice(0, ID_BYTES), 'latin1'),
    fromAddress: (raw) => toBase32(keyedHash(normaliseAddress(raw)), ID_BYTES),
  };
}

/** Whether a text has the form of a contact id. */
export function isContactId(text: string): boolean {
  return CONTACT_ID.test(text);
}

/** The 16 bytes of a contact id. Throws `RangeError` when the text is not one. */
export function contactIdBytes(id: string): Buffer {
  const bytes = fromBase32(id);
  if (bytes?.length !== ID_BYTES) throw new RangeError('A contact id has 26 characters of lower-case base32.');
  return bytes;
}

/** The contact id with these 16 bytes. Throws `RangeError` for another number of bytes. */
export function contactIdFromBytes(bytes: Buffer): string {
  if (bytes.length !== ID_BYTES) throw new RangeError(`A contact id has ${ID_BYTES} bytes.`);
  return toBase32(bytes.toString('latin1'));
}
