import {
  openEventStore,
  START,
  type ConnectedEventStore,
  type EventStore,
  type OpenEventStoreOptions,
} from '@consent-ledger/event-store';
import { ConfigurationError, dataFiles, type Configuration, type Secrets } from '@consent-ledger/platform';
import { openKeyVault, type OpenedKeyVault } from '@consent-ledger/privacy';
import { STREAM_PREFIXES } from './log-streams.js';

export type LogWatchers = Pick<OpenEventStoreOptions, 'onCommit' | 'onFailed' | 'onConnection'>;

/** Opens the log where the configuration has it: a file under `DATA_DIR`, or the server of `EVENT_STORE_URL`. Rejects when it cannot. */
export function openLog(configuration: Configuration, watchers: LogWatchers = {}): Promise<ConnectedEventStore> {
  const { EVENT_STORE_URL: url, DATA_DIR } = configuration;
  return openEventStore({ url, path: dataFiles(DATA_DIR).log, streamPrefixes: STREAM_PREFIXES, ...watchers });
}

/** Opens the key vault where the configuration has it: a file under `DATA_DIR`, or the database of `KEY_VAULT_URL`. Rejects when it cannot be opened. */
export function openVault(
  { DATA_DIR, KEY_VAULT_URL: url }: Configuration,
  { masterKeys }: Secrets,
): Promise<OpenedKeyVault> {
  return openKeyVault({ url, path: dataFiles(DATA_DIR).vault, masterKeys });
}

/**
 * Makes sure that a service has begun the log on the server of `EVENT_STORE_URL`: only its start may, or whoever mistakes the
 * server would record there. Throws `ConfigurationError` when it is empty.
 */
export async function requireBegun(store: EventStore, { EVENT_STORE_URL }: Configuration): Promise<void> {
  if (EVENT_STORE_URL === undefined || (await store.head()) !== START) return;
  throw new ConfigurationError([
    'EVENT_STORE_URL names a log that is empty: set it as the service has it; the first start of the service begins the log',
  ]);
}
