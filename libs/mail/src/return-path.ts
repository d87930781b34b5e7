import { readAddress } from './mailbox.js';

/** The address that takes the bounces of one delivery: `bounces+<mark>@host`. Throws `INVALID_ADDRESS`. */
export function returnPathOf(bounces: string, mark: string): string {
  const { local, domain } = readAddress(bounces);
  return `${local}+${mark}@${domain}`;
}

const MARKED = /\+([a-z2-7]{26}\.[a-z2-7]{16})@/gi;

/** What stands where the mark of a return path does, in any text that holds addresses; none of it is checked. */
export function marksIn(text: string): string[] {
  return Array.from(text.replace(/\s+/g, '').matchAll(MARKED), ([, mark]) => mark!);
}
