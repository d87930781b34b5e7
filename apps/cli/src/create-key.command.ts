import { isScope, scopes } from '@consent-ledger/platform';
import { InvalidArgumentError, type Command } from 'commander';
import { apiKeysOf } from './api-keys.js';
import { withLog } from './data-directory.js';
import type { Surroundings } from './surroundings.js';

interface CreateKeyOptions {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly json?: true;
}

/** Adds `keys create`. */
export function addCreateKey(keys: Command, surroundings: Surroundings): void {
  keys
    .command('create')
    .description('Make an API key. It is printed this once: the log holds only its hash.')
    .requiredOption('--name <name>', 'the program that will use the key', readName)
    .requiredOption('--scopes <scopes>', `what it may do, with commas between: ${scopes.join(', ')}`, readScopes)
    .option('--json', 'print {keyId, key, name, scopes} as JSON')
    .action((options: CreateKeyOptions) => createKey(options, surroundings));
}

async function createKey({ name, scopes, json }: CreateKeyOptions, surroundings: Surroundings): Promise<void> {
  const { stdout, stderr } = surroundings;
  const { keyId, key } = await withLog(surroundings, ({ store }) =>
    apiKeysOf(store, surroundings).create(name, scopes),
  );
  if (json) return void stdout.write(`${JSON.stringify({ keyId, key, name, scopes })}\n`);
  stderr.write(`Key ${keyId} for "${name}" (${scopes.join(', ')}). Keep it now: it is shown this once.\n`);
  stdout.write(`${key}\n`);
}

/** A name is printed in tables, so it is one line of what can be seen. */
function readName(text: string): string {
  if (/^[^\p{C}]{1,64}$/u.test(text.trim())) return text.trim();
  throw new InvalidArgumentError('Give 1 to 64 printable characters.');
}

function readScopes(text: string): readonly string[] {
  const wanted = [...new Set(text.split(',').map((scope) => scope.trim()))];
  const unknown = wanted.filter((scope) => !isScope(scope));
  if (unknown.length === 0) return wanted;
  throw new InvalidArgumentError(`"${unknown.join(', ')}" is no scope. The scopes are: ${scopes.join(', ')}.`);
}
