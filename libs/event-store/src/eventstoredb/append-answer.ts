import shared from '@eventstore/db-client/generated/shared_pb.js';
import type statuses from '@eventstore/db-client/generated/status_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Append } from '../append.js';
import { AppendTooLarge, NO_STREAM, RevisionConflict, type Position } from '../event-store.js';
import { LogRefused, LogUnavailable, StreamDeleted } from './errors.js';
import { positionOf } from './recorded-events.js';

const named = (name: string) => `event_store.client.${name}`;

/**
 * What the server says of an append: a conflict, or the position of its last event; `undefined` when it leaves that out, as
 * it does for a repeat that it has not indexed yet. Throws `AppendTooLarge`, `StreamDeleted` or `LogRefused` when nothing was written, and
 * `LogUnavailable` when the server does not say.
 */
export function answerTo(append: Append, response: streams.BatchAppendResp): Position | RevisionConflict | undefined {
  const error = response.getError();
  if (error) return conflictOrThrow(append, error);
  const commit = response.getSuccess()?.getPosition()?.getCommitPosition();
  return commit === undefined || !Number.isSafeInteger(Number(commit)) ? undefined : positionOf(commit);
}

function conflictOrThrow({ streamId, expected }: Append, error: statuses.Status): RevisionConflict {
  const details = error.getDetails();
  switch (details?.getTypeName()) {
    case named('WrongExpectedVersion'): {
      const version = shared.WrongExpectedVersion.deserializeBinary(details.getValue_asU8());
      const actual = version.hasCurrentStreamRevision() ? Number(version.getCurrentStreamRevision()) : NO_STREAM;
      return new RevisionConflict(streamId, expected, actual);
    }
    case named('MaximumAppendSizeExceeded'): {
      const exceeded = shared.MaximumAppendSizeExceeded.deserializeBinary(details.getValue_asU8());
      throw new AppendTooLarge(exceeded.getMaxappendsize());
    }
    case named('AccessDenied'):
      throw new LogRefused('The server denies the append. Give its user the right to write, or use another user.');
    case named('StreamDeleted'):
      throw new StreamDeleted();
    case named('BadRequest'):
      throw new LogRefused('The server does not understand the append. Is it EventStoreDB 24.10 or later?');
    default:
      throw new LogUnavailable(`the server did not take the append (${details?.getTypeName() ?? 'no reason'}).`);
  }
}
