import { hash } from 'node:crypto';

const ALGORITHM = 'sha256';
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Of UTF-8; with room for one more character, text that is too long shows. */
const MAX_CHARACTER_BYTES = 4;

/** Answers the HMAC of a text as 32 characters, each one byte (`latin1`). */
export type KeyedHash = (text: string) => string;

/**
 * HMAC-SHA256 (RFC 2104) of `prefix` + text, UTF-8, for texts of at most `maxBytes`. Throws `RangeError` for a longer one.
 * Made of two one-shot hashes over buffers that are kept, with digests as strings: on Node 24 a tenth of the time of
 * `createHmac`, and a third of the same hashes with digests as buffers.
 */
export function createKeyedHash(key: Uint8Array, prefix: string, maxBytes: number): KeyedHash {
  const head = Buffer.concat([padded(key, 0x36), Buffer.from(prefix)]);
  const inner = Buffer.concat([head, Buffer.alloc(maxBytes + MAX_CHARACTER_BYTES)]);
  const outer = Buffer.concat([padded(key, 0x5c), Buffer.alloc(DIGEST_BYTES)]);

  return (text) => {
    const length = inner.write(text, head.length);
    if (length > maxBytes) throw new RangeError(`The text has more than ${maxBytes} bytes.`);
    const digest = hash(ALGORITHM, inner.subarray(0, head.length + length), 'binary');
    outer.write(digest, BLOCK_BYTES, 'latin1');
    return hash(ALGORITHM, outer, 'binary');
  };
}

function padded(key: Uint8Array, pad: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash(ALGORITHM, key, 'buffer') : key);
  return block.map((byte) => byte ^ pad);
}
