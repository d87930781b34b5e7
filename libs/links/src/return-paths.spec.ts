import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createReturnPaths } from './return-paths.js';

const OLD = { id: 'k1', secret: Buffer.alloc(32, 1) };
const NEW = { id: 'k2', secret: Buffer.alloc(32, 2) };
const DELIVERY = '0197a3a2-0000-8000-8000-0000000000ff';

const returnPaths = createReturnPaths([NEW, OLD]);
const mark = returnPaths.markOf(DELIVERY)!;

describe('the mark of a return path', () => {
  it('names the delivery it was made for, whatever its id', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(returnPaths.deliveryOf(returnPaths.markOf(id)!)).toBe(id);
      }),
    );
  });

  it('is short enough for a local part, and survives a server that writes it in capitals', () => {
    expect(mark).toHaveLength(43);
    expect(returnPaths.deliveryOf(mark.toUpperCase())).toBe(DELIVERY);
  });

  it('of an old key is taken for ever, and new ones are made with the first key', () => {
    expect(returnPaths.deliveryOf(createReturnPaths([OLD]).markOf(DELIVERY)!)).toBe(DELIVERY);
    expect(createReturnPaths([NEW]).deliveryOf(mark)).toBe(DELIVERY);
    expect(createReturnPaths([OLD]).deliveryOf(mark)).toBeUndefined();
  });

  it('is not taken once any character of it is another: a forged bounce stops no mail (P4)', () => {
    const alphabet = [...'abcdefghijklmnopqrstuvwxyz234567.+-'];
    fc.assert(
      fc.property(fc.nat({ max: mark.length - 1 }), fc.constantFrom(...alphabet), (at, character) => {
        fc.pre(mark[at] !== character);
        expect(returnPaths.deliveryOf(mark.slice(0, at) + character + mark.slice(at + 1))).toBeUndefined();
      }),
    );
  });

  it.each(['', '.', mark.slice(1), `${mark}a`, mark.replace('.', ''), ` ${mark}`, 'é'.repeat(43)])(
    'is not taken when it is %j',
    (other) => {
      expect(returnPaths.deliveryOf(other)).toBeUndefined();
    },
  );

  it('is not made for an id that is no UUID', () => {
    expect(returnPaths.markOf('a-delivery')).toBeUndefined();
  });

  it('is made under no fewer bytes than a link', () => {
    expect(() => createReturnPaths([])).toThrow(RangeError);
    expect(() => createReturnPaths([{ id: 'k', secret: Buffer.alloc(16) }])).toThrow(RangeError);
  });
});
