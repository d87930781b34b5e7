import { START, type EventStore, type Position } from '@consent-ledger/event-store';
import { openReadModels, PoisonEvent, type Projection, type ReadModels } from '@consent-ledger/projections';
import { damagedReadModels, isDamage, type Finding } from './finding.js';
import { formatCount } from './progress-display.js';
import { makeProjection, type ProjectionName } from './projections.js';
import { replay } from './replay.js';
import { countDifferences, storedCheckpoint } from './stored-read-models.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Folds the log from nothing into one projection, in memory. */
interface Folding {
  readonly store: EventStore;
  readonly fold: ReadModels;
  readonly projection: Projection;
  readonly surroundings: Surroundings;
}

/**
 * Whether a fold of the log from nothing gives the rows that are stored (law 5), and whether the projection can handle
 * the whole log. `stored` is absent where there is nothing to compare with. Throws `CommandFailed` when it is stopped.
 */
export async function verifyProjection(
  name: ProjectionName,
  store: EventStore,
  stored: ReadModels | undefined,
  surroundings: Surroundings,
): Promise<Finding> {
  const fold = openReadModels(':memory:');
  try {
    const folding = { store, fold, projection: makeProjection(name, fold), surroundings };
    const finding = stored ? await compare(stored, folding) : { isSound: true, text: 'can be built from the log' };
    const behind = await foldUpTo(await store.head(), folding);
    if (finding !== asLogged || behind === 0) return finding;
    return { isSound: true, text: `${finding.text}, ${formatCount(behind)} events behind its end` };
  } catch (error) {
    if (error instanceof PoisonEvent) return { isSound: false, text: error.message };
    if (isDamage(error)) return damagedReadModels;
    throw error;
  } finally {
    fold.close();
  }
}

const asLogged: Finding = { isSound: true, text: 'is what the log says' };

async function compare(stored: ReadModels, folding: Folding): Promise<Finding> {
  const { store, fold, projection } = folding;
  const head = await store.head();
  const { version, position = START } = storedCheckpoint(stored, projection) ?? {};
  if (version !== projection.version)
    return { isSound: true, text: 'is of another release; the service builds it anew when it starts' };
  if (position > head)
    return {
      isSound: false,
      text: `stands at position ${position}, but the log ends at ${head}: it is of another log, or this one has lost its end. The service builds it anew when it starts.`,
    };
  await foldUpTo(position, folding);
  const differences = countDifferences(fold, stored);
  if (differences > 0)
    return {
      isSound: false,
      text: `${formatCount(differences)} rows differ from what the log says: "ledger rebuild --projection ${projection.name}"`,
    };
  return asLogged;
}

/** Answers how many events it took to get there. */
async function foldUpTo(last: Position, { store, fold, projection, surroundings }: Folding): Promise<number> {
  const needs = { store: endingAt(last, store), readModels: fold, projections: [projection] };
  const { completed, handled } = await replay(projection.name, needs, surroundings, { resume: true });
  if (!completed) throw new CommandFailed('Stopped before the end.');
  return handled;
}

/** The log as if it ended at a position. */
function endingAt(last: Position, store: EventStore): EventStore {
  return {
    append: (...event) => store.append(...event),
    appendEach: (appends) => store.appendEach(appends),
    existing: (streamIds) => store.existing(streamIds),
    readStream: (...stretch) => store.readStream(...stretch),
    readAll: async (after, limit) => (await store.readAll(after, limit)).filter(({ position }) => position <= last),
    readAt: (position) => store.readAt(position),
    subscribe: (...stretch) => store.subscribe(...stretch),
    head: async () => Math.min(last, await store.head()),
    close: () => store.close(),
  };
}
