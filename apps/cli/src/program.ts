import { Command, CommanderError } from 'commander';
import { PoisonEvent } from '@consent-ledger/projections';
import { addCheckMail } from './check-mail.command.js';
import { addCheckPolicy } from './check-policy.command.js';
import { addCreateKey } from './create-key.command.js';
import { addDiffPolicies } from './diff-policies.command.js';
import { DIFFERENT, FAILED, MISUSED, SUCCEEDED } from './exit-codes.js';
import { addExport } from './export.command.js';
import { addImport } from './import.command.js';
import { addListKeptMail } from './list-kept-mail.command.js';
import { addListKeys } from './list-keys.command.js';
import { addMigrate } from './migrate.command.js';
import { addMoveVault } from './move-vault.command.js';
import { addPublishPolicy } from './publish-policy.command.js';
import { addRebuild } from './rebuild.command.js';
import { addRepeatErasures } from './repeat-erasures.command.js';
import { addRevokeKey } from './revoke-key.command.js';
import { addRotateMasterKey } from './rotate-master-key.command.js';
import { addSettleKeptMail } from './settle-kept-mail.command.js';
import { addSimulate } from './simulate.command.js';
import { addSnapshot } from './snapshot.command.js';
import { CommandFailed, Difference, type Surroundings } from './surroundings.js';
import { addTakeBackImport } from './take-back-import.command.js';
import { addVerify } from './verify.command.js';

/** Carries out one command line (without the program's name) and answers the exit code: 0 done, 1 failed, 2 misused. */
export async function runLedger(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await createProgram(surroundings).parseAsync(args, { from: 'user' });
    return SUCCEEDED;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? SUCCEEDED : MISUSED;
    if (error instanceof Difference) return DIFFERENT;
    surroundings.stderr.write(`${explain(error, surroundings)}\n`);
    return error instanceof CommandFailed ? error.exitCode : FAILED;
  }
}

function createProgram(surroundings: Surroundings): Command {
  const { stdout, stderr } = surroundings;
  const ledger = new Command('ledger')
    .description('Look after a consent ledger. Takes its settings from the same environment as the service.')
    .exitOverride()
    .showHelpAfterError('(add --help to see how it is used)')
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 not used as it should be.');

  const keys = ledger
    .command('keys')
    .description('API keys, and the master key of the vault; they may be changed while the service runs');
  addCreateKey(keys, surroundings);
  addListKeys(keys, surroundings);
  addRevokeKey(keys, surroundings);
  addRotateMasterKey(keys, surroundings);
  const mail = ledger.command('mail').description('the way out for mail, and what came in for a person');
  addCheckMail(mail, surroundings);
  addListKeptMail(mail, surroundings);
  addSettleKeptMail(mail, surroundings);
  const policy = ledger.command('policy').description('policies, in files and in the log');
  addCheckPolicy(policy, surroundings);
  addPublishPolicy(policy, surroundings);
  addDiffPolicies(policy, surroundings);
  addTakeBackImport(addImport(ledger, surroundings), surroundings);
  addExport(ledger, surroundings);
  addMigrate(ledger, surroundings);
  addMoveVault(ledger, surroundings);
  addRebuild(ledger, surroundings);
  addRepeatErasures(ledger, surroundings);
  addSimulate(ledger, surroundings);
  addSnapshot(ledger, surroundings);
  addVerify(ledger, surroundings);
  return ledger;
}

/** Errors that bear a code say themselves what to do; any other one was not foreseen. */
function explain(error: unknown, { environment }: Surroundings): string {
  if (!(error instanceof Error)) return 'Something unforeseen went wrong.';
  if (environment['LOG_LEVEL'] === 'debug') return error.stack ?? error.message;
  if (error instanceof PoisonEvent && error.cause instanceof Error) return `${error.message} ${error.cause.message}`;
  if ('code' in error) return error.message;
  return `Something unforeseen went wrong: ${error.message}\nLOG_LEVEL=debug shows where.`;
}
