import type { ListedApiKey } from '@consent-ledger/projections';
import type { Command } from 'commander';
import { readApiKeys } from './api-keys.js';
import { inColumns } from './columns.js';
import { withLog } from './data-directory.js';
import type { Surroundings } from './surroundings.js';

/** Adds `keys list`. */
export function addListKeys(keys: Command, surroundings: Surroundings): void {
  keys
    .command('list')
    .description('List every API key ever made, the oldest first; never the keys themselves.')
    .option('--json', 'print an array of {keyId, name, scopes, createdAt, revoked} as JSON')
    .action((options: { readonly json?: true }) => listKeys(options, surroundings));
}

async function listKeys({ json }: { readonly json?: true }, surroundings: Surroundings): Promise<void> {
  const keys = await withLog(surroundings, ({ store }) => readApiKeys(store, surroundings));
  const text = json ? JSON.stringify(keys.map(toJson)) : table(keys);
  surroundings.stdout.write(`${text}\n`);
}

function toJson({ keyId, name, scopes, createdAt, revoked }: ListedApiKey) {
  return { keyId, name, scopes: [...scopes], createdAt, revoked };
}

function table(keys: readonly ListedApiKey[]): string {
  const rows = keys.map(({ keyId, name, scopes, createdAt, revoked }) => [
    keyId,
    createdAt,
    revoked ? 'revoked' : 'valid',
    name,
    [...scopes].join(','),
  ]);
  return inColumns([['ID', 'CREATED', 'STATE', 'NAME', 'SCOPES'], ...rows]);
}
