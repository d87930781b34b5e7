import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The IP address of whoever sent a request: what the proxies of `TRUSTED_PROXIES` say of it, else the other end of the
 * connection. It is personal data: as evidence it is sealed, and it is in no log and no metric.
 */
export function clientAddress({ ip, socket }: Pick<FastifyRequest, 'ip' | 'socket'>): string {
  const said = withoutPort(ip);
  if (isIP(said) !== 0) return said;
  return socket.remoteAddress ?? 'unknown';
}

/** Some proxies, Azure's among them, write `203.0.113.7:50123` or `[2001:db8::1]:50123` (RFC 7239 §6). */
function withoutPort(address: string): string {
  const [, inBrackets, plain] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(address) ?? [];
  return inBrackets ?? plain ?? address;
}

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
