import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ProposedEvent, ServerRecord } from './server-log.js';

type Proposed = streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage;

/** Names and ids travel as bytes and as messages of their own. */
export function streamName(identifier: shared.StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
}

export function streamIdentifier(name: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name).toString('base64'));
}

export function proposedEvent(message: Proposed): ProposedEvent {
  return {
    id: message.getId()?.getString() ?? '',
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

/** An event as a read answers it; commit and prepare are one place, for every event that was appended at once. */
export function eventResponse(record: ServerRecord): streams.ReadResp {
  const place = `${record.position}`;
  const event = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(record.id))
    .setStreamIdentifier(streamIdentifier(record.stream))
    .setStreamRevision(`${record.revision}`)
    .setCommitPosition(place)
    .setPreparePosition(place)
    .setData(record.data)
    .setCustomMetadata(record.metadata);
  event.getMetadataMap().set('type', record.type).set('content-type', record.contentType).set('created', '0');
  return new streams.ReadResp().setEvent(new streams.ReadResp.ReadEvent().setEvent(event).setCommitPosition(place));
}

export function checkpointResponse(position: number): streams.ReadResp {
  const place = `${position}`;
  return new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint().setCommitPosition(place).setPreparePosition(place),
  );
}

export function allPosition(position: number): shared.AllStreamPosition {
  return new shared.AllStreamPosition().setCommitPosition(`${position}`).setPreparePosition(`${position}`);
}
