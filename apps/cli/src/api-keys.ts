import { ApiKeys } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import { ApiKeysProjection, openReadModels, type ApiKeysView, type ListedApiKey } from '@consent-ledger/projections';
import { replay } from './replay.js';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** To make a key or revoke one, none needs to be recognised. */
const noKeys: ApiKeysView = { findByHash: () => undefined, list: () => [] };

/** Makes and revokes keys in a log that the service may have open: it learns of them from the log. */
export function apiKeysOf(store: EventStore, { clock }: Surroundings): Pick<ApiKeys, 'create' | 'revoke'> {
  return new ApiKeys(store, clock, noKeys, undefined);
}

/** Every API key of the log, the oldest first. Reads the whole log. Throws `CommandFailed` when it is stopped. */
export async function readApiKeys(store: EventStore, surroundings: Surroundings): Promise<readonly ListedApiKey[]> {
  // In memory: the service locks the read models in the file.
  const readModels = openReadModels(':memory:');
  try {
    const projection = new ApiKeysProjection(readModels);
    const { completed } = await replay(
      'Reading the log',
      { store, readModels, projections: [projection] },
      surroundings,
    );
    if (!completed) throw new CommandFailed('Stopped before the end of the log.');
    return projection.list();
  } finally {
    readModels.close();
  }
}
