import type { EventStore, Position } from '@consent-ledger/event-store';
import type { Logger } from '@consent-ledger/platform';
import {
  rebuild,
  resetForeign,
  type Processor,
  type Projection,
  type ReadModels,
  type RebuildProgress,
} from '@consent-ledger/projections';

export interface CatchUpDependencies {
  readonly store: EventStore;
  readonly readModels: ReadModels;
  readonly processor: Processor;
  readonly logger: Logger;
}

/** So many events behind, large transactions pay; a processor stores often, to be seen soon. */
const FAR_BEHIND = 20_000;
const COUNTED_AT_ONCE = 2_000;
const TELL_EVERY_MS = 2_000;

/**
 * Starts the processor and resolves once it has handled all that the log held then, however long that takes: no answer
 * rests on a read model that is still being built. What is far behind is built in one go first.
 */
export async function catchUp(
  { store, readModels, processor, logger }: CatchUpDependencies,
  projections: readonly Projection[],
): Promise<void> {
  for (const { name } of await resetForeign(store, readModels, projections))
    logger.warn('A read model was of another log, and is built again', { projection: name });
  const head = await store.head();
  const behind = Math.min(...projections.map((projection) => readModels.openCheckpoint(projection)));
  if (await isFarBehind(store, behind))
    await rebuild({ store, readModels, projections }, { resume: true, onProgress: tellNowAndThen(logger) });
  processor.start();
  while (!(await processor.waitFor(head, { timeoutMs: 60_000 })))
    if (processor.state === 'stopped') throw stopped(processor);
}

/** Events are counted: positions are as far apart as the log makes them. */
async function isFarBehind(store: EventStore, position: Position): Promise<boolean> {
  let [last, count] = [position, 0];
  while (count < FAR_BEHIND) {
    const events = await store.readAll(last, COUNTED_AT_ONCE);
    if (events.length < COUNTED_AT_ONCE) return false;
    last = events.at(-1)!.position;
    count += events.length;
  }
  return true;
}

function tellNowAndThen(logger: Logger): (progress: RebuildProgress) => void {
  let told = performance.now();
  return ({ handled, position }) => {
    if (performance.now() - told < TELL_EVERY_MS) return;
    told = performance.now();
    logger.info('Building the read models from the log', { count: handled, position });
  };
}

function stopped({ error }: Processor): Error {
  return error ?? new Error('The projections were stopped before they had caught up with the log.');
}
