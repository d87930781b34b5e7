import { isIP } from 'node:net';

/** What counts as one client: an IPv4 address, or the /64 that whoever has an IPv6 address mostly has all of. */
export function networkOf(address: string): string {
  const [plain = ''] = address.split('%');
  if (isIP(plain) !== 6) return plain;
  const [head = '', tail] = new URL(`http://[${plain}]/`).hostname.slice(1, -1).split('::');
  const [before, after] = [groupsIn(head), groupsIn(tail)];
  const groups = [...before, ...new Array<string>(8 - before.length - after.length).fill('0'), ...after];
  const mapped = EMBEDDED.exec(groups.join(':'));
  return mapped ? mapped.slice(1).flatMap(octetsOf).join('.') : `${groups.slice(0, 4).join(':')}::/64`;
}

/** An IPv4 address in an IPv6 one: mapped (RFC 4291 §2.5.5.2), or behind a NAT64 (RFC 6052 §2.1), where one /64 holds all of IPv4. */
const EMBEDDED = /^(?:0:0:0:0:0:ffff|64:ff9b:0:0:0:0):(\w+):(\w+)$/;

function groupsIn(text = ''): string[] {
  return text === '' ? [] : text.split(':');
}

function octetsOf(group: string): number[] {
  const value = parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
