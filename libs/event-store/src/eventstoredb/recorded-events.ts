import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Position, RecordedEvent } from '../event-store.js';
import { recordedEvent } from '../event-row.js';

type GrpcEvent = streams.ReadResp.ReadEvent.RecordedEvent;

/**
 * Reads an event as the server sends it. Throws when its text is not JSON (which the client itself would hand out as text),
 * or when the server does not say where in the log it stands.
 */
export function readEvent(event: GrpcEvent): RecordedEvent {
  return recordedEvent([
    positionOf(event.getCommitPosition()),
    text(event.getStreamIdentifier()!.getStreamName_asU8()),
    Number(event.getStreamRevision()),
    event.getId()!.getString(),
    event.getMetadataMap().get('type') ?? '',
    text(event.getData_asU8()),
    text(event.getCustomMetadata_asU8()),
  ]);
}

/**
 * The position of an event is the byte of the log at which it was committed. Events that are appended at once are committed
 * each at its own byte, where it was prepared, so that the two places of the protocol are one number, in the same order.
 * Throws when there is none: servers before 22.6 do not name it when a stream is read.
 */
export function positionOf(commit: string): Position {
  const position = Number(commit);
  if (Number.isSafeInteger(position)) return position;
  throw new Error('The server does not say where in the log an event stands. EventStoreDB 24.10 or later is needed.');
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
