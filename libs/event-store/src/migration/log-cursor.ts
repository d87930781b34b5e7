import { START, type EventStore, type Position, type RecordedEvent } from '../event-store.js';

const PAGE = 1_000;

/** Reads a log event by event, one page in memory. */
export class LogCursor {
  readonly #log: EventStore;
  #page: readonly RecordedEvent[] = [];
  #next = 0;
  #position: Position = START;

  constructor(log: EventStore) {
    this.#log = log;
  }

  /** The position of the last event that was passed. */
  get position(): Position {
    return this.#position;
  }

  /** The event after the last one that was passed; `undefined` at the end, which may be asked again. */
  async peek(): Promise<RecordedEvent | undefined> {
    if (this.#next === this.#page.length) {
      this.#page = await this.#log.readAll(this.#position, PAGE);
      this.#next = 0;
    }
    return this.#page[this.#next];
  }

  /** Passes the event that `peek` answered. */
  pass(): void {
    this.#position = this.#page[this.#next++]!.position;
  }
}
