/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A place in the order of the whole log: a safe integer that only grows, with gaps allowed. `START` is before every event. */
export type Position = number;
export const START: Position = -1;

/** The revision of a stream is that of its last event, counted from 0; a stream without events has `NO_STREAM`. */
export type Revision = number;
export const NO_STREAM: Revision = -1;

/** An event to append. `id` is a UUID; the same id at the same place is the same event. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: JsonObject;
}

/** An event as the log holds it. */
export interface RecordedEvent extends NewEvent {
  readonly streamId: string;
  readonly revision: Revision;
  readonly position: Position;
}

/** An append among others: to which stream, at which revision, and what. */
export interface StreamAppend {
  readonly streamId: string;
  readonly expected: Revision;
  readonly events: readonly NewEvent[];
}

/** What an append answers: the revision of the stream and the position of the last event written. */
export interface Appended {
  readonly revision: Revision;
  readonly position: Position;
}

/** A stretch of the log, in order. `caughtUp` says that nothing was behind it when it was read. */
export interface Batch {
  readonly events: readonly RecordedEvent[];
  readonly caughtUp: boolean;
}

/** Another append reached the stream first: load it again and decide again. */
export class RevisionConflict extends Error {
  readonly code = 'REVISION_CONFLICT';
  constructor(
    readonly streamId: string,
    readonly expected: Revision,
    readonly actual: Revision,
  ) {
    super(`Stream is at revision ${actual}, not at ${expected}.`);
  }
}

/** More than the log takes in one append; nothing was written. An append of half a megabyte is taken by every log. */
export class AppendTooLarge extends RangeError {
  readonly code = 'APPEND_TOO_LARGE';
  constructor(readonly limit: number) {
    super(`The events of one append take more than ${limit} bytes. Append them in parts.`);
  }
}

/**
 * The log: the only truth. Streams of events with expected revisions, in one order over all of them. Each adapter passes
 * the contract suite.
 */
export interface EventStore {
  /**
   * Appends the events to the stream, all or none, and resolves once they are durable. Rejects with `RevisionConflict`
   * when the stream is not at `expected`; an append whose events stand exactly there already (same ids) is answered as
   * it was the first time. Any other failure leaves open what happened: append again with the same ids to find out.
   */
  append(streamId: string, expected: Revision, events: readonly NewEvent[]): Promise<Appended>;

  /**
   * Makes many appends, each as `append` does and whatever becomes of the others, and resolves once all that was written is
   * durable: their answers in their order, a conflict where one was refused. Rejects for what `append` rejects with otherwise,
   * which leaves open what happened to any of them.
   */
  appendEach(appends: readonly StreamAppend[]): Promise<readonly (Appended | RevisionConflict)[]>;

  /** Which of these streams have events. */
  existing(streamIds: readonly string[]): Promise<ReadonlySet<string>>;

  /** The events of a stream from `from` (default 0) in order, at most `limit` (from 1); empty when there is no such stream. */
  readStream(streamId: string, options?: { from?: Revision; limit?: number }): Promise<readonly RecordedEvent[]>;

  /** The events of the whole log after `START` or a position that the log has handed out, in order, at most `limit` (from 1). */
  readAll(after: Position, limit: number): Promise<readonly RecordedEvent[]>;

  /** The event at a position; `undefined` when none stands there, also when the position is of another log. */
  readAt(position: Position): Promise<RecordedEvent | undefined>;

  /**
   * Every event after `START` or a position that the log has handed out, in batches: first what is there, then what comes,
   * until `signal` aborts or the store closes: then it ends without an error. The next batch is read when it is asked for.
   * The first time that the end is reached without an event, an empty batch with `caughtUp` says so. Throws when the log
   * can no longer be followed: subscribe again after the last position that was handled.
   */
  subscribe(after: Position, options: { signal: AbortSignal; batchSize?: number }): AsyncIterable<Batch>;

  /** The position of the last event; `START` when the log is empty. */
  head(): Promise<Position>;

  /** Settles what was accepted, then lets go of every resource. */
  close(): Promise<void>;
}
