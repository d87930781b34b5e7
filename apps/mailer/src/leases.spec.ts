import { describe, expect, it } from '@jest/globals';
import { createLeases } from './leases.js';

const a = { deliveryId: 'a', revision: 1 };
const b = { deliveryId: 'b', revision: 1 };

describe('a lease', () => {
  it('is over for what has been under way for all of it since it was first seen, and no earlier', () => {
    const leases = createLeases(100);
    expect(leases.over([a], 1000)).toStrictEqual([]);
    expect(leases.over([a, b], 1099)).toStrictEqual([]);
    expect(leases.over([a, b], 1100)).toStrictEqual([a]);
    expect(leases.over([a, b], 1199)).toStrictEqual([b]);
  });

  it('begins anew for another try of the same message', () => {
    const leases = createLeases(100);
    leases.over([a], 0);
    expect(leases.over([{ ...a, revision: 3 }], 100)).toStrictEqual([]);
    expect(leases.over([{ ...a, revision: 3 }], 200)).toStrictEqual([{ ...a, revision: 3 }]);
  });

  it('is told once, and again after another one where nothing came of it', () => {
    const leases = createLeases(100);
    leases.over([a], 0);
    expect(leases.over([a], 100)).toStrictEqual([a]);
    expect(leases.over([a], 150)).toStrictEqual([]);
    expect(leases.over([a], 200)).toStrictEqual([a]);
  });

  it('lasts no longer where the clock is set back', () => {
    const leases = createLeases(100);
    leases.over([a], 5000);
    leases.over([a], 1000);
    expect(leases.over([a], 1100)).toStrictEqual([a]);
  });

  it('says when the next one is over', () => {
    const leases = createLeases(100);
    expect(leases.nextOver()).toBe(Number.POSITIVE_INFINITY);
    leases.over([a], 10);
    leases.over([a, b], 50);
    expect(leases.nextOver()).toBe(110);
    leases.over([b], 60);
    expect(leases.nextOver()).toBe(150);
  });
});
