import { domainToASCII } from 'node:url';
import { readAddress } from './mailbox.js';

/** The address that takes the bounces of one delivery: `bounces+<mark>@host`. Throws `INVALID_ADDRESS`. */
export function returnPathOf(bounces: string, mark: string): string {
  const { local, domain } = readAddress(bounces);
  return `${local}+${mark}@${domain}`;
}

/**
 * What stands after the plus sign where `address` is `base` or an extension of it, in any case; empty for `base` itself, and
 * `undefined` for any other address.
 */
export function extensionOf(address: string, base: string): string | undefined {
  const at = address.lastIndexOf('@');
  const own = readAddress(base);
  const local = address.slice(0, Math.max(at, 0)).toLowerCase();
  // A server may write the domain as people do.
  if (domainToASCII(address.slice(at + 1)) !== own.domain) return undefined;
  if (local === own.local.toLowerCase()) return '';
  const prefix = `${own.local.toLowerCase()}+`;
  return local.startsWith(prefix) ? local.slice(prefix.length) : undefined;
}

const MARKED = /\+([a-z2-7]{26}\.[a-z2-7]{16})@/gi;

/** What stands where the mark of a return path does, in any text that holds addresses; none of it is checked. */
export function marksIn(text: string): string[] {
  return Array.from(text.replace(/\s+/g, '').matchAll(MARKED), ([, mark]) => mark!);
}
