import { describe, expect, it } from '@jest/globals';
import { ownOrder } from './own-order.js';

const ids = Array.from({ length: 100 }, (_, number) => `id-${number}`);

describe('an order of one’s own', () => {
  it('holds each id once, and is the same every time', () => {
    const order = ownOrder('a', ids);
    expect([...order].sort()).toStrictEqual([...ids].sort());
    expect(ownOrder('a', [...ids].reverse())).toStrictEqual(order);
  });

  it('is another for another name: hardly an id has the same place', () => {
    const other = ownOrder('b', ids);
    expect(ownOrder('a', ids).filter((id, place) => other[place] === id).length).toBeLessThan(10);
  });
});
