import type { Instant } from '@consent-ledger/consent';
import { toRfc3339 } from '@consent-ledger/platform';
import type { IncomingMessage, OutgoingMessage } from '../message-broker.js';
import { SOURCE, structuredHeaders, TYPE_PREFIX } from './cloud-event.js';
import type { RefusalReason } from './consent-request.js';

/** What has the form of a made-up id may be told back: no address, and no number alone. Who asks is told to put no name in it. */
const TELLABLE = /^(?=.*[a-z])[\w-]{1,64}$/i;

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
      ...(id !== undefined && TELLABLE.test(id) && { requestId: id }),
      code,
      ...(fields && fields.length > 0 && { fields }),
    },
  };
  return { key: place, value: JSON.stringify(message), headers: structuredHeaders };
}
