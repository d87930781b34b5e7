/** An event as a writer hands it to the server. */
export interface ProposedEvent {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** An event in the server's log. Its position is the byte at which it begins, and at which it was committed. */
export interface ServerRecord extends ProposedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

export type Expectation = 'any' | 'no-stream' | 'stream-exists' | number;

export type AppendOutcome =
  | { readonly kind: 'written'; readonly revision: number; readonly position: number }
  | { readonly kind: 'wrong-expected-version'; readonly current: number; readonly expected: Expectation }
  | { readonly kind: 'too-large'; readonly limit: number };

const NO_STREAM = -1;

/** What the server refuses to append at once, as a server does that was installed without changing it. */
export const MAX_APPEND_BYTES = 1024 * 1024;

/** Header and footer of a record: positions grow by bytes, never by one. */
const RECORD_BYTES = 97;

/**
 * The log of EventStoreDB as its clients see it: streams with expected revisions, one order over all of them, the server's
 * own events in between.
 */
export class ServerLog {
  readonly records: ServerRecord[] = [];
  readonly #streams = new Map<string, ServerRecord[]>();
  readonly #listeners = new Set<() => void>();
  #end = 0;

  constructor() {
    this.writeOwn('$settings');
    this.writeOwn('$$$stats');
  }

  /** The events of a stream, oldest first; `undefined` when there is no such stream. */
  stream(name: string): readonly ServerRecord[] | undefined {
    return this.#streams.get(name);
  }

  /** Where in `records` the one stands that begins at a position; `undefined` when none begins there. */
  at(position: number): number | undefined {
    let [low, high] = [0, this.records.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.records[middle]!.position < position) low = middle + 1;
      else high = middle;
    }
    return this.records[low]?.position === position ? low : undefined;
  }

  /** Appends all or none. What stands exactly where it was expected, with the same ids, is answered as it was written. */
  append(stream: string, expected: Expectation, events: readonly ProposedEvent[]): AppendOutcome {
    const bytes = events.reduce(
      (sum, { data, metadata, type }) => sum + data.length + metadata.length + type.length,
      0,
    );
    if (bytes > MAX_APPEND_BYTES) return { kind: 'too-large', limit: MAX_APPEND_BYTES };
    const current = (this.#streams.get(stream)?.length ?? 0) - 1;
    if (!meets(expected, current))
      return this.#repeated(stream, expected, events) ?? { kind: 'wrong-expected-version', current, expected };
    const last = events.map((event) => this.#write(stream, event)).at(-1)!;
    this.#announce();
    return { kind: 'written', revision: last.revision, position: last.position };
  }

  /** Writes an event of the server itself, as it does with its statistics and the metadata of streams. */
  writeOwn(stream = '$stats-127.0.0.1:2113'): void {
    const data = new TextEncoder().encode('{"proc":{"cpu":0.1}}');
    this.#write(stream, {
      id: crypto.randomUUID(),
      type: '$statsCollected',
      contentType: 'application/json',
      data,
      metadata: new Uint8Array(),
    });
    this.#announce();
  }

  /** Runs `listener` after every append, until it is taken off by what this returns. */
  onAppended(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * With an expected revision a repeat is found by the ids that stand there. With `any` the real server remembers some ids
   * for a while; nobody may lean on that, so here it never does.
   */
  #repeated(stream: string, expected: Expectation, events: readonly ProposedEvent[]): AppendOutcome | undefined {
    if (expected === 'any' || expected === 'stream-exists') return undefined;
    const first = (expected === 'no-stream' ? NO_STREAM : expected) + 1;
    const standing = (this.#streams.get(stream) ?? []).slice(first, first + events.length);
    const last = standing.at(-1);
    if (!last || !events.every(({ id }, at) => standing[at]?.id === id)) return undefined;
    return { kind: 'written', revision: last.revision, position: last.position };
  }

  #write(stream: string, event: ProposedEvent): ServerRecord {
    const standing = this.#streams.get(stream) ?? [];
    const record = { ...event, stream, revision: standing.length, position: this.#end };
    this.#streams.set(stream, standing);
    standing.push(record);
    this.records.push(record);
    this.#end += RECORD_BYTES + stream.length + event.type.length + event.data.length + event.metadata.length;
    return record;
  }

  #announce(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function meets(expected: Expectation, current: number): boolean {
  if (expected === 'any') return true;
  if (expected === 'stream-exists') return current > NO_STREAM;
  return current === (expected === 'no-stream' ? NO_STREAM : expected);
}
