import { status, type ServerDuplexStream, type ServerReadableStream, type sendUnaryData } from '@grpc/grpc-js';
import codes from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import statuses from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { AppendFaults } from './append-faults.js';
import { allPosition, proposedEvent, streamIdentifier, streamName } from './messages.js';
import type { AppendOutcome, Expectation, ProposedEvent, ServerLog } from './server-log.js';

/** Answers both ways to append that the protocol knows: many over one call, and one a call. */
export function appendHandlers(log: ServerLog, faults: AppendFaults) {
  return {
    batchAppend(call: ServerDuplexStream<streams.BatchAppendReq, streams.BatchAppendResp>): void {
      const pending = new Map<string, BatchedAppend>();
      call.on('data', (request: streams.BatchAppendReq) => {
        const append = gather(pending, request);
        if (request.getIsFinal())
          settle(log, faults, append, (answer) => call.write(batchAnswer(request, append, answer)));
      });
      call.on('end', () => call.end());
      call.on('error', () => undefined);
    },

    append(
      call: ServerReadableStream<streams.AppendReq, streams.AppendResp>,
      respond: sendUnaryData<streams.AppendResp>,
    ): void {
      let append: BatchedAppend | undefined;
      call.on('data', (request: streams.AppendReq) => {
        const options = request.getOptions();
        if (options)
          append = { stream: streamName(options.getStreamIdentifier()), expected: expectationOf(options), events: [] };
        else append?.events.push(proposedEvent(request.getProposedMessage()!));
      });
      call.on('end', () => append && settle(log, faults, append, (answer) => respondTo(respond, answer)));
      call.on('error', () => undefined);
    },
  };
}

interface BatchedAppend {
  readonly stream: string;
  readonly expected: Expectation;
  readonly events: ProposedEvent[];
  readonly lateBy?: number;
}

type Written = Extract<AppendOutcome, { kind: 'written' }> | { readonly kind: 'no-position' };
type Refusal =
  | Exclude<AppendOutcome, { kind: 'written' }>
  | { readonly kind: 'timeout' }
  | { readonly kind: 'busy' }
  | { readonly kind: 'access-denied' };
type Answer = Written | Refusal;

function settle(log: ServerLog, faults: AppendFaults, append: BatchedAppend, answer: (answer: Answer) => void): void {
  const fault = (append.lateBy ?? 0) > 0 ? 'past-its-deadline' : faults.take();
  if (fault === 'past-its-deadline') return answer({ kind: 'timeout' });
  if (fault === 'cut-before-writing') return faults.cut();
  if (fault === 'busy' || fault === 'access-denied') return answer({ kind: fault });
  const outcome = log.append(append.stream, append.expected, append.events);
  if (fault === 'cut-after-writing') return faults.cut();
  if (fault === 'timeout-after-writing') return answer({ kind: 'timeout' });
  if (fault === 'late-answer') return faults.keepForLater(() => answer(outcome));
  if (fault === 'no-position') return answer(outcome.kind === 'written' ? { kind: 'no-position' } : outcome);
  if (fault !== 'no-answer') answer(outcome);
}

/** An append may come in several messages; the first says where it goes, and the last that it is the last. */
function gather(pending: Map<string, BatchedAppend>, request: streams.BatchAppendReq): BatchedAppend {
  const correlation = request.getCorrelationId()!.getString();
  const options = request.getOptions();
  const append = options ? batchedAppend(options) : pending.get(correlation)!;
  append.events.push(...request.getProposedMessagesList().map(proposedEvent));
  if (request.getIsFinal()) pending.delete(correlation);
  else pending.set(correlation, append);
  return append;
}

function batchedAppend(options: streams.BatchAppendReq.Options): BatchedAppend {
  const deadline = options.getDeadline()?.toDate();
  return {
    stream: streamName(options.getStreamIdentifier()),
    expected: options.hasStreamPosition() ? Number(options.getStreamPosition()) : namedExpectation(options),
    events: [],
    lateBy: deadline ? Date.now() - deadline.getTime() : 0,
  };
}

function expectationOf(options: streams.AppendReq.Options): Expectation {
  return options.hasRevision() ? Number(options.getRevision()) : namedExpectation(options);
}

function namedExpectation(options: { hasNoStream(): boolean; hasStreamExists(): boolean }): Expectation {
  if (options.hasNoStream()) return 'no-stream';
  return options.hasStreamExists() ? 'stream-exists' : 'any';
}

function batchAnswer(request: streams.BatchAppendReq, append: BatchedAppend, answer: Answer): streams.BatchAppendResp {
  const response = new streams.BatchAppendResp()
    .setCorrelationId(request.getCorrelationId())
    .setStreamIdentifier(streamIdentifier(append.stream));
  if (answer.kind === 'written')
    return response.setSuccess(
      new streams.BatchAppendResp.Success()
        .setCurrentRevision(`${answer.revision}`)
        .setPosition(allPosition(answer.position)),
    );
  if (answer.kind === 'no-position')
    return response.setSuccess(
      new streams.BatchAppendResp.Success()
        .setCurrentRevision(`${revisionAfter(append)}`)
        .setNoPosition(new empty.Empty()),
    );
  return response.setError(errorOf(answer));
}

function revisionAfter({ expected, events }: BatchedAppend): number {
  return (typeof expected === 'number' ? expected : -1) + events.length;
}

function errorOf(refusal: Refusal): statuses.Status {
  const details = new any.Any();
  const [message, name] = detailsOf(refusal);
  details.pack(message.serializeBinary(), name);
  const text = refusal.kind === 'busy' ? 'Server Is Busy' : refusal.kind;
  return new statuses.Status().setCode(codes.Code.UNKNOWN).setMessage(text).setDetails(details);
}

function detailsOf(refusal: Refusal): [message: { serializeBinary(): Uint8Array }, name: string] {
  const named = (name: string) => `event_store.client.${name}`;
  switch (refusal.kind) {
    case 'wrong-expected-version':
      return [wrongExpectedVersion(refusal.current, refusal.expected), named('WrongExpectedVersion')];
    case 'too-large':
      return [
        new shared.MaximumAppendSizeExceeded().setMaxappendsize(refusal.limit),
        named('MaximumAppendSizeExceeded'),
      ];
    case 'timeout':
      return [new shared.Timeout(), named('Timeout')];
    case 'access-denied':
      return [new shared.AccessDenied(), named('AccessDenied')];
    case 'busy':
      return [new empty.Empty(), 'google.protobuf.Empty'];
  }
}

function wrongExpectedVersion(current: number, expected: Expectation): shared.WrongExpectedVersion {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new empty.Empty());
  else details.setCurrentStreamRevision(`${current}`);
  if (typeof expected === 'number') return details.setExpectedStreamPosition(`${expected}`);
  if (expected === 'no-stream') return details.setExpectedNoStream(new empty.Empty());
  return expected === 'any'
    ? details.setExpectedAny(new empty.Empty())
    : details.setExpectedStreamExists(new empty.Empty());
}

function respondTo(respond: sendUnaryData<streams.AppendResp>, answer: Answer): void {
  if (answer.kind === 'written')
    return respond(
      null,
      new streams.AppendResp().setSuccess(
        new streams.AppendResp.Success()
          .setCurrentRevision(`${answer.revision}`)
          .setPosition(
            new streams.AppendResp.Position()
              .setCommitPosition(`${answer.position}`)
              .setPreparePosition(`${answer.position}`),
          ),
      ),
    );
  if (answer.kind !== 'wrong-expected-version') return respond({ code: status.UNKNOWN, details: answer.kind });
  const refused = new streams.AppendResp.WrongExpectedVersion();
  if (answer.current < 0) refused.setCurrentNoStream(new shared.Empty());
  else refused.setCurrentRevision(`${answer.current}`);
  respond(null, new streams.AppendResp().setWrongExpectedVersion(refused));
}
