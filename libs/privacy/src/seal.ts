import { decrypt, encrypt } from './aes-gcm.js';
import type { JsonObject } from './json.js';

/** Sealed text cannot be opened: it was changed, cut, moved to another place, or sealed under another key. */
export class SealBroken extends Error {
  readonly code = 'SEAL_BROKEN';
  constructor(options?: ErrorOptions) {
    super('The sealed data is damaged or does not belong here. Compare the log with a backup.', options);
  }
}

/** The first byte of sealed text: AES-256-GCM over JSON. */
const VERSION = 1;

/**
 * Seals a value under a 32-byte key with AES-256-GCM, bound to `aad`: base64url of version, nonce, ciphertext and tag,
 * four thirds of the length of the JSON and 39 characters more.
 */
export function seal(key: Uint8Array, aad: string, value: JsonObject): string {
  const encrypted = encrypt(key, aad, Buffer.from(JSON.stringify(value)));
  return Buffer.concat([Buffer.of(VERSION), encrypted]).toString('base64url');
}

/** The value that was sealed under this key and `aad`. Throws `SealBroken` for anything else. */
export function open(key: Uint8Array, aad: string, sealed: string): JsonObject {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes[0] !== VERSION || bytes.toString('base64url') !== sealed) throw new SealBroken();
  return JSON.parse(unlock(key, aad, bytes.subarray(1)).toString()) as JsonObject;
}

function unlock(key: Uint8Array, aad: string, encrypted: Uint8Array): Buffer {
  try {
    return decrypt(key, aad, encrypted);
  } catch (cause) {
    throw new SealBroken({ cause });
  }
}
