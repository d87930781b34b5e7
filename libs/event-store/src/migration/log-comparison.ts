import type { EventStore, Position, RecordedEvent } from '../event-store.js';
import { LogCursor } from './log-cursor.js';
import { digestOf, LogFold } from './log-fold.js';
import { LogsDiffer, nameOf } from './logs-differ.js';

/** How far out of order an event may stand: more than all that is ever under way at once. */
const LOOK_AHEAD = 4_096;

interface PassedOver {
  readonly event: RecordedEvent;
  readonly digest: string;
  /** The position in the source after which it stands. */
  readonly after: Position;
}

/**
 * Walks a log beside its copy and finds every event of the copy in the log, in constant memory. It may be walked on when
 * either has grown, or when a read failed.
 */
export class LogComparison {
  readonly #source: LogCursor;
  readonly #target: LogCursor;
  readonly #sourceFold = new LogFold();
  readonly #targetFold = new LogFold();
  readonly #passedOver = new Map<string, PassedOver>();
  #displaced = 0;

  constructor(source: EventStore, target: EventStore) {
    this.#source = new LogCursor(source);
    this.#target = new LogCursor(target);
  }

  /** How many events were found in both. */
  get events(): number {
    return this.#targetFold.events;
  }

  /** How many stand elsewhere in the order of the target; in their own streams they stand where they stood. */
  get displaced(): number {
    return this.#displaced;
  }

  /** What was read of each, as one hash. */
  get hashes(): { readonly source: string; readonly target: string } {
    return { source: this.#sourceFold.hash, target: this.#targetFold.hash };
  }

  /** Up to this position of the source, every event is in the target. */
  get agreedUpTo(): Position {
    const [first] = this.#passedOver.values();
    return first?.after ?? this.#source.position;
  }

  /**
   * Walks to the end of the target. Throws `LogsDiffer` when the target holds an event that the source does not, or not in
   * that place, or not like that.
   */
  async walk({ signal, onStep }: { signal: AbortSignal; onStep: () => void }): Promise<void> {
    for (let event = await this.#target.peek(); event; event = await this.#target.peek()) {
      signal.throwIfAborted();
      const digest = digestOf(event);
      await this.#find(event, digest);
      this.#target.pass();
      this.#targetFold.add(digest);
      onStep();
    }
  }

  /** Whether the source holds nothing more than what was found in the target. */
  async isComplete(): Promise<boolean> {
    return this.#passedOver.size === 0 && (await this.#source.peek()) === undefined;
  }

  async #find(event: RecordedEvent, digest: string): Promise<void> {
    const place = placeOf(event);
    const passed = this.#passedOver.get(place);
    if (passed) {
      refuseOther(passed, event, digest);
      this.#passedOver.delete(place);
      this.#displaced += 1;
      return;
    }
    while (!(await this.#advanceTo(place, event, digest)))
      if (this.#passedOver.size > LOOK_AHEAD) throw stranger(event);
  }

  /** Reads one event of the source; whether it is the one that is sought. */
  async #advanceTo(place: string, sought: RecordedEvent, soughtDigest: string): Promise<boolean> {
    const event = await this.#source.peek();
    if (!event) throw stranger(sought);
    const found: PassedOver = { event, digest: digestOf(event), after: this.#source.position };
    const isSought = placeOf(event) === place;
    if (isSought) refuseOther(found, sought, soughtDigest);
    this.#source.pass();
    this.#sourceFold.add(found.digest);
    if (!isSought) this.#passedOver.set(placeOf(event), found);
    return isSought;
  }
}

function placeOf({ streamId, revision }: RecordedEvent): string {
  return `${revision}@${streamId}`;
}

function refuseOther({ event, digest }: PassedOver, other: RecordedEvent, otherDigest: string): void {
  if (digest === otherDigest) return;
  throw new LogsDiffer(
    `The logs differ: ${nameOf(event)} of the source and ${nameOf(other)} of the target stand in the same place of one stream, and are not the same event.`,
  );
}

function stranger(event: RecordedEvent): LogsDiffer {
  return new LogsDiffer(`The logs differ: ${nameOf(event)} of the target is not in the source.`);
}
