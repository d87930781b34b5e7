import { MessageRefused } from './message-refused.js';

const DELIVERY_ID = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/**
 * Passes an id that can stand in a Message-ID (RFC 5322 §3.6.4) and in a file name, and throws `INVALID_DELIVERY_ID` for
 * any other.
 */
export function checkDeliveryId(deliveryId: string): string {
  if (deliveryId.length > 200 || !DELIVERY_ID.test(deliveryId))
    throw new MessageRefused(
      'INVALID_DELIVERY_ID',
      'A delivery id is 1 to 200 letters, digits, "-", "_" and inner dots.',
    );
  return deliveryId;
}
