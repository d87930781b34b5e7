import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLog } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import { readConfiguration, readSecrets } from '@consent-ledger/platform';
import { openKeyVault } from '@consent-ledger/privacy';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterAll } from '@jest/globals';
import { kafkaBrokers } from '../services/kafka/shared-broker.js';
import { newPrefix } from '../services/kafka/wire.js';
import { newDatabase, run, templateDatabase, type TestDatabase } from '../services/postgres/shared-server.js';
import { SECRETS, secretsFile } from './secrets.js';

/** What a service stands on beside its directory: settings that name the engines of the profile. */
export interface Engines {
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Engines that a test can make fail. */
export interface DistributedEngines extends Engines {
  readonly log: EventStoreDbServer;
}

/** All that the distributed profile stands on. */
export interface ProfileEngines extends DistributedEngines {
  readonly brokers: readonly string[];
  /** Under which the topics are. */
  readonly prefix: string;
}

const embedded: Engines = { environment: {}, stop: () => Promise.resolve() };

/** The engines of each directory, for as long as a test keeps it: a service that is started again finds what it left. */
const standing = new Map<string, Promise<Engines>>();

/** The engines for the service in a directory, by the environment variable `PROFILE`: `embedded` (default) or `distributed`. */
export function enginesOf(directory: string): Promise<Engines> {
  let engines = standing.get(directory);
  if (!engines) standing.set(directory, (engines = startEngines(directory)));
  return engines;
}

/** Ends the engines of a directory; what they kept is gone. */
export async function dropEngines(directory: string): Promise<void> {
  const engines = standing.get(directory);
  standing.delete(directory);
  await (await engines)?.stop();
}

/** The log of the service in a directory, as another process would have it open. */
export async function openLogOf(directory: string): Promise<EventStore> {
  const { environment } = await enginesOf(directory);
  return openLog(readConfiguration({ DATA_DIR: directory, ...environment }));
}

async function startEngines(directory: string): Promise<Engines> {
  const profile = process.env['PROFILE'] ?? 'embedded';
  if (profile === 'embedded') return embedded;
  if (profile !== 'distributed') throw new Error(`There is no profile "${profile}": embedded and distributed are.`);
  await mkdir(directory, { recursive: true });
  // Where specs that sign a link look for the keys.
  await writeFile(join(directory, 'secrets.json'), secretsFile);
  return startProfile();
}

/** Engines that several processes can share: the log on a server of its own, the keys in an empty schema of their own. */
export async function startDistributed(): Promise<DistributedEngines> {
  const log = await startEventStoreDbServer();
  const vault = await (database ??= newDatabase());
  return {
    log,
    environment: { ...SECRETS, EVENT_STORE_URL: log.connectionString, KEY_VAULT_URL: await vault.newSchema() },
    stop: () => log.stop(),
  };
}

/** The database that the vaults of a spec are in. */
let database: Promise<TestDatabase> | undefined;
afterAll(async () => (await database)?.drop());

/** As an operator gives them to one service: a log server, a database in which the vault has its tables, and topics on the broker. */
export async function startProfile(): Promise<ProfileEngines> {
  const [log, vault, brokers] = await Promise.all([
    startEventStoreDbServer(),
    templateDatabase('vault', makeVault).then(newDatabase),
    kafkaBrokers(),
  ]);
  const prefix = newPrefix();
  return {
    log,
    brokers,
    prefix,
    environment: {
      ...SECRETS,
      EVENT_STORE_URL: log.connectionString,
      KEY_VAULT_URL: vault.url,
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: prefix,
    },
    stop: async () => void (await Promise.all([log.stop(), vault.drop()])),
  };
}

/** Its hundreds of tables take longer to make than many a test does; it is under no master key yet, as one that is new. */
async function makeVault(url: string): Promise<void> {
  const { masterKeys } = readSecrets(readConfiguration(SECRETS));
  const { vault } = await openKeyVault({ path: '', url, masterKeys });
  await vault.close();
  await run(url, 'DELETE FROM master_keys');
}
