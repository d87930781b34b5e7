import type { RequestEvent } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import { occurredAtOf } from '../recorded-instants.js';

const PREFIX = 'request-';

/** The stream of one request of a data subject. */
export function requestStream(requestId: string): string {
  return PREFIX + requestId;
}

/** The request whose stream this is; `undefined` when the stream is not a request's. */
export function requestOfStream(streamId: string): string | undefined {
  return streamId.startsWith(PREFIX) ? streamId.slice(PREFIX.length) : undefined;
}

/** Reads a stored event of a request. */
export function requestEventOf(recorded: RecordedEvent): RequestEvent {
  const { type, data } = recorded;
  return { type, data, occurredAt: occurredAtOf(recorded) } as unknown as RequestEvent;
}
