import { describe, expect, it } from '@jest/globals';
import { clientAddress } from './client-address.js';

describe('a client', () => {
  it('is at the other end of the connection where a proxy says something that is no address', () => {
    const socket = { remoteAddress: '10.0.0.1' } as never;
    expect(clientAddress({ ip: '<script>', socket })).toBe('10.0.0.1');
    expect(clientAddress({ ip: '203.0.113.7', socket })).toBe('203.0.113.7');
  });

  it.each([
    ['203.0.113.7:50123', '203.0.113.7'],
    ['[2001:db8::1]:50123', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['203.0.113.7:x', '10.0.0.1'],
  ])('that a proxy names with its port, %s, is at %s', (ip, address) => {
    expect(clientAddress({ ip, socket: { remoteAddress: '10.0.0.1' } as never })).toBe(address);
  });
});
