import { randomFillSync } from 'node:crypto';

/** Small against what is kept in memory anyway, and enough for some eighty keys: most of a call's cost is the call. */
const POOL_BYTES = 4096;

const pool = new Uint8Array(POOL_BYTES);
let next = POOL_BYTES;

/**
 * At most 4096 random bytes for a key or a nonce, from the system's cryptographic generator. It is asked for many at once;
 * each byte is handed out once, and is gone from the pool when it is. Throws `RangeError` for more.
 */
export function freshRandomBytes(size: number): Buffer {
  // Memory of their own: Node's slab would lay keys beside whatever else is in it.
  return fillRandomly(Buffer.from(new ArrayBuffer(size)));
}

/** Fills at most 4096 bytes as `freshRandomBytes` makes them, and answers them. Throws `RangeError` for more. */
export function fillRandomly<T extends Uint8Array>(bytes: T): T {
  const size = bytes.length;
  if (size > POOL_BYTES) throw new RangeError(`Ask for at most ${POOL_BYTES} random bytes at once.`);
  if (next + size > POOL_BYTES) {
    randomFillSync(pool);
    next = 0;
  }
  for (let at = 0; at < size; at++) {
    bytes[at] = pool[next]!;
    pool[next++] = 0;
  }
  return bytes;
}
