import type { Instant } from '@consent-ledger/consent';
import { toRfc3339 } from '@consent-ledger/platform';
import type { IncomingMessage, OutgoingMessage } from '../message-broker.js';
import { SOURCE, structuredHeaders, TYPE_PREFIX } from './cloud-event.js';
import type { RefusalReason } from './consent-request.js';

/** A UUID (RFC 9562) or a ULID: what was made up so says nothing of the person. Any other id may be a name or an address. */
const MADE_UP = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-7][0-9a-hjkmnp-tv-z]{25})$/i;

/** Tells that a message was not taken: where it stands and why, without its content, which may hold an address. */
export function refusedMessage(
  { topic, partition, offset }: IncomingMessage,
  { code, fields }: RefusalReason,
  { id, at }: { readonly id: string | undefined; readonly at: Instant },
): OutgoingMessage {
  const place = `${topic}.${partition}.${offset}`;
  const message = {
    specversion: '1.0',
    id: place,
    source: SOURCE,
    type: `${TYPE_PREFIX}Refused`,
    time: toRfc3339(at),
    datacontenttype: 'application/json',
    data: {
      topic,
      partition,
      offset,
      ...(id !== undefined && MADE_UP.test(id) && { requestId: id }),
      code,
      ...(fields && fields.length > 0 && { fields }),
    },
  };
  return { key: place, value: JSON.stringify(message), headers: structuredHeaders };
}
