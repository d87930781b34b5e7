import { describe, expect, it } from '@jest/globals';
import { deterministicId, newId } from './ids.js';

describe('a new id', () => {
  it('is a random UUID, no two alike', () => {
    const ids = Array.from({ length: 100 }, newId);
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(new Set(ids).size).toBe(100);
  });
});

describe('a deterministic id', () => {
  it('is the same for the same parts for ever: a retry months later is the same event', () => {
    expect(deterministicId('delivery', 'spring', 'anna')).toBe('33e4fc1c-02a2-8441-90c1-6ad3a6ddac20');
  });

  it('is a UUID of version 8 (RFC 9562 §5.8)', () => {
    for (let i = 0; i < 100; i++)
      expect(deterministicId(i)).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('differs when any part does, their order, their kind or where one ends', () => {
    const ids = [
      deterministicId(),
      deterministicId('a'),
      deterministicId('a', 'b'),
      deterministicId('b', 'a'),
      deterministicId('ab'),
      deterministicId('a', ''),
      deterministicId('a,b'),
      deterministicId('a","b'),
      deterministicId('1'),
      deterministicId(1),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
