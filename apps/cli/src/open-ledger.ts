import { openLedgerBeside, type LedgerBeside } from '@consent-ledger/application';
import { Problem, readConfiguration } from '@consent-ledger/platform';
import { requireLog, requireVault } from './data-directory.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/**
 * Opens the log and the vault under `DATA_DIR` for `work`, and closes them afterwards; the service may have them open too,
 * and learns of what is recorded within a second. Throws `CommandFailed` when there is no log or no vault, when the work is refused,
 * and when the operator stopped it.
 */
export async function withLedger<T>(
  surroundings: Surroundings,
  work: (ledger: LedgerBeside) => Promise<T>,
): Promise<T> {
  const configuration = readConfiguration(surroundings.environment);
  requireLog(configuration);
  requireVault(configuration);
  const ledger = await openLedgerBeside(configuration, surroundings.clock);
  try {
    return await work(ledger);
  } catch (error) {
    if (surroundings.signal.aborted)
      throw new CommandFailed('Stopped. What was done stands, and the same command goes on from there.');
    throw error instanceof Problem ? new CommandFailed(tellProblem(error)) : error;
  } finally {
    await ledger.close();
  }
}

/** What a problem says, with a line for each fault. */
export function tellProblem({ detail, errors = [] }: Problem): string {
  return [detail, ...errors.map(({ field, message }) => `  ${field}: ${message}`)].join('\n');
}
