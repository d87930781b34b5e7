import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Append, EventText } from '../append.js';
import { NO_STREAM } from '../event-store.js';
import { isRefusal, type BatchAppendCall, type Connection } from './connection.js';
import { LogRefused, LogUnavailable } from './errors.js';

/** Sends appends over one call and hands each its own answer. */
export interface BatchAppend {
  /** Resolves to what the server says of the append; rejects with `LogUnavailable` when nobody will say. */
  send(append: Append): Promise<streams.BatchAppendResp>;
  close(): void;
}

interface Waiting {
  resolve(response: streams.BatchAppendResp): void;
  reject(error: Error): void;
}

/**
 * The call is opened when it is needed and again after it broke. What waits on it is kept with the call itself: the client's
 * own command keeps it for the whole process, so that one broken call fails the appends of all others, and an answer that
 * comes too late ends the process.
 */
export function createBatchAppend(connection: Connection, answerTimeoutMs: number): BatchAppend {
  let line: Promise<Line> | undefined;

  function lineInUse(): Promise<Line> {
    if (line) return line;
    const opened = connection.openBatchAppend().then((call) => createLine(call, answerTimeoutMs, forget));
    const forget = () => {
      if (line === opened) line = undefined;
    };
    opened.catch(forget);
    line = opened;
    return opened;
  }

  return {
    send: async (append) => (await lineInUse()).send(append),
    close: () => void line?.then(({ end }) => end()).catch(() => undefined),
  };
}

interface Line {
  send(append: Append): Promise<streams.BatchAppendResp>;
  end(): void;
}

function createLine(call: BatchAppendCall, answerTimeoutMs: number, onBroken: () => void): Line {
  const waiting = new Map<string, Waiting>();

  function breakOff(error?: Error): void {
    onBroken();
    const broken = isRefusal(error)
      ? new LogRefused('The server does not let this user append, or not over this protocol.', { cause: error })
      : new LogUnavailable('the connection broke while appends were under way.', { cause: error });
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  }
  call.on('error', breakOff);
  call.on('end', () => breakOff());
  call.on('data', (response: streams.BatchAppendResp) => {
    waiting.get(response.getCorrelationId()?.getString() ?? '')?.resolve(response);
  });

  return {
    send: (append) =>
      new Promise((resolve, reject) => {
        const correlation = randomUUID();
        const settled = () => {
          clearTimeout(timer);
          waiting.delete(correlation);
        };
        const silent = () => reject(new LogUnavailable('an append was not answered in time.'));
        const timer = setTimeout(() => (settled(), silent()), answerTimeoutMs);
        waiting.set(correlation, {
          resolve: (response) => (settled(), resolve(response)),
          reject: (error) => (settled(), reject(error)),
        });
        // Nothing waits for the call to drain: what it holds is what callers wait for.
        call.write(request(append, correlation));
      }),
    end: () => call.end(),
  };
}

/** No deadline is sent: it would be judged by the server's clock. */
function request({ streamId, expected, events }: Append, correlation: string): streams.BatchAppendReq {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(
    new shared.StreamIdentifier().setStreamName(Buffer.from(streamId).toString('base64')),
  );
  if (expected === NO_STREAM) options.setNoStream(new empty.Empty());
  else options.setStreamPosition(`${expected}`);
  return new streams.BatchAppendReq()
    .setCorrelationId(new shared.UUID().setString(correlation))
    .setOptions(options)
    .setProposedMessagesList(events.map(proposed))
    .setIsFinal(true);
}

function proposed({ id, type, data, metadata }: EventText): streams.BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(id))
    .setData(Buffer.from(data))
    .setCustomMetadata(Buffer.from(metadata));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return message;
}
