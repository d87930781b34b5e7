import {
  ApiKeys,
  ApplicationModule,
  Changes,
  DueDates,
  MailingProgress,
  Preferences,
  Requests,
  type Ledger,
} from '@consent-ledger/application';
import type { ContactEventData, ContactEventType } from '@consent-ledger/consent';
import { createMemoryEventStore, NO_STREAM, type JsonObject, type RecordedEvent } from '@consent-ledger/event-store';
import { createLinks, createReturnPaths } from '@consent-ledger/links';
import { catalogueOf, loadTemplates } from '@consent-ledger/mail';
import { newId, readConfiguration, toRfc3339 } from '@consent-ledger/platform';
import { createMemoryKeyVault, createPersonalData } from '@consent-ledger/privacy';
import {
  ApiKeysProjection,
  contactStream,
  deliveryStream,
  DeliveriesProjection,
  DeliveriesView,
  DueDatesProjection,
  DueDatesView,
  openReadModels,
  PreferencesProjection,
  PreferencesView,
  Processor,
  RequestsProjection,
  RequestsView,
  publishedSource,
  TemplatesProjection,
  type TemplateShelf,
} from '@consent-ledger/projections';
import { afterEach } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, QueryBus, type Command, type Query } from '@nestjs/cqrs';
import { createCountingMetrics, type CountingMetrics } from './counting-metrics.js';
import { createDrivenClock, instant, type DrivenClock } from './driven-clock.js';
import { createInterruptibleStore, type InterruptibleStore } from './interruptible-store.js';
import { contactIds } from './people.js';
import { createGrowingShelf, type GrowingShelf } from './policies.js';
import { createRecordingLogger, type RecordingLogger } from './recording-logger.js';

/** When every test ledger starts, unless a test says otherwise. */
export const START_OF_STORY = '2024-03-01T12:00:00.000Z';

/** An event as a test lays it down: its id, and when it happened and was learnt of (RFC 3339). */
export interface Happening<T extends ContactEventType> {
  readonly type: T;
  readonly data: ContactEventData[T];
  readonly occurredAt: string;
  /** As it happened, when absent. */
  readonly recordedAt?: string;
  readonly id?: string;
}

/** A whole ledger in memory under a clock that a test drives, with the application's own module over it. */
export interface TestLedger extends Ledger {
  readonly clock: DrivenClock;
  readonly store: InterruptibleStore;
  readonly metrics: CountingMetrics;
  readonly logger: RecordingLogger;
  readonly policies: GrowingShelf;
  readonly app: INestApplicationContext;
  execute<R>(command: Command<R>): Promise<R>;
  ask<R>(query: Query<R>): Promise<R>;
  /** Lays an event down in a contact's stream, past every rule; answers its id. */
  lay<T extends ContactEventType>(contactId: string, happening: Happening<T>): Promise<string>;
  eventsOf(contactId: string): Promise<readonly RecordedEvent[]>;
  deliveryEvents(deliveryId: string): Promise<readonly RecordedEvent[]>;
  /** Resolves once the read models know everything that is in the log now. */
  caughtUp(): Promise<void>;
}

export interface TestLedgerOptions {
  readonly now?: string;
  readonly beside?: TestLedger;
}

const open = new Set<TestLedger>();
const templates = await loadTemplates();

afterEach(async () => {
  const ledgers = [...open];
  open.clear();
  await Promise.all(ledgers.map((ledger) => ledger.close()));
});

/**
 * A ledger of its own for one test, under the shipped policy; it is closed when the test ends. With `beside` it is another
 * process on the log, the vault and the policies of that one, with a clock and read models of its own.
 */
export async function createTestLedger({ now = START_OF_STORY, beside }: TestLedgerOptions = {}): Promise<TestLedger> {
  const parts = openParts(now, beside);
  const app = await NestFactory.createApplicationContext(
    ApplicationModule.over(parts, catalogueOver(parts.templates)),
    { logger: false },
  );
  const { store, processor } = parts;
  const ledger: TestLedger = {
    ...parts,
    app,
    execute: (command) => app.get(CommandBus).execute(command),
    ask: (query) => app.get(QueryBus).execute(query),
    async lay(contactId, { id = newId(), type, data, occurredAt, recordedAt = occurredAt }) {
      const streamId = contactStream(contactId);
      const revision = (await store.readStream(streamId)).at(-1)?.revision ?? NO_STREAM;
      const metadata = metadataOf(occurredAt, recordedAt);
      await store.append(streamId, revision, [{ id, type, data: data as unknown as JsonObject, metadata }]);
      return id;
    },
    eventsOf: (contactId) => store.readStream(contactStream(contactId)),
    deliveryEvents: (deliveryId) => store.readStream(deliveryStream(deliveryId)),
    async caughtUp() {
      if (!(await processor.waitFor(await store.head(), { timeoutMs: 5_000 })))
        throw processor.error ?? new Error('The read models did not reach the end of the log.');
    },
    async close() {
      await app.close();
      await parts.close();
    },
  };
  await ledger.start();
  open.add(ledger);
  return ledger;
}

/** The shipped templates and those that were published. */
function catalogueOver(shelf: TemplateShelf) {
  return catalogueOf(templates.withPublished((reference) => publishedSource(shelf, reference)));
}

function openParts(now: string, beside?: TestLedger) {
  const clock = createDrivenClock(now);
  const store = createInterruptibleStore(beside?.store ?? createMemoryEventStore());
  const vault = beside?.vault ?? createMemoryKeyVault();
  const personalData = createPersonalData(vault);
  const readModels = openReadModels(':memory:');
  const apiKeys = new ApiKeysProjection(readModels);
  const deliveryChanges = new Changes();
  const deliveries = new DeliveriesProjection(readModels, deliveryChanges);
  const policies = beside?.policies ?? createGrowingShelf();
  const preferences = new PreferencesProjection(readModels);
  const preferencesView = new PreferencesView(readModels);
  const dueChanges = new Changes();
  const dueIndex = new DueDatesProjection({ readModels, preferences: preferencesView, policies, listener: dueChanges });
  const templates = new TemplatesProjection(readModels);
  const requests = new RequestsProjection(readModels);
  const projections = [apiKeys, preferences, dueIndex, deliveries, requests, templates];
  const processor = new Processor({ store, readModels, projections });
  const publicUrl = 'http://localhost:3000';
  const linkKeys = [{ id: 'k1', secret: Buffer.alloc(32, 'link') }];
  return {
    configuration: readConfiguration({}),
    clock,
    logger: createRecordingLogger(),
    metrics: createCountingMetrics(),
    store,
    vault,
    personalData,
    startSealing: () => ({ ...personalData, close: () => Promise.resolve() }),
    contactIds,
    links: createLinks({ keys: linkKeys, publicUrl }),
    returnPaths: createReturnPaths(linkKeys),
    publicUrl,
    readModels,
    processor,
    policies,
    templates,
    preferences: new Preferences(preferencesView, processor),
    mailings: new MailingProgress(new DeliveriesView(readModels), processor, deliveryChanges, store),
    dueDates: new DueDates(dueIndex, new DueDatesView(readModels), dueChanges, processor, store),
    requests: new Requests(new RequestsView(readModels), processor, store),
    apiKeys: new ApiKeys(store, clock, apiKeys, undefined),
    connection: () => 'connected' as const,
    writeFault: () => undefined,
    otherChecks: new Map<string, () => string>(),
    start: async () => processor.start(),
    async close() {
      await processor.stop();
      await store.close();
      await vault.close();
      readModels.close();
    },
  };
}

function metadataOf(occurredAt: string, recordedAt: string): JsonObject {
  return {
    occurredAt: toRfc3339(instant(occurredAt)),
    recordedAt: toRfc3339(instant(recordedAt)),
    actor: { kind: 'person' },
    source: { kind: 'web-form' },
    correlationId: 'a-request',
    schemaVersion: 1,
    policyVersion: 'dnp-giftcard@1',
  };
}
