import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openLog, requireBegun } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import { dataFiles, readConfiguration, type Configuration } from '@consent-ledger/platform';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** The log of a service, open, and where its read models are kept. */
export interface OpenDirectory {
  readonly store: EventStore;
  readonly readModelsPath: string;
}

/**
 * Opens the log of the configuration for `work`, and closes it afterwards; the service may have it open too. Throws
 * `CommandFailed` or `ConfigurationError` when there is none: a log that is made here would have neither vault nor secrets.
 */
export async function withLog<T>(
  { environment }: Surroundings,
  work: (directory: OpenDirectory) => Promise<T>,
): Promise<T> {
  const configuration = readConfiguration(environment);
  const { readModels } = requireLog(configuration);
  const store = await openLog(configuration);
  try {
    await requireBegun(store, configuration);
    return await work({ store, readModelsPath: readModels });
  } finally {
    await store.close();
  }
}

/** Where mail that came in waits for a person. Throws `CommandFailed` when there is no log beside it. */
export function inboundDirectory({ environment }: Surroundings): string {
  return requireLog(readConfiguration(environment)).inbound;
}

/** The files of the data directory. Throws `CommandFailed` when the log should be among them and is not. */
export function requireLog({ DATA_DIR: directory, EVENT_STORE_URL }: Configuration): ReturnType<typeof dataFiles> {
  const files = dataFiles(directory);
  if (EVENT_STORE_URL !== undefined || existsSync(files.log)) return files;
  throw new CommandFailed(
    `There is no event log in ${resolve(directory)}. Set DATA_DIR as the service has it; the first start of the service makes the log.`,
  );
}

/**
 * Makes sure that there is a vault to open. Throws `CommandFailed` when there is none: the service would not have the keys of
 * one that is made here, and its erasures would not reach them (P7).
 */
export function requireVault({ DATA_DIR: directory, KEY_VAULT_URL }: Configuration): void {
  if (KEY_VAULT_URL !== undefined || existsSync(dataFiles(directory).vault)) return;
  throw new CommandFailed(
    `There is no key vault in ${resolve(directory)}. Set KEY_VAULT_URL or DATA_DIR as the service has it.`,
  );
}
