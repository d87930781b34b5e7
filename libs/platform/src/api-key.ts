import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a key may be used for. */
export const scopes = [
  'record',
  'erase',
  'eligibility',
  'history',
  'mail',
  'inbound',
  'templates',
  'import',
  'export',
  'requests',
  'policy',
  'operations',
] as const;
export type Scope = (typeof scopes)[number];

export function isScope(text: string): text is Scope {
  return (scopes as readonly string[]).includes(text);
}

/** Who sent a request. `keyId` is a pseudonym that may be logged and recorded. */
export interface Principal {
  readonly keyId: string;
  readonly scopes: ReadonlySet<string>;
}

/** A new key: 256 random bits, with a prefix by which a secret scanner knows it. Only its hash may be stored. */
export function generateApiKey(): string {
  return `clk_${randomBytes(32).toString('base64url')}`;
}

/** The SHA-256 of a key in hex: a key has 256 bits of its own, so that a slow hash would add nothing. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'hex');
}

const HASH_CHARACTERS = 64;

/** Kept, because every request with a key compares: nothing else runs between the writing and the comparing. */
const left = Buffer.alloc(HASH_CHARACTERS);
const right = Buffer.alloc(HASH_CHARACTERS);

/** Whether two hashes (hex) are the same, in constant time; a text of another length is not the same as anything. */
export function sameHash(a: string, b: string): boolean {
  if (a.length !== HASH_CHARACTERS || b.length !== HASH_CHARACTERS) return false;
  left.write(a, 'latin1');
  right.write(b, 'latin1');
  return timingSafeEqual(left, right);
}
