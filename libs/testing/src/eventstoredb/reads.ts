import { status, type ServerWritableStream } from '@grpc/grpc-js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { checkpointResponse, eventResponse, streamIdentifier, streamName } from './messages.js';
import type { ServerLog, ServerRecord } from './server-log.js';

type Options = streams.ReadReq.Options;
type ReadCall = ServerWritableStream<streams.ReadReq, streams.ReadResp>;

/** What a test commands of reads: each answer passes the gate before it is sent. */
export interface ReadGate {
  passed(): Promise<void>;
}

/** How many records a filtered subscription looks at, unless told, before it says how far it has come. */
const SEARCH_WINDOW = 32;
const END = (2n ** 64n - 1n).toString();

/** Answers reads of one stream, of the whole log, and subscriptions; counts the subscriptions that are open. */
export function readHandlers(log: ServerLog, gate: ReadGate) {
  let subscriptions = 0;

  async function read(call: ReadCall): Promise<void> {
    const options = call.request.getOptions()!;
    const send = sender(call, gate);
    if (!options.hasSubscription()) {
      const records = options.hasStream() ? streamRecords(log, options) : allRecords(log, options);
      await sendRead(options, records, send);
      return void call.end();
    }
    subscriptions += 1;
    try {
      await sendSubscription(log, options, call, send);
    } finally {
      subscriptions -= 1;
    }
  }

  return {
    openSubscriptions: () => subscriptions,
    read(call: ReadCall): void {
      call.on('error', () => undefined);
      read(call).catch((error: unknown) => call.emit('error', error));
    },
  };
}

type Send = (response: streams.ReadResp) => Promise<void>;

/** Sends as fast as the reader takes it, so that one who reads slowly holds up itself alone. */
function sender(call: ReadCall, gate: ReadGate): Send {
  return async (response) => {
    await gate.passed();
    if (call.cancelled || call.destroyed) throw new Error('The reader has gone.');
    if (call.write(response)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        for (const event of ['drain', 'cancelled', 'close', 'error']) call.off(event, go);
        resolve();
      };
      for (const event of ['drain', 'cancelled', 'close', 'error']) call.on(event, go);
    });
  };
}

async function sendRead(options: Options, records: Iterable<ServerRecord> | undefined, send: Send): Promise<void> {
  if (!records) {
    const name = streamName(options.getStream()?.getStreamIdentifier());
    const notFound = new streams.ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(name));
    return send(new streams.ReadResp().setStreamNotFound(notFound));
  }
  let left = Number(options.getCount());
  for (const record of records) {
    if (left === 0) return;
    left -= 1;
    await send(eventResponse(record));
  }
}

async function sendSubscription(log: ServerLog, options: Options, call: ReadCall, send: Send): Promise<void> {
  const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId(crypto.randomUUID());
  await send(new streams.ReadResp().setConfirmation(confirmation));
  const matches = filterOf(options);
  const window = checkpointWindow(options.getFilter());
  let next = firstAfter(log, options);
  let looked = 0;
  let live = false;
  while (!call.cancelled && !call.destroyed) {
    const record = log.records[next];
    if (!record) {
      if (!live && next > 0) await send(checkpointResponse(log.records[next - 1]!.position));
      if (!live) await send(new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp()));
      live = true;
      await growthOrEnd(log, call, next);
      continue;
    }
    next += 1;
    looked += 1;
    if (matches(record)) await send(eventResponse(record));
    if (options.hasFilter() && looked % window === 0) await send(checkpointResponse(record.position));
  }
}

function checkpointWindow(filter: streams.ReadReq.Options.FilterOptions | undefined): number {
  const searched = filter?.hasMax() ? filter.getMax() : SEARCH_WINDOW;
  return searched * Math.max(1, filter?.getCheckpointintervalmultiplier() ?? 1);
}

function growthOrEnd(log: ServerLog, call: ReadCall, seen: number): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      off();
      for (const event of ['cancelled', 'close', 'error']) call.off(event, go);
      resolve();
    };
    const off = log.onAppended(go);
    for (const event of ['cancelled', 'close', 'error']) call.on(event, go);
    if (log.records.length > seen || call.cancelled || call.destroyed) go();
  });
}

function streamRecords(log: ServerLog, options: Options): readonly ServerRecord[] | undefined {
  const wanted = options.getStream()!;
  const records = log.stream(streamName(wanted.getStreamIdentifier()));
  if (!records) return undefined;
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const from = wanted.hasRevision() ? Number(wanted.getRevision()) : undefined;
  return backwards ? records.slice(0, (from ?? records.length) + 1).reverse() : records.slice(from ?? 0);
}

/** Forwards with the event at the position, backwards without it. A position at which no record begins is refused. */
function* allRecords(log: ServerLog, options: Options): Iterable<ServerRecord> {
  const backwards = options.getReadDirection() === streams.ReadReq.Options.ReadDirection.BACKWARDS;
  const matches = filterOf(options);
  const from = wantedRecord(log, options);
  const step = backwards ? -1 : 1;
  let at = backwards ? (from ?? log.records.length) - 1 : (from ?? 0);
  for (let record = log.records[at]; record; record = log.records[at]) {
    if (matches(record)) yield record;
    at += step;
  }
}

function firstAfter(log: ServerLog, options: Options): number {
  if (options.getAll()!.hasEnd()) return log.records.length;
  const at = wantedRecord(log, options);
  return at === undefined ? 0 : at + 1;
}

function wantedRecord(log: ServerLog, options: Options): number | undefined {
  const place = options.getAll()?.getPosition();
  if (!place || place.getCommitPosition() === END) return undefined;
  const at = log.at(Number(place.getCommitPosition()));
  if (at !== undefined && place.getCommitPosition() === place.getPreparePosition()) return at;
  throw Object.assign(new Error('Trying to read from an invalid position.'), { code: status.INVALID_ARGUMENT });
}

function filterOf(options: Options): (record: ServerRecord) => boolean {
  const filter = options.getFilter();
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (!filter || !expression) return () => true;
  const nameOf = (record: ServerRecord) => (filter.hasStreamIdentifier() ? record.stream : record.type);
  const regex = expression.getRegex();
  if (regex) return (record) => new RegExp(regex).test(nameOf(record));
  const prefixes = expression.getPrefixList();
  return (record) => prefixes.some((prefix) => nameOf(record).startsWith(prefix));
}
