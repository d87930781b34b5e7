import { existsSync } from 'node:fs';
import { readPolicies } from '@consent-ledger/application';
import type { PolicyDocument } from '@consent-ledger/consent';
import type { Command } from 'commander';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** Adds `policy check`. */
export function addCheckPolicy(policy: Command, surroundings: Surroundings): void {
  policy
    .command('check')
    .description('Check a policy file before the service reads it; every fault is named with its path.')
    .argument('<file>', 'a policy file (YAML or JSON), or a folder of them')
    .action((file: string) => checkPolicy(file, surroundings));
}

async function checkPolicy(file: string, { stdout }: Surroundings): Promise<void> {
  if (!existsSync(file)) throw new CommandFailed(`There is no file or folder ${file}.`);
  for (const document of await readPolicies(file)) stdout.write(`${describe(document)}\n`);
}

function describe({ id, version, inForceFrom, purposes, statements }: PolicyDocument): string {
  const names = Object.keys(purposes).join(', ');
  const shown = statements.map((statement) => `${statement.id} ${statement.version}`).join(', ') || 'none';
  return [
    `${id} version ${version} is valid.`,
    `  in force from  ${inForceFrom}`,
    `  purposes       ${names}`,
    `  statements     ${shown}`,
  ].join('\n');
}
