import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openSqliteEventStore, type EventStore } from '@consent-ledger/event-store';
import { dataFiles, readConfiguration, type Configuration } from '@consent-ledger/platform';
import { CommandFailed, type Surroundings } from './surroundings.js';

/** The log of a data directory, open, and where its read models are kept. */
export interface OpenDirectory {
  readonly store: EventStore;
  readonly readModelsPath: string;
}

/**
 * Opens the log under `DATA_DIR` for `work`, and closes it afterwards; the service may have it open too. Throws
 * `CommandFailed` when there is none: a log that is made here would have neither vault nor secrets.
 */
export async function withLog<T>(
  { environment }: Surroundings,
  work: (directory: OpenDirectory) => Promise<T>,
): Promise<T> {
  const { log: path, readModels } = requireLog(readConfiguration(environment));
  const store = openSqliteEventStore({ path });
  try {
    return await work({ store, readModelsPath: readModels });
  } finally {
    await store.close();
  }
}

/** Where mail that came in waits for a person. Throws `CommandFailed` when there is no log beside it. */
export function inboundDirectory({ environment }: Surroundings): string {
  return requireLog(readConfiguration(environment)).inbound;
}

/** The files of the data directory. Throws `CommandFailed` when there is no log among them. */
export function requireLog({ DATA_DIR: directory }: Configuration): ReturnType<typeof dataFiles> {
  const files = dataFiles(directory);
  if (existsSync(files.log)) return files;
  throw new CommandFailed(
    `There is no event log in ${resolve(directory)}. Set DATA_DIR as the service has it; the first start of the service makes the log.`,
  );
}
