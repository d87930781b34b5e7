import { hash } from 'node:crypto';
import type { RecordedEvent } from '../event-store.js';

const MODULUS = 1n << 256n;

/**
 * The SHA-256 of an event as it must stand in any log: its stream and revision, id, type, data and metadata, without the
 * position, which is each log's own.
 */
export function digestOf({ streamId, revision, id, type, data, metadata }: RecordedEvent): string {
  return hash('sha256', JSON.stringify([streamId, revision, id, type, data, metadata]), 'hex');
}

/**
 * Folds the digests of a log to one hash, in constant memory: their sum modulo 2^256. Each digest binds the stream and the
 * revision, so that the hash pins every stream from end to end; it does not depend on how streams are interleaved.
 */
export class LogFold {
  #events = 0;
  #sum = 0n;

  add(digest: string): void {
    this.#events += 1;
    this.#sum = (this.#sum + BigInt(`0x${digest}`)) % MODULUS;
  }

  get events(): number {
    return this.#events;
  }

  /** 64 hexadecimal digits; zeros for an empty log. */
  get hash(): string {
    return this.#sum.toString(16).padStart(64, '0');
  }
}
