import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { PolicyDocument } from '@consent-ledger/consent';
import type { ConnectedEventStore, ConnectionState, EventStore } from '@consent-ledger/event-store';
import { createLinks, createReturnPaths, type Links, type ReturnPaths } from '@consent-ledger/links';
import {
  createMetrics,
  dataFiles,
  readSecrets,
  storageFaultIn,
  systemClock,
  type Clock,
  type Configuration,
  type Logger,
  type Metrics,
  type Secrets,
} from '@consent-ledger/platform';
import {
  createContactIds,
  createPersonalData,
  type BulkSealing,
  type ContactIds,
  type KeyVault,
  type OpenedKeyVault,
  type PersonalData,
} from '@consent-ledger/privacy';
import {
  ApiKeysProjection,
  DeliveriesProjection,
  DeliveriesView,
  DueDatesProjection,
  DueDatesView,
  openReadModels,
  PoliciesProjection,
  PreferencesProjection,
  PreferencesView,
  Processor,
  RequestsProjection,
  RequestsView,
  TemplatesProjection,
  type PolicyShelf,
  type ReadModels,
  type TemplateShelf,
} from '@consent-ledger/projections';
import { ApiKeys } from './api-keys/api-keys.js';
import { VerdictCache } from './ask-eligibility/verdict-cache.js';
import { catchUp } from './catch-up.js';
import { Requests } from './data-subject-request/requests.js';
import { DueDates } from './due-dates.js';
import { closeAll } from './close-all.js';
import { Changes } from './changes.js';
import { MailingProgress } from './mailing-progress.js';
import { openLog, openVault } from './open-log.js';
import { Preferences } from './preferences.js';
import { publishPolicies } from './publish-policies/publish-policies.js';
import { readPolicies } from './publish-policies/policy-files.js';
import { requireSamePepper } from './same-pepper.js';

/** The shipped policies: beside the domain, in the sources and in the build alike. */
const SHIPPED_POLICIES = fileURLToPath(new URL('../../consent/policies/', import.meta.url));

/** The policies that a start publishes: those of `POLICY_PATH`, else the shipped one. Throws `InvalidPolicy`. */
export function configuredPolicies({ POLICY_PATH }: Configuration): Promise<PolicyDocument[]> {
  return readPolicies(POLICY_PATH ?? SHIPPED_POLICIES);
}

/** Everything that one process of the service stands on. */
export interface Ledger {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: EventStore;
  readonly vault: KeyVault;
  readonly personalData: PersonalData;
  /** Gives what seals many values for a while: a thread of its own. */
  readonly startSealing: () => BulkSealing;
  readonly contactIds: ContactIds;
  readonly links: Links;
  readonly returnPaths: ReturnPaths;
  readonly publicUrl: string;
  readonly readModels: ReadModels;
  readonly processor: Processor;
  readonly policies: PolicyShelf;
  readonly templates: TemplateShelf;
  readonly preferences: Preferences;
  readonly mailings: MailingProgress;
  readonly requests: Requests;
  readonly dueDates: DueDates;
  readonly apiKeys: ApiKeys;
  /** `connecting` while the log does not answer. */
  connection(): ConnectionState;
  /** Why the log refused what was last to be written; `undefined` when it did not. */
  writeFault(): string | undefined;
  /** What else runs in this process and may fail by itself: each says `ok`, or what is not. Whoever runs it adds it. */
  readonly otherChecks: Map<string, () => string>;
  /** Publishes the configured policies, then brings the read models up to the end of the log. */
  start(): Promise<void>;
  /** Settles what was accepted, then lets go of every file. */
  close(): Promise<void>;
}

export interface LedgerOptions {
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Where recipients reach the service, as it stands in links. */
  readonly publicUrl: string;
}

/**
 * Opens the log and the vault where the configuration has them, and the read models under `DATA_DIR`. Rejects when one cannot
 * be opened, and lets go of the others then.
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { configuration } = options;
  mkdirSync(configuration.DATA_DIR, { recursive: true, mode: 0o700 });
  const secrets = readSecrets(configuration);
  const metrics = createMetrics();
  const { store, writeFault } = await openWatchedLog(options, metrics);
  const opened: (() => Promise<void> | void)[] = [() => store.close()];
  try {
    const { vault, startSealing } = await openVault(configuration, secrets);
    opened.push(() => vault.close());
    const readModels = openReadModels(dataFiles(configuration.DATA_DIR).readModels);
    return ledgerOver(options, { secrets, metrics, store, writeFault, vault, startSealing, readModels });
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** What a ledger is made over, once all of it is open. */
interface Opened extends OpenedKeyVault, Pick<Ledger, 'metrics' | 'readModels' | 'writeFault'> {
  readonly store: ConnectedEventStore;
  readonly secrets: Secrets;
}

async function openWatchedLog({ configuration, logger }: LedgerOptions, metrics: Metrics) {
  let fault: string | undefined;
  const store = await openLog(configuration, {
    onCommit({ appends, seconds }) {
      fault = undefined;
      metrics.committed(appends, seconds);
    },
    onFailed: (cause) => void (fault = storageFaultIn(cause) ?? 'UNKNOWN'),
    onConnection(state) {
      if (state === 'connected') logger.info('The log answers');
      else logger.warn('The log does not answer: it is asked again until it does');
    },
  });
  return { store, writeFault: () => fault };
}

function ledgerOver(
  { configuration, logger, clock = systemClock(), publicUrl }: LedgerOptions,
  opened: Opened,
): Ledger {
  const { secrets, metrics, store, writeFault, vault, startSealing, readModels } = opened;
  const contactIds = createContactIds(secrets.pepper);
  const policies = new PoliciesProjection(readModels);
  const apiKeys = new ApiKeysProjection(readModels);
  const verdicts = new VerdictCache(configuration.VERDICT_CACHE_MIB);
  const preferences = new PreferencesProjection(readModels, verdicts);
  const deliveryChanges = new Changes();
  const preferencesView = new PreferencesView(readModels);
  const dueChanges = new Changes();
  const dueIndex = new DueDatesProjection({ readModels, preferences: preferencesView, policies, listener: dueChanges });
  const deliveries = new DeliveriesProjection(readModels, deliveryChanges);
  const templates = new TemplatesProjection(readModels);
  const requests = new RequestsProjection(readModels);
  const projections = [policies, apiKeys, preferences, dueIndex, deliveries, requests, templates];
  const processor = new Processor({
    store,
    readModels,
    projections,
    onFailed: (error) => logger.error('The projections stopped: answers from them no longer move on', { error }),
    onDropped: (error) => logger.warn('The projections were interrupted, and are tried again', { error }),
  });
  metrics.watchLag('read-models', async () => (await processor.behindMs(clock.now())) / 1000);

  return {
    configuration,
    clock,
    logger,
    metrics,
    store,
    vault,
    personalData: createPersonalData(vault),
    startSealing,
    contactIds,
    links: createLinks({ keys: secrets.linkKeys, publicUrl }),
    returnPaths: createReturnPaths(secrets.linkKeys),
    publicUrl,
    readModels,
    processor,
    policies,
    templates,
    preferences: new Preferences(preferencesView, processor, verdicts),
    mailings: new MailingProgress(new DeliveriesView(readModels), processor, deliveryChanges, store),
    dueDates: new DueDates(dueIndex, new DueDatesView(readModels), dueChanges, processor, store),
    requests: new Requests(new RequestsView(readModels), processor, store),
    apiKeys: new ApiKeys(store, clock, apiKeys, configuration.LEDGER_ADMIN_KEY),
    connection: () => store.connection(),
    writeFault,
    otherChecks: new Map(),

    async start() {
      await requireSamePepper(store, contactIds, clock);
      const documents = await configuredPolicies(configuration);
      await publishPolicies(store, clock, documents);
      await catchUp({ store, readModels, processor, logger }, projections);
    },

    async close() {
      await closeAll([() => processor.stop(), () => store.close(), () => vault.close(), () => readModels.close()]);
    },
  };
}
