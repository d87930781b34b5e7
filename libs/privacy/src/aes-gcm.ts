import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { fillRandomly } from './random-bytes.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };

/**
 * AES-256-GCM under a random 96-bit nonce (NIST SP 800-38D §8.2.2); answers nonce, ciphertext and tag in one. A key of bytes
 * is made a key object: on Node 24 a cipher that is given bytes throws and catches two errors first, for half of its time.
 */
export function encrypt(key: Uint8Array | KeyObject, aad: string, plaintext: Uint8Array): Buffer {
  const encrypted = Buffer.allocUnsafe(NONCE_BYTES + plaintext.length + TAG_BYTES);
  const nonce = fillRandomly(encrypted.subarray(0, NONCE_BYTES));
  const cipher = createCipheriv(CIPHER, keyObjectOf(key), nonce, OPTIONS).setAAD(Buffer.from(aad));
  encrypted.set(cipher.update(plaintext), NONCE_BYTES);
  cipher.final();
  encrypted.set(cipher.getAuthTag(), NONCE_BYTES + plaintext.length);
  return encrypted;
}

/** What `encrypt` was given. Throws when the key, the AAD or a single bit differs. */
export function decrypt(key: Uint8Array, aad: string, encrypted: Uint8Array): Buffer {
  if (encrypted.length < NONCE_BYTES + TAG_BYTES) throw new RangeError('The ciphertext is too short.');
  const decipher = createDecipheriv(CIPHER, createSecretKey(key), encrypted.subarray(0, NONCE_BYTES), OPTIONS)
    .setAAD(Buffer.from(aad))
    .setAuthTag(encrypted.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(encrypted.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
}

function keyObjectOf(key: Uint8Array | KeyObject): KeyObject {
  return key instanceof Uint8Array ? createSecretKey(key) : key;
}
