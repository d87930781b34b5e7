import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { START, type Position, type Revision } from '../event-store.js';

const { Options, ReadDirection } = { ...streams.ReadReq, ...streams.ReadReq.Options };

/** How many events of others the server passes over between two signs of how far it has come. */
const SEARCH_WINDOW = 1_000;

/** A read of one stream, from a revision on. */
export function streamRequest(streamId: string, from: Revision, limit: number): streams.ReadReq {
  const stream = new Options.StreamOptions()
    .setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(streamId).toString('base64')))
    .setRevision(`${from}`);
  return request(new Options().setStream(stream).setNoFilter(new shared.Empty()).setCount(`${limit}`));
}

/** A read of the log: of the streams with these prefixes, with the event that stands at `from` itself. */
export function logRequest(prefixes: readonly string[], from: Position, limit: number): streams.ReadReq {
  return request(new Options().setAll(place(from)).setFilter(filter(prefixes)).setCount(`${limit}`));
}

/** The read of the last event of the streams with these prefixes. */
export function lastEventRequest(prefixes: readonly string[]): streams.ReadReq {
  const end = new Options.AllOptions().setEnd(new shared.Empty());
  const options = new Options().setAll(end).setFilter(filter(prefixes)).setCount('1');
  return request(options.setReadDirection(ReadDirection.BACKWARDS));
}

/** A subscription to the streams with these prefixes, without the event that stands at `after` itself. */
export function subscriptionRequest(prefixes: readonly string[], after: Position): streams.ReadReq {
  const options = new Options().setAll(place(after)).setFilter(filter(prefixes));
  return request(options.setSubscription(new Options.SubscriptionOptions()));
}

function request(options: streams.ReadReq.Options): streams.ReadReq {
  return new streams.ReadReq().setOptions(
    options.setUuidOption(new Options.UUIDOption().setString(new shared.Empty())).setResolveLinks(false),
  );
}

function place(position: Position): streams.ReadReq.Options.AllOptions {
  const options = new Options.AllOptions();
  if (position === START) return options.setStart(new shared.Empty());
  return options.setPosition(new Options.Position().setCommitPosition(`${position}`).setPreparePosition(`${position}`));
}

function filter(prefixes: readonly string[]): streams.ReadReq.Options.FilterOptions {
  return new Options.FilterOptions()
    .setStreamIdentifier(new Options.FilterOptions.Expression().setPrefixList([...prefixes]))
    .setMax(SEARCH_WINDOW)
    .setCheckpointintervalmultiplier(1);
}
