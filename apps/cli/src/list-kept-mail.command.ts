import { createKeptMail, type KeptMessage } from '@consent-ledger/mail';
import type { Command } from 'commander';
import { inColumns } from './columns.js';
import { inboundDirectory } from './data-directory.js';
import type { Surroundings } from './surroundings.js';

/** Adds `mail kept`. */
export function addListKeptMail(mail: Command, surroundings: Surroundings): void {
  mail
    .command('kept')
    .description('List the mail that came in and waits for a person, the oldest first; never who wrote it.')
    .option('--json', 'print [{file, keptAt, why, bytes}] as JSON')
    .action((options: { readonly json?: true }) => listKeptMail(options, surroundings));
}

async function listKeptMail({ json }: { readonly json?: true }, surroundings: Surroundings): Promise<void> {
  const directory = inboundDirectory(surroundings);
  const messages = await createKeptMail({ directory }).list();
  const text = json ? JSON.stringify(messages.map(toJson)) : table(messages);
  surroundings.stdout.write(`${text}\n`);
}

function toJson({ file, keptAt, why, bytes }: KeptMessage) {
  return { file, keptAt: new Date(keptAt).toISOString(), why, bytes };
}

function table(messages: readonly KeptMessage[]): string {
  if (messages.length === 0) return 'No mail waits for a person.';
  const rows = messages.map(({ file, keptAt, why, bytes }) => [
    new Date(keptAt).toISOString().slice(0, 10),
    why,
    `${bytes}`,
    file,
  ]);
  return inColumns([['KEPT', 'WHY', 'BYTES', 'FILE'], ...rows]);
}
