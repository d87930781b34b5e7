import { setTimeout as delay } from 'node:timers/promises';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { prepareAppend, type Append } from '../append.js';
import { refuseBadLimit } from '../event-row.js';
import {
  AppendTooLarge,
  RevisionConflict,
  START,
  type Appended,
  type EventStore,
  type Position,
  type RecordedEvent,
  type StreamAppend,
} from '../event-store.js';
import { DEFAULT_BATCH_SIZE } from '../subscription.js';
import { answerTo } from './append-answer.js';
import { createBatchAppend } from './batch-append.js';
import { clientFor } from './connection-string.js';
import { createConnection, saysNoSuchPlace, type ConnectionState, type Take } from './connection.js';
import { AppendOutcomeUnknown, LogUnavailable } from './errors.js';
import { followRemote } from './following.js';
import { lastEventRequest, logRequest, streamRequest, subscriptionRequest } from './read-requests.js';
import { readEvent } from './recorded-events.js';
import { untilAnswered } from './retry.js';
import { createTail } from './tail.js';

export interface EventStoreDbOptions {
  /** `esdb://…` or `esdb+discover://…`, with hosts, credentials and TLS. */
  readonly connectionString: string;
  /**
   * How the names of the streams begin that are the log. What others keep on the same server is passed over, and an append
   * to any other stream is refused: nobody would ever read it.
   */
  readonly streamPrefixes: readonly string[];
  /** How long a silent server is waited for, in milliseconds (default 10 000). */
  readonly answerTimeoutMs?: number;
  /** For how long an append is tried again whose outcome is unknown, in milliseconds (default 10 000). */
  readonly retryForMs?: number;
  /** How many of the newest events are held for those who follow the log (default 2 000). */
  readonly tailCapacity?: number;
  /** Hears when the server begins or stops to answer. */
  readonly onConnection?: (state: ConnectionState) => void;
}

/** The log on EventStoreDB. */
export interface EventStoreDb extends EventStore {
  /** `connecting` while the server does not answer; who is behind while it is `connected` has itself to catch up. */
  connection(): ConnectionState;
}

type Answer = Appended | RevisionConflict;

/** Who reads decides soon what to do without the log. */
const LONGEST_READ_RETRY_MS = 1_000;

/** Of the reads that one question needs. */
const READS_AT_ONCE = 32;

/** A message above this would break the call that all appends share. A server takes 1 MiB unless it is told otherwise. */
const LARGEST_APPEND_BYTES = 4_000_000;

/**
 * The log on EventStoreDB 24.10 or later, or KurrentDB. Connects when it is first asked. Throws `UnusableConnectionString`,
 * and `RangeError` for prefixes that would take in the server's own streams.
 */
export function createEventStoreDb(options: EventStoreDbOptions): EventStoreDb {
  const { connectionString, streamPrefixes, answerTimeoutMs = 10_000, retryForMs = 10_000 } = options;
  refuseBadPrefixes(streamPrefixes);
  const connection = createConnection(clientFor(connectionString), options.onConnection);
  const batches = createBatchAppend(connection, answerTimeoutMs);
  const closing = new AbortController();
  const untilSettled = new AbortController().signal;
  const underWay = new Set<Promise<unknown>>();
  const retry = { forMs: retryForMs, wait: (ms: number) => delay(ms), random: Math.random };
  const retryRead = { ...retry, forMs: Math.min(retryForMs, LONGEST_READ_RETRY_MS) };

  const tail = createTail(
    (after, signal, take) => connection.read(subscriptionRequest(streamPrefixes, after), eventsTo(take), { signal }),
    options.tailCapacity ?? 2_000,
  );

  /** All that a read answers, unless the server falls silent. A connection that was cut is come by again for a while. */
  function read(request: streams.ReadReq, signal = closing.signal): Promise<readonly RecordedEvent[]> {
    return untilAnswered(async () => {
      const events: RecordedEvent[] = [];
      const take = eventsTo((event) => events.push(event));
      await connection.read(request, take, { signal, silenceMs: answerTimeoutMs });
      return events;
    }, retryRead);
  }

  /** The server includes the event at the position itself, when it is of our streams. */
  async function readAll(after: Position, limit: number, signal?: AbortSignal): Promise<readonly RecordedEvent[]> {
    const more = after === START ? limit : Math.min(limit + 1, Number.MAX_SAFE_INTEGER);
    const found = await read(logRequest(streamPrefixes, after, more), signal);
    return found.filter(({ position }) => position > after).slice(0, limit);
  }

  async function write(append: Append): Promise<Answer> {
    const revision = append.expected + append.events.length;
    const answered = answerTo(append, await batches.send(append));
    if (answered instanceof RevisionConflict) return answered;
    if (answered !== undefined) return { revision, position: answered };
    const [last] = await read(streamRequest(append.streamId, revision, 1), untilSettled);
    return { revision, position: last!.position };
  }

  /**
   * Each try sends the same ids, so that an append that was written already is found and not written twice. Those whose
   * outcome is unknown are sent again together, in their order: one may rest on another.
   */
  async function writeEach(appends: readonly Append[]): Promise<readonly Answer[]> {
    const answers = new Map<Append, Answer>();
    const attempt = async () => {
      const unknown = appends.filter((append) => !answers.has(append));
      const outcomes = unknown.map(async (append) => answers.set(append, await write(append)));
      throwWorst(await Promise.allSettled(outcomes));
    };
    await untilAnswered(attempt, retry).catch((error: unknown) => {
      throw error instanceof LogUnavailable ? new AppendOutcomeUnknown({ cause: error }) : error;
    });
    return appends.map((append) => answers.get(append)!);
  }

  function accept(appends: readonly StreamAppend[]): Promise<readonly Answer[]> {
    for (const { streamId } of appends) refuseStream(streamId, streamPrefixes);
    const prepared = appends.map(prepareAppend);
    prepared.forEach(refuseLarge);
    return settle(writeEach(prepared));
  }

  /** What was accepted is settled before the connection is closed. */
  async function settle<T>(appending: Promise<T>): Promise<T> {
    underWay.add(appending);
    try {
      return await appending;
    } finally {
      underWay.delete(appending);
    }
  }

  return {
    async append(streamId, expected, events) {
      closing.signal.throwIfAborted();
      const [answer] = await accept([{ streamId, expected, events }]);
      if (answer instanceof RevisionConflict) throw answer;
      return answer!;
    },
    async appendEach(appends) {
      closing.signal.throwIfAborted();
      return accept(appends);
    },
    async existing(streamIds) {
      closing.signal.throwIfAborted();
      const found = new Set<string>();
      const asked = new Set(streamIds).values();
      const ask = async () => {
        for (const streamId of asked) if ((await read(streamRequest(streamId, 0, 1))).length > 0) found.add(streamId);
      };
      await Promise.all(Array.from({ length: READS_AT_ONCE }, ask));
      return found;
    },
    async readStream(streamId, { from = 0, limit = Number.MAX_SAFE_INTEGER } = {}) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return read(streamRequest(streamId, from, limit));
    },
    async readAll(after, limit) {
      closing.signal.throwIfAborted();
      refuseBadLimit(limit);
      return readAll(after, limit);
    },
    async readAt(position) {
      closing.signal.throwIfAborted();
      const found = await read(logRequest(streamPrefixes, position, 1)).catch(noneAtSuchPlace);
      return found.find((event) => event.position === position);
    },
    subscribe(after, { signal, batchSize = DEFAULT_BATCH_SIZE }) {
      refuseBadLimit(batchSize);
      return followRemote({ read: readAll, tail }, after, batchSize, AbortSignal.any([signal, closing.signal]));
    },
    async head() {
      closing.signal.throwIfAborted();
      const [last] = await read(lastEventRequest(streamPrefixes));
      return last?.position ?? START;
    },
    connection: connection.state,
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new Error('The event store is closed.'));
      await Promise.allSettled(underWay);
      tail.close();
      batches.close();
      await connection.close();
    },
  };
}

/** A stream that is not there answers nothing; what is not an event says how far the server is, and nothing that counts. */
function eventsTo(take: (event: RecordedEvent) => void): Take {
  return (response) => {
    const event = response.getEvent()?.getEvent();
    if (event) take(readEvent(event));
  };
}

/** What is refused for good comes before what may be tried again. */
function throwWorst(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
  const worst = reasons.find((reason) => !(reason instanceof LogUnavailable)) ?? reasons[0];
  if (worst) throw worst;
}

function noneAtSuchPlace(error: unknown): RecordedEvent[] {
  if (saysNoSuchPlace(error)) return [];
  throw error;
}

function refuseBadPrefixes(prefixes: readonly string[]): void {
  if (prefixes.length === 0 || prefixes.some((prefix) => prefix === '' || prefix.startsWith('$')))
    throw new RangeError('The log needs prefixes of streams, none of them empty or beginning with "$".');
}

function refuseStream(streamId: string, prefixes: readonly string[]): void {
  if (prefixes.some((prefix) => streamId.startsWith(prefix))) return;
  throw new RangeError(`A stream of the log begins with one of: ${prefixes.join(', ')}.`);
}

function refuseLarge({ events }: Append): void {
  const bytes = events.reduce(
    (sum, { data, metadata }) => sum + Buffer.byteLength(data) + Buffer.byteLength(metadata),
    0,
  );
  if (bytes > LARGEST_APPEND_BYTES) throw new AppendTooLarge(LARGEST_APPEND_BYTES);
}
