import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { generateApiKey, hashApiKey, isScope, sameHash, scopes } from './api-key.js';

describe('an API key', () => {
  it('is 256 random bits behind a prefix by which a scanner knows it', () => {
    const keys = Array.from({ length: 100 }, generateApiKey);
    for (const key of keys) expect(key).toMatch(/^clk_[\w-]{43}$/);
    expect(new Set(keys).size).toBe(100);
  });

  it('is stored as its SHA-256, which shows nothing of it', () => {
    const key = generateApiKey();
    expect(hashApiKey(key)).toBe(createHash('sha256').update(key).digest('hex'));
    expect(hashApiKey(key)).not.toContain(key.slice(4));
  });
});

describe('two hashes', () => {
  const hash = hashApiKey('one');

  it('are the same when every bit is', () => {
    expect(sameHash(hash, hashApiKey('one'))).toBe(true);
    expect(sameHash(hash, hashApiKey('two'))).toBe(false);
    for (let i = 0; i < hash.length; i++) {
      const other = hash.slice(0, i) + (hash[i] === '0' ? '1' : '0') + hash.slice(i + 1);
      expect(sameHash(hash, other)).toBe(false);
    }
  });

  it('are not the same when one is shorter, or none', () => {
    expect(sameHash(hash, hash.slice(2))).toBe(false);
    expect(sameHash(hash, '')).toBe(false);
    expect(sameHash('', '')).toBe(false);
    expect(sameHash('not hex', 'nor this')).toBe(false);
  });
});

describe('a scope', () => {
  it('is one of those that routes ask for', () => {
    for (const scope of scopes) expect(isScope(scope)).toBe(true);
    for (const text of ['', 'admin', 'RECORD', 'toString']) expect(isScope(text)).toBe(false);
  });
});
