import type { EventStore } from '@consent-ledger/event-store';
import { ReadModelsInUse, type ReadModels } from '@consent-ledger/projections';
import type { Command } from 'commander';
import { checkLog, type LogReport } from './check-log.js';
import { withLog } from './data-directory.js';
import { damagedLog, damagedReadModels, isDamage, type Finding } from './finding.js';
import { createProgressDisplay, formatCount } from './progress-display.js';
import { independentNames } from './projections.js';
import { openStored } from './stored-read-models.js';
import { CommandFailed, type Surroundings } from './surroundings.js';
import { verifyDueDates } from './verify-due-dates.js';
import { verifyProjection } from './verify-projection.js';

/** Adds `verify`. */
export function addVerify(ledger: Command, surroundings: Surroundings): void {
  ledger
    .command('verify')
    .description('Read the whole log for faults, and compare the read models of a stopped service with it.')
    .action(() => verify(surroundings));
}

async function verify(surroundings: Surroundings): Promise<void> {
  let areSound = true;
  const tell = (part: string, { isSound, text }: Finding) => {
    areSound &&= isSound;
    surroundings.stdout.write(`${isSound ? 'ok   ' : 'FAULT'}  ${part.padEnd(11)}  ${text}\n`);
  };
  await withLog(surroundings, async ({ store, readModelsPath }) => {
    const log = await verifyLog(store, surroundings);
    tell('log', log);
    if (log !== damagedLog) await verifyReadModels(store, readModelsPath, tell, surroundings);
  });
  if (!areSound) throw new CommandFailed('Faults were found: the lines above that begin with FAULT.');
}

async function verifyLog(store: EventStore, surroundings: Surroundings): Promise<Finding> {
  const display = createProgressDisplay('log', surroundings);
  try {
    const report = await checkLog(store, { signal: surroundings.signal, onProgress: display.show });
    if (report.completed) return describeLog(report);
  } catch (error) {
    if (isDamage(error)) return damagedLog;
    throw error;
  } finally {
    display.end();
  }
  throw new CommandFailed('Stopped before the end.');
}

function describeLog({ events, streams, faults, firstFaults }: LogReport): Finding {
  const size = `${formatCount(events)} events in ${formatCount(streams)} streams`;
  if (faults === 0) return { isSound: true, text: `${size}, unbroken and readable` };
  const untold = faults - firstFaults.length;
  const lines = [size, ...firstFaults, ...(untold > 0 ? [`and ${formatCount(untold)} faults more`] : [])];
  return { isSound: false, text: lines.join('\n         ') };
}

async function verifyReadModels(
  store: EventStore,
  path: string,
  tell: (part: string, finding: Finding) => void,
  surroundings: Surroundings,
): Promise<void> {
  const stored = openBeside(path);
  try {
    if ('finding' in stored) tell('read models', stored.finding);
    for (const name of independentNames)
      tell(name, await verifyProjection(name, store, stored.readModels, surroundings));
    tell('due-dates', verifyDueDates(stored.readModels));
  } finally {
    stored.readModels?.close();
  }
}

/** The stored read models, or why there is nothing to compare with. */
function openBeside(
  path: string,
): { readonly readModels: ReadModels } | { readonly readModels?: undefined; readonly finding: Finding } {
  try {
    const readModels = openStored(path);
    if (readModels) return { readModels };
    return { finding: { isSound: true, text: 'are not there; the service builds them when it starts' } };
  } catch (error) {
    if (error instanceof ReadModelsInUse)
      return { finding: { isSound: true, text: 'are not compared: the service runs, and keeps them to itself' } };
    if (isDamage(error)) return { finding: damagedReadModels };
    throw error;
  }
}
