import { CompactSign, compactVerify, errors } from 'jose';
import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  InvalidClaim,
  packClaims,
  unpackClaims,
  type ClaimsOf,
  type LinkClaims,
  type LinkKind,
  type MailedKind,
} from './link-claims.js';
import { requireKeys, type LinkKey } from './link-keys.js';

export type { LinkKey } from './link-keys.js';

export interface LinksOptions {
  /** The first signs, all verify. A key that ever signed stays in the list: an opt-out link never expires. */
  readonly keys: readonly LinkKey[];
  /** Where recipients reach the service: an `http` or `https` URL, with or without a path. */
  readonly publicUrl: string;
}

/**
 * What a token says, or why it is not taken: `damaged` for anything that was not signed here as it stands. One that has
 * `expired` is authentic, and says what it said.
 */
export type LinkVerdict<K extends LinkKind> =
  | { readonly ok: true; readonly claims: ClaimsOf<K> }
  | { readonly ok: false; readonly reason: 'expired'; readonly claims: ClaimsOf<K> }
  | { readonly ok: false; readonly reason: 'damaged' | 'wrong-kind' };

/** Signed links in mails: whoever holds one may do what it says, and nothing else. */
export interface Links {
  /** A token that says exactly these claims. Rejects with `InvalidClaim` when one is out of bounds. */
  sign(claims: LinkClaims): Promise<string>;
  /** Reads a token as one kind of link at the moment `now`, in epoch milliseconds. */
  verify<K extends LinkKind>(kind: K, token: string, now: number): Promise<LinkVerdict<K>>;
  /** The URL that a mail bears for these claims, with a new token. Rejects with `InvalidClaim`. */
  urlFor(claims: ClaimsOf<MailedKind>): Promise<string>;
}

/** Where each kind of link is answered, under the public URL. */
const PATHS: Record<MailedKind, string> = {
  unsubscribe: 'u',
  confirm: 'confirm',
  reconsent: 'reconsent',
  preferences: 'preferences',
};

const ALGORITHM = 'HS256';
const MAX_TOKEN_LENGTH = 2048;

/**
 * JWS compact (RFC 7515 §3.1) with the one spelling of its signature: 43 characters carry 258 bits, of which the last
 * two are zero, and a decoder would take any.
 */
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Links signed with HMAC-SHA256 as JWS compact, the algorithm pinned, the kind explicit in `typ` (RFC 8725 §3.1, §3.11).
 * Throws `RangeError` when there is no key, an id is used twice, a secret is short or the URL cannot bear links.
 */
export function createLinks({ keys, publicUrl }: LinksOptions): Links {
  const secrets = readKeys(keys);
  const [signer] = secrets.keys();
  const base = readPublicUrl(publicUrl);

  async function sign(claims: LinkClaims): Promise<string> {
    const payload = Buffer.from(JSON.stringify(packClaims(claims)));
    return new CompactSign(payload)
      .setProtectedHeader({ alg: ALGORITHM, kid: signer!, typ: claims.kind })
      .sign(secrets.get(signer!)!);
  }

  async function verifySignature(token: string): Promise<{ typ: string | undefined; payload: Uint8Array }> {
    const { protectedHeader, payload } = await compactVerify(token, ({ kid }) => findSecret(secrets, kid), {
      algorithms: [ALGORITHM],
    });
    return { typ: protectedHeader.typ, payload };
  }

  async function verify<K extends LinkKind>(kind: K, token: string, now: number): Promise<LinkVerdict<K>> {
    if (token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) return { ok: false, reason: 'damaged' };
    try {
      const { typ, payload } = await verifySignature(token);
      if (typ !== kind) return { ok: false, reason: 'wrong-kind' };
      const claims = unpackClaims(kind, readObject(payload));
      if ('expiresAt' in claims && now >= claims.expiresAt) return { ok: false, reason: 'expired', claims };
      return { ok: true, claims };
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof InvalidClaim) return { ok: false, reason: 'damaged' };
      throw error;
    }
  }

  return {
    sign,
    verify,
    urlFor: async (claims) => `${base}/${PATHS[claims.kind]}/${await sign(claims)}`,
  };
}

/** What is no JSON object holds no claims. */
function readObject(payload: Uint8Array): Record<string, unknown> {
  try {
    return Object(JSON.parse(Buffer.from(payload).toString())) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function readKeys(keys: readonly LinkKey[]): Map<string, KeyObject> {
  requireKeys(keys);
  return new Map(keys.map(({ id, secret }) => [id, createSecretKey(secret)]));
}

function findSecret(secrets: ReadonlyMap<string, KeyObject>, kid: string | undefined): KeyObject {
  const secret = kid === undefined ? undefined : secrets.get(kid);
  if (!secret) throw new errors.JWKSNoMatchingKey();
  return secret;
}

function readPublicUrl(publicUrl: string): string {
  const url = URL.parse(publicUrl);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password)
    throw new RangeError('The public URL must be an http or https URL without query, fragment or credentials.');
  return url.href.replace(/\/+$/, '');
}
