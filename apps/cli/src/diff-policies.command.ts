import { existsSync } from 'node:fs';
import {
  diffPolicies,
  parsePeriod,
  type ListDifference,
  type PolicyDifference,
  type PolicyDocument,
  type ValueDifference,
} from '@consent-ledger/consent';
import { loadPolicies } from '@consent-ledger/projections';
import type { Command } from 'commander';
import { withLog } from './data-directory.js';
import { TROUBLE } from './exit-codes.js';
import { readPolicyFile } from './publish-policy.command.js';
import { CommandFailed, Difference, type Surroundings } from './surroundings.js';

/** Adds `policy diff`. */
export function addDiffPolicies(policy: Command, surroundings: Surroundings): void {
  policy
    .command('diff')
    .description('List what changes from one policy to another.')
    .argument('<before>', 'a policy file, or a published version as <id>@<version>')
    .argument('<after>', 'the other one')
    .option('--json', 'print [{path, before, after} or {path, added, removed}] as JSON')
    .addHelpText('after', '\nExit codes, as of diff: 0 no difference, 1 a difference, 2 trouble.')
    .action((before: string, after: string, { json }: { readonly json?: true }) =>
      diff([before, after], json ?? false, surroundings),
    );
}

async function diff(names: readonly [string, string], json: boolean, surroundings: Surroundings): Promise<void> {
  const [before, after] = await Promise.all(names.map((name) => findPolicy(name, surroundings))).catch(throwTrouble);
  const differences = diffPolicies(before!, after!);
  surroundings.stdout.write(json ? `${JSON.stringify(differences)}\n` : differences.map(describe).join(''));
  if (differences.length > 0) throw new Difference();
}

/** To whoever asks for a difference, 1 says that there is one. */
function throwTrouble(error: unknown): never {
  if (error instanceof Error && 'code' in error) throw new CommandFailed(error.message, TROUBLE);
  throw error;
}

const PUBLISHED = /^([a-z][a-z0-9-]*)@(\d+)$/;

async function findPolicy(name: string, surroundings: Surroundings): Promise<PolicyDocument> {
  const [, id, version] = PUBLISHED.exec(name) ?? [];
  if (id === undefined || existsSync(name)) return readPolicyFile(name);
  const shelf = await withLog(surroundings, ({ store }) => loadPolicies(store, [id]));
  const policy = shelf.find(id, Number(version));
  if (policy) return policy.document;
  throw new CommandFailed(`The log holds no policy ${name}, and there is no file of that name.`);
}

function describe(difference: PolicyDifference): string {
  const lines = 'added' in difference ? listLines(difference) : valueLines(difference);
  return [difference.path, ...lines, ''].join('\n');
}

function listLines({ added, removed }: ListDifference): string[] {
  return [...removed.map((name) => `  - ${name}`), ...added.map((name) => `  + ${name}`)];
}

function valueLines({ before, after }: ValueDifference): string[] {
  return [
    ...(before === undefined ? [] : [`  - ${inWords(before)}`]),
    ...(after === undefined ? [] : [`  + ${inWords(after)}`]),
  ];
}

/** A period as people say it, with the code by which it stands in the file: `3 years (P3Y)`. */
function inWords(value: string | number | boolean): string {
  const period = typeof value === 'string' ? parsePeriod(value) : undefined;
  if (!period) return String(value);
  const months = period.months % 12;
  const parts = [count((period.months - months) / 12, 'year'), count(months, 'month'), count(period.days, 'day')];
  return `${parts.filter(Boolean).join(', ') || '0 days'} (${value})`;
}

function count(number: number, unit: string): string {
  if (number === 0) return '';
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}
