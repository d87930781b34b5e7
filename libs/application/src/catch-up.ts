import type { EventStore, Position } from '@consent-ledger/event-store';
import type { Logger } from '@consent-ledger/platform';
import {
  rebuild,
  resetForeign,
  type DueDatesProjection,
  type Processor,
  type Projection,
  type ReadModels,
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
 * rests on a read model that is still being built. `large` is the projection that is worth building in one go; `dueDates`
 * follow from it, and are reviewed while the service runs: no answer rests on them.
 */
export async function catchUp(
  dependencies: CatchUpDependencies,
  projections: readonly Projection[],
  large: Projection,
  dueDates: DueDatesProjection,
): Promise<void> {
  const { store, readModels, processor, logger } = dependencies;
  for (const { name } of await resetForeign(store, readModels, projections))
    logger.warn('A read model was of another log, and is built again', { projection: name });
  const head = await store.head();
  if (await isFarBehind(store, readModels.openCheckpoint(large))) await build(dependencies, large);
  if (await isFarBehind(store, readModels.openCheckpoint(dueDates))) skipTo(readModels, dueDates, large);
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

async function build({ store, readModels, logger }: CatchUpDependencies, projection: Projection): Promise<void> {
  let told = performance.now();
  await rebuild(
    { store, readModels, projection },
    {
      resume: true,
      onProgress({ handled, position }) {
        if (performance.now() - told < TELL_EVERY_MS) return;
        told = performance.now();
        logger.info('Building the read model from the log', { projection: projection.name, count: handled, position });
      },
    },
  );
}

/** Instead of following every event, the due dates are reviewed once from the states that the events have led to. */
function skipTo(readModels: ReadModels, dueDates: DueDatesProjection, large: Projection): void {
  const reached = readModels.lastHandled(large);
  if (!reached) return;
  const checkpoints = new Map<Projection, Position>([[dueDates, readModels.openCheckpoint(dueDates)]]);
  readModels.commit(checkpoints, reached, () => dueDates.reviewAll());
}

function stopped({ error }: Processor): Error {
  return error ?? new Error('The projections were stopped before they had caught up with the log.');
}
