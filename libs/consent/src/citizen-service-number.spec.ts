import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  holdsCitizenServiceNumber,
  isCitizenServiceNumber,
  jsonHoldsCitizenServiceNumber,
  userAgentHoldsCitizenServiceNumber,
} from './citizen-service-number.js';

/** Numbers that pass the eleven-test, made by it: the last digit settles the rest; every eleventh has none. */
const numbers = fc
  .integer({ min: 1, max: 99_999_999 })
  .map((head) => {
    const digits = String(head).padStart(8, '0');
    const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (9 - index), 0);
    return { digits, last: sum % 11 };
  })
  .filter(({ last }) => last < 10)
  .map(({ digits, last }) => digits + String(last));

describe('the eleven-test (P9)', () => {
  it.each(['111222333', '123456782', '012345672', '12345672'])('takes %s', (digits) => {
    expect(isCitizenServiceNumber(digits)).toBe(true);
  });

  it.each(['000000000', '00000000', '111222334', '123456789', '1112223333', '1234567', '', 'a11222333'])(
    'does not take %j',
    (digits) => {
      expect(isCitizenServiceNumber(digits)).toBe(false);
    },
  );

  it('takes every number whose last digit is the weighted sum of the others modulo eleven, and no other last digit', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 9 }), (number, step) => {
        expect(isCitizenServiceNumber(number)).toBe(true);
        const other = number.slice(0, 8) + String((Number(number[8]) + step) % 10);
        expect(isCitizenServiceNumber(other)).toBe(false);
      }),
    );
  });
});

describe('a citizen service number in a text (P9)', () => {
  it('is found with any spaces, dots and dashes between its digits, among any words', () => {
    const separators = fc.array(fc.constantFrom('', ' ', '.', '-', '\u00a0', ' - '), { minLength: 8, maxLength: 8 });
    const words = fc.constantFrom('', 'BSN: ', 'mijn bsn is ', '(', 'tel 020-1234567, ', '2024-03-01: ', 'T-1042: ');
    fc.assert(
      fc.property(numbers, separators, words, words, (number, between, before, after) => {
        const written = [...number].map((digit, index) => digit + (between[index] ?? '')).join('');
        // Some writings are a date or a telephone number as well: those have a test of their own.
        fc.pre(/^[1-9]/.test(number) && !/(19|20)\d\d/.test(written) && !/\d\.\d+\.\d+\.\d/.test(written));
        expect(holdsCitizenServiceNumber(`${before}${written}; ${after}`)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    '111222333',
    'bsn111222333',
    'BSN nr.111222333!',
    '1112.22.333',
    '12345672',
    '12 34 56 72',
    'kenmerk 1042 111222333',
    '06-12345678 en 111222333',
    '+31 612345678 111222333',
    'https://shop.example/?klant=111222333',
    '１１１２２２３３３',
  ])('is found in %j', (text) => {
    expect(holdsCitizenServiceNumber(text)).toBe(true);
  });

  it.each([
    '',
    'T-1043',
    'op 01-11-2020 en 2024-03-01 gebeld',
    'bel 06-12345672, 06 123 456 72 of 0412-345672',
    'bel +31 6 12345672 of 0031 612345672',
    '3f2b8c1e-0000-4000-8000-000000000031',
    '12345672-0000-4000-8000-123456789012',
    'order N111222333',
    '111222333x',
    'spring-2024_111222333',
    '192.168.1.10 en 203.0.113.7',
    'Chrome/120.0.6099.109',
    '1112223330',
    '0111222333',
  ])('is not seen in %j', (text) => {
    expect(holdsCitizenServiceNumber(text)).toBe(false);
  });

  it('is taken for one by one in eleven of all numbers of nine digits', () => {
    const all = Array.from({ length: 11_000 }, (_, index) => String(400_000_000 + index));
    expect(all.filter(holdsCitizenServiceNumber)).toHaveLength(1_000);
  });
});

describe('a citizen service number in a user agent (P9)', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) Chrome/111222333', false],
    ['Mozilla/5.0 Edg/12.345.672', false],
    ['Mozilla/5.0 (111222333)', true],
    ['111222333', true],
    ['111222333/1.0', true],
  ])('%s: %s', (userAgent, expected) => {
    expect(userAgentHoldsCitizenServiceNumber(userAgent)).toBe(expected);
  });
});

describe('a citizen service number in JSON (P9)', () => {
  it.each([
    [{ deep: [{ text: 'bsn 111222333' }] }],
    [{ 'bsn 111222333': true }],
    [{ number: 111222333 }],
    [[[111222333]]],
    ['111222333'],
  ])('is found in %j', (json) => {
    expect(jsonHoldsCitizenServiceNumber(json)).toBe(true);
  });

  it.each([[{ deep: [null, true, 1, 'T-1043'] }], [[111, 222, 333]], [null], [undefined]])(
    'is not seen in %j',
    (json) => {
      expect(jsonHoldsCitizenServiceNumber(json)).toBe(false);
    },
  );
});
