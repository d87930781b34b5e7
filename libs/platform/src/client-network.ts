import { isIP } from 'node:net';
import ipaddr, { type IPv6 } from 'ipaddr.js';

/** What counts as one client: an IPv4 address, or the /64 that whoever has an IPv6 address mostly has all of. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const read = ipaddr.IPv6.parse(address);
  if (EMBEDDING.some((block) => read.match(block))) return embedded(read);
  const network = read.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}

/** An IPv4 address in an IPv6 one: mapped (RFC 4291 §2.5.5.2), or behind a NAT64 (RFC 6052 §2.1), where one /64 holds all of IPv4. */
const EMBEDDING = ['::ffff:0:0/96', '64:ff9b::/96'].map((block) => ipaddr.IPv6.parseCIDR(block));

function embedded(address: IPv6): string {
  return address.toByteArray().slice(12).join('.');
}
