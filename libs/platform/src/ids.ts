import { createHash, randomUUID } from 'node:crypto';

/** A fresh random id (UUID version 4). */
export function newId(): string {
  return randomUUID();
}

/** The id that these parts always give (UUID version 8 over their SHA-256), so that a retry makes the same event. */
export function deterministicId(...parts: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
