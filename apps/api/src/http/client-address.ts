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
