import type { Position, RecordedEvent } from '@consent-ledger/event-store';
import { PoisonEvent, type Gathering, type Projection } from './projection.js';
import type { Checkpoints, ReadModels } from './read-models.js';

/**
 * Lets each projection handle the events after its own checkpoint, and stores effects and checkpoints in one transaction.
 * When a projection throws, goes on event by event, so that what came before is stored and the event that it cannot
 * handle is known. Throws `PoisonEvent` with that one, or `CheckpointMismatch`.
 */
export function handleEvents(readModels: ReadModels, checkpoints: Checkpoints, events: readonly RecordedEvent[]): void {
  try {
    handleTogether(readModels, checkpoints, events);
  } catch (error) {
    if (!(error instanceof HandlerFailed)) throw error;
    eachAlone(events, (alone) => handleTogether(readModels, checkpoints, alone));
  }
}

/** Adds events to what a projection gathers. Throws `PoisonEvent` with the one that it cannot handle. */
export function gatherEvents(projection: Projection, gathering: Gathering, events: readonly RecordedEvent[]): void {
  try {
    gathering.add(events);
  } catch {
    // Those that were gathered before it threw are gathered again, which changes nothing.
    eachAlone(events, (alone) => attempt(projection, () => gathering.add(alone)));
  }
}

/** A projection threw; which event it was at is not known yet. */
class HandlerFailed extends Error {
  constructor(
    readonly projection: string,
    cause: unknown,
  ) {
    super(`Projection "${projection}" failed.`, { cause });
  }
}

function handleTogether(readModels: ReadModels, checkpoints: Checkpoints, events: readonly RecordedEvent[]): void {
  const last = events.at(-1);
  if (!last) return;
  readModels.commit(checkpoints, last, (projection, from) =>
    attempt(projection, () => projection.handle(eventsAfter(events, from))),
  );
}

function eachAlone(events: readonly RecordedEvent[], handle: (alone: readonly RecordedEvent[]) => void): void {
  for (const event of events) {
    try {
      handle([event]);
    } catch (error) {
      if (!(error instanceof HandlerFailed)) throw error;
      throw new PoisonEvent(error.projection, event.position, event.type, error.cause);
    }
  }
}

function attempt(projection: Projection, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw new HandlerFailed(projection.name, error);
  }
}

/** Those events, in log order, that stand after a position. */
export function eventsAfter(events: readonly RecordedEvent[], position: Position): readonly RecordedEvent[] {
  const first = events[0];
  return first && first.position > position ? events : events.filter((event) => event.position > position);
}
