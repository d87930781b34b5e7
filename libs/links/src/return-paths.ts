import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { fromBase32, toBase32 } from '@consent-ledger/platform';
import { requireKeys, type LinkKey } from './link-keys.js';

/**
 * Return paths that name a delivery and cannot be made up: what comes back to one is about a message that was sent from
 * here. The mark has 43 characters that a mail server may write in either case.
 */
export interface ReturnPaths {
  /** The mark of a delivery, `<delivery>.<mac>` in lower-case base32; `undefined` for an id that is no UUID. */
  markOf(deliveryId: string): string | undefined;
  /** The delivery of a mark that was made here, under whatever key; in constant time for each key. */
  deliveryOf(mark: string): string | undefined;
}

/** 80 bits: RFC 2104 §5 allows no fewer. */
const MAC_BYTES = 10;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** An id of 16 bytes and a MAC, of as many characters as they have in base32. */
const MARK = /^([a-z2-7]{26})\.([a-z2-7]{16})$/;

/**
 * Signed return paths under keys that are derived from the link keys: a key signs either links or return paths, and those
 * of old link keys are taken for ever. Throws `RangeError` for keys that `createLinks` would not take.
 */
export function createReturnPaths(keys: readonly LinkKey[]): ReturnPaths {
  requireKeys(keys);
  const derived = keys.map(({ secret }) =>
    Buffer.from(hkdfSync('sha256', secret, '', 'consent-ledger return path', 32)),
  );
  return {
    markOf(deliveryId) {
      if (!UUID.test(deliveryId)) return undefined;
      const id = Buffer.from(deliveryId.replaceAll('-', ''), 'hex');
      return `${written(id)}.${written(macOf(id, derived[0]!))}`;
    },
    deliveryOf(mark) {
      const [, name, mac] = MARK.exec(mark.toLowerCase()) ?? [];
      const id = name && fromBase32(name);
      const given = mac && fromBase32(mac);
      if (!id || !given || !derived.some((key) => timingSafeEqual(macOf(id, key), given))) return undefined;
      return id.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
  };
}

function written(bytes: Buffer): string {
  return toBase32(bytes.toString('latin1'));
}

function macOf(id: Buffer, key: Buffer): Buffer {
  return createHmac('sha256', key).update(id).digest().subarray(0, MAC_BYTES);
}
