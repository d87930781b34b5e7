import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBase32, toBase32 } from './base32.js';

const someBytes = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));

/** RFC 4648 §6 by the book: the bits in fives, the last five filled up with zeros. */
function byTheBook(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

describe('base32', () => {
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('writes %j as %j, and reads it back (RFC 4648 §10)', (bytes, text) => {
    expect(toBase32(bytes)).toBe(text);
    expect(fromBase32(text)).toStrictEqual(Buffer.from(bytes));
  });

  it('writes any bytes, or the first of them, and reads them back', () => {
    fc.assert(
      fc.property(someBytes, someBytes, (bytes, more) => {
        const text = toBase32(bytes.toString('latin1'));
        expect(text).toBe(byTheBook(bytes));
        expect(fromBase32(text)).toStrictEqual(bytes);
        expect(toBase32(Buffer.concat([bytes, more]).toString('latin1'), bytes.length)).toBe(text);
      }),
    );
  });

  it('reads a text only in the one spelling that it is written in', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abmyz2347'), maxLength: 20 }), (text) => {
        const bytes = fromBase32(text);
        expect(bytes === undefined || toBase32(bytes.toString('latin1')) === text).toBe(true);
      }),
    );
  });

  it.each([
    ['m', 'a character that holds no byte'],
    ['mz', 'a bit that no byte has'],
    ['mzx', 'a character too many'],
    ['MY', 'capitals'],
    ['m1', 'a character outside the alphabet'],
    ['mŹ', 'a character outside ASCII'],
    ['my======', 'padding'],
    ['my\n', 'a line end'],
  ])('does not read %j: %s', (text) => {
    expect(fromBase32(text)).toBeUndefined();
  });

  it('refuses more bytes than it has room for, rather than write a part of them', () => {
    expect(() => toBase32('x'.repeat(65))).toThrow(RangeError);
  });
});
