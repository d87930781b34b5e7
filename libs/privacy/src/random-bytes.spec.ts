import { describe, expect, it } from '@jest/globals';
import { freshRandomBytes } from './random-bytes.js';

const hexOf = (bytes: Buffer) => bytes.toString('hex');

describe('Random bytes for keys and nonces', () => {
  it('are never handed out twice, also when the pool is filled again', () => {
    const drawn = Array.from({ length: 2000 }, () => hexOf(freshRandomBytes(12)));
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  it('do not overlap: what follows in memory is not what follows in the pool', () => {
    const first = freshRandomBytes(32);
    const before = hexOf(first);
    const second = freshRandomBytes(32);
    expect(first.buffer).not.toBe(second.buffer);
    expect([first.buffer.byteLength, second.buffer.byteLength]).toStrictEqual([32, 32]);
    second.fill(0);
    expect(hexOf(first)).toBe(before);
  });

  it('are as many as were asked for, none of them left at zero, at every place of the pool', () => {
    for (let size = 1; size <= 200; size++) expect(freshRandomBytes(size)).toHaveLength(size);
    const runs = Array.from({ length: 1000 }, () => freshRandomBytes(16));
    expect(runs.filter((bytes) => bytes.subarray(-8).every((byte) => byte === 0))).toStrictEqual([]);
  });

  it('come to 4096 at most', () => {
    expect(freshRandomBytes(4096)).toHaveLength(4096);
    expect(() => freshRandomBytes(4097)).toThrow(RangeError);
  });
});
