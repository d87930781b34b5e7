import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { open, seal, SealBroken } from './seal.js';

const KEY = Buffer.alloc(32, 7);
const AAD = 'contact-a/event-1';
const BASE64URL = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

describe('seal', () => {
  it('opens to the same value, whatever JSON that is', () => {
    const value = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue());
    fc.assert(
      fc.property(value, (value) => {
        const json = JSON.parse(JSON.stringify(value));
        expect(open(KEY, AAD, seal(KEY, AAD, json))).toStrictEqual(json);
      }),
    );
  });

  it('never seals twice to the same text', () => {
    const texts = Array.from({ length: 100 }, () => seal(KEY, AAD, { address: 'anna@example.com' }));
    expect(new Set(texts).size).toBe(100);
  });

  it('still opens what version 1 sealed', () => {
    const fixture = 'AQABAgMEBQYHCAkKC2Ojjxllfaw7EpDf6JAtCYchn1rBvGdeZBPpiac7BmMH';
    expect(open(KEY, AAD, fixture)).toStrictEqual({ fixture: true });
  });
});

describe('open', () => {
  const sealed = seal(KEY, AAD, { address: 'anna@example.com' });

  it('throws under another key or another AAD', () => {
    expect(() => open(Buffer.alloc(32, 8), AAD, sealed)).toThrow(SealBroken);
    expect(() => open(KEY, 'contact-a/event-2', sealed)).toThrow(SealBroken);
  });

  it('throws for text of which any one character was changed', () => {
    const change = fc.tuple(fc.nat(sealed.length - 1), fc.constantFrom(...BASE64URL));
    fc.assert(
      fc.property(change, ([at, character]) => {
        fc.pre(sealed[at] !== character);
        expect(() => open(KEY, AAD, sealed.slice(0, at) + character + sealed.slice(at + 1))).toThrow(SealBroken);
      }),
      { numRuns: 500 },
    );
  });

  it('throws for text that was cut, and for garbage', () => {
    for (let length = 0; length < sealed.length; length++)
      expect(() => open(KEY, AAD, sealed.slice(0, length))).toThrow(SealBroken);
    fc.assert(fc.property(fc.string(), (garbage) => expect(() => open(KEY, AAD, garbage)).toThrow(SealBroken)));
  });

  it('says nothing of what was sealed when it throws', () => {
    expect(() => open(KEY, 'anna@example.com', sealed)).toThrow(expect.not.stringContaining('anna'));
  });
});
