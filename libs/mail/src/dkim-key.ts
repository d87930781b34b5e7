import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A private key that signs mail for a domain. */
export interface DkimKey {
  /** In A-labels. */
  readonly domain: string;
  readonly selector: string;
  /** RSA, PKCS #8. */
  readonly pem: string;
}

/** A TXT record: where it stands, and what it says. */
export interface DkimRecord {
  readonly name: string;
  readonly value: string;
}

/** A key cannot sign mail; the message says why, and holds nothing of the key. */
export class DkimKeyRefused extends Error {
  readonly code = 'DKIM_KEY_REFUSED';
}

const LEAST_RSA_BITS = 2048;

/**
 * Reads a private key in PEM for `domain` and `selector`: RSA of 2048 bits or more (RFC 8301 §3.2). Throws
 * `DkimKeyRefused`.
 */
export function readDkimKey(domain: string, selector: string, pem: string | Buffer): DkimKey {
  const privateKey = privateKeyIn(pem);
  const { asymmetricKeyType: type, asymmetricKeyDetails: { modulusLength = 0 } = {} } = privateKey;
  if (type !== 'rsa') throw new DkimKeyRefused(`is of the type ${type}; make one that is RSA`);
  if (modulusLength < LEAST_RSA_BITS)
    throw new DkimKeyRefused(`is an RSA key of ${modulusLength} bits; make one of ${LEAST_RSA_BITS} or more`);
  return { domain, selector, pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** The TXT record by which receivers check what the key signed (RFC 6376 §3.6.1). */
export function dkimRecord({ domain, selector, pem }: DkimKey): DkimRecord {
  const key = createPublicKey(pem).export({ type: 'spki', format: 'der' }).toString('base64');
  return { name: `${selector}._domainkey.${domain}`, value: `v=DKIM1; k=rsa; p=${key}` };
}

function privateKeyIn(pem: string | Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new DkimKeyRefused('holds no private key in PEM without a passphrase');
  }
}
