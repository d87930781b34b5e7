import { describe, expect, it } from '@jest/globals';
import { extensionOf } from './return-path.js';

describe('an address of ours', () => {
  it.each([
    ['stop@example.nl', ''],
    ['STOP@Example.NL', ''],
    ['stop+mark@example.nl', 'mark'],
    ['stop@example.com', undefined],
    ['halt@example.nl', undefined],
    ['stop', undefined],
    ['stop@', undefined],
  ])('is known, with what stands after the plus sign: %s', (address, extension) => {
    expect(extensionOf(address, 'stop@example.nl')).toBe(extension);
  });

  it.each(['stop@vo\u00fbte.nl', 'stop@xn--vote-wra.nl'])(
    'is known by either form of its domain (P4): %s',
    (address) => {
      expect(extensionOf(address, 'stop@vo\u00fbte.nl')).toBe('');
      expect(extensionOf(address, 'stop@xn--vote-wra.nl')).toBe('');
    },
  );
});
