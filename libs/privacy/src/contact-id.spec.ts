import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { contactIdBytes, contactIdFromBytes, createContactIds, isContactId } from './contact-id.js';
import { createKeyedHash } from './keyed-hash.js';

const PEPPER = Buffer.from('a pepper of thirty-two octets ..');
const contactIds = createContactIds(PEPPER);
const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array));

/** RFC 4648 §6 by the book: the bits in fives, the last five filled up with zeros. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

describe('createContactIds', () => {
  it('keeps to the id that an address has had since version 1', () => {
    expect(contactIds.of('anna@example.com')).toBe('4bgi6iyx7ivfaenvt3n2w43m24');
  });

  it('takes the first 128 bits of HMAC-SHA256 in base32', () => {
    const address = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => Buffer.byteLength(text) <= 254);
    fc.assert(
      fc.property(address, (address) => {
        const hmac = createHmac('sha256', PEPPER).update(`email:${address}`).digest().subarray(0, 16);
        expect(contactIds.of(address)).toBe(base32(hmac));
        expect(contactIds.bytesOf(address)).toStrictEqual(Buffer.from(hmac));
      }),
    );
  });

  it('gives every spelling of an address the same id', () => {
    const id = contactIds.of('anna@example.com');
    expect(contactIds.fromAddress(' ANNA@Example.com ')).toBe(id);
    expect(() => contactIds.fromAddress('anna')).toThrow(expect.objectContaining({ code: 'INVALID_ADDRESS' }));
  });

  it('gives other ids under another pepper', () => {
    const others = createContactIds(Buffer.alloc(32, 1));
    expect(others.of('anna@example.com')).not.toBe(contactIds.of('anna@example.com'));
  });

  it('refuses a pepper that could be guessed', () => {
    expect(() => createContactIds(Buffer.alloc(15))).toThrow(RangeError);
  });

  it('refuses text that is longer than any address, rather than hash a part of it', () => {
    expect(() => contactIds.of('a'.repeat(255))).toThrow(RangeError);
    expect(() => contactIds.of('é'.repeat(128))).toThrow(RangeError);
  });
});

describe('createKeyedHash', () => {
  it('is HMAC-SHA256 for keys of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 40 }), (key, text) => {
        const expected = createHmac('sha256', key).update(`x:${text}`).digest('binary');
        expect(createKeyedHash(key, 'x:', 4_000)(text)).toBe(expected);
      }),
    );
  });
});

describe('contact ids as bytes', () => {
  it('go to text and back', () => {
    fc.assert(
      fc.property(bytes, (bytes) => {
        const id = contactIdFromBytes(bytes);
        expect(id).toBe(base32(bytes));
        expect(isContactId(id)).toBe(true);
        expect(contactIdBytes(id)).toStrictEqual(bytes);
      }),
    );
  });

  it.each([
    ['', 'empty'],
    ['a'.repeat(25), 'short'],
    ['a'.repeat(27), 'long'],
    [`${'a'.repeat(25)}b`, 'with a bit too many'],
    ['A'.repeat(26), 'in capitals'],
    [`${'a'.repeat(25)}0`, 'outside the alphabet'],
    [`${'a'.repeat(26)}\n`, 'with a line end'],
  ])('refuse %j, which is %s', (text) => {
    expect(isContactId(text)).toBe(false);
    expect(() => contactIdBytes(text)).toThrow(RangeError);
  });

  it('refuse another number of bytes', () => {
    expect(() => contactIdFromBytes(Buffer.alloc(15))).toThrow(RangeError);
  });
});
