import { createKeptMail } from '@consent-ledger/mail';
import type { Command } from 'commander';
import { inboundDirectory } from './data-directory.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `mail settle`. */
export function addSettleKeptMail(mail: Command, surroundings: Surroundings): void {
  mail
    .command('settle')
    .description('Delete mail that waited, once a person has dealt with it. Nothing brings it back.')
    .argument('<file...>', 'each a name that "ledger mail kept" lists')
    .action((files: readonly string[]) => settleKeptMail(files, surroundings));
}

async function settleKeptMail(files: readonly string[], surroundings: Surroundings): Promise<void> {
  const kept = createKeptMail({ directory: inboundDirectory(surroundings) });
  const missing: string[] = [];
  for (const file of files) {
    if (await kept.settle(file)) surroundings.stdout.write(`Deleted ${file}.\n`);
    else missing.push(file);
  }
  if (missing.length > 0)
    throw new CommandFailed(`No such mail waits: ${missing.join(', ')}. "ledger mail kept" lists what does.`);
}
