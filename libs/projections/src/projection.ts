import type { Position, RecordedEvent } from '@consent-ledger/event-store';

/** What a processor keeps up to date in the read models. */
export interface Projection {
  readonly name: string;
  /** Another version than the stored one makes the processor clear the projection and start from the beginning. */
  readonly version: number;
  /** Applies events in log order, inside the transaction that stores the checkpoint. A second time changes nothing. */
  handle(events: readonly RecordedEvent[]): void;
  /** Removes everything that was projected, inside a transaction. */
  clear(): void;
  /** Runs after the transaction is committed: the place to refresh what is held in memory. */
  afterCommit?(): void;
  /** Starts to gather a long stretch of the log, for a rebuild: a row that changes often is then written once. */
  gather?(): Gathering;
}

/** What a projection has made of events and not yet written. */
export interface Gathering {
  /** Takes events in log order. A second time changes nothing. */
  add(events: readonly RecordedEvent[]): void;
  /** How many rows it would write. */
  readonly size: number;
  /** Writes them, inside the transaction that stores the checkpoint. */
  write(): void;
}

/** Somebody else moved the checkpoint: two processors run the same projection on the same read models. */
export class CheckpointMismatch extends Error {
  readonly code = 'CHECKPOINT_MISMATCH';
  constructor(
    readonly projection: string,
    readonly expected: Position,
  ) {
    super(
      `The checkpoint of "${projection}" is no longer at ${expected}: let one process at a time write to these read models.`,
    );
  }
}

/** A projection threw at an event; it stays stopped there until the code or the event's reader is mended. */
export class PoisonEvent extends Error {
  readonly code = 'POISON_EVENT';
  constructor(
    readonly projection: string,
    readonly position: Position,
    readonly type: string,
    cause: unknown,
  ) {
    super(`Projection "${projection}" cannot handle the ${type} at position ${position}.`, { cause });
  }
}

/** An event came before the ones that precede it in its stream: the log that was read has a hole. */
export class MissingEvents extends Error {
  readonly code = 'MISSING_EVENTS';
  constructor(readonly position: Position) {
    super(`Events of the stream are missing before position ${position}: rebuild the projection from the whole log.`);
  }
}
