import { START, type EventStore, type RecordedEvent } from '@consent-ledger/event-store';
import { createMetrics, readSecrets, silentLogger, type Clock, type Configuration } from '@consent-ledger/platform';
import { createContactIds, createPersonalData } from '@consent-ledger/privacy';
import { createPolicyShelf, isPolicyStream, publishedDocumentOf, type PolicyShelf } from '@consent-ledger/projections';
import { closeAll } from './close-all.js';
import { AddressOnRecord } from './contact/address-on-record.js';
import { ContactRepository } from './contact/contact-repository.js';
import { DeliveryRepository } from './deliver/delivery-repository.js';
import { ExportContacts } from './export-contacts/export-contacts.js';
import { ImportContacts } from './import-contacts/import-contacts.js';
import { ImportRepository } from './import-contacts/import-repository.js';
import { openLog, openVault, requireBegun } from './open-log.js';
import { ReconsentMail } from './prompt-reconsent/reconsent-mail.js';
import { RepeatErasures } from './repeat-erasures/repeat-erasures.js';
import { requireSamePepper } from './same-pepper.js';
import { SettleDue } from './settle-due/settle-due.js';
import { TakeBackImport } from './take-back-import/take-back-import.js';

/** What an operator does in bulk, beside a service that runs or in place of one that does not. */
export interface LedgerBeside {
  readonly importContacts: ImportContacts;
  readonly takeBackImport: TakeBackImport;
  readonly exportContacts: ExportContacts;
  readonly repeatErasures: RepeatErasures;
  close(): Promise<void>;
}

const EVENTS_AT_ONCE = 5_000;

/**
 * Opens the log and the vault where the configuration has them, which several processes may share; the read models are the service's own
 * and are left alone. Throws when one cannot be opened, and `ConfigurationError` for secrets of another log.
 */
export async function openLedgerBeside(configuration: Configuration, clock: Clock): Promise<LedgerBeside> {
  const secrets = readSecrets(configuration);
  const contactIds = createContactIds(secrets.pepper);
  const store = await openLog(configuration);
  try {
    await requireBegun(store, configuration);
    await requireSamePepper(store, contactIds, clock);
    const policies = await policiesOf(store);
    const { vault, startSealing } = await openVault(configuration, secrets);
    const personalData = createPersonalData(vault);
    const metrics = createMetrics();
    const addresses = new AddressOnRecord(personalData, silentLogger);
    const deliveries = new DeliveryRepository(store, personalData, clock, metrics, addresses);
    const mail = new ReconsentMail(store, deliveries, addresses, policies, clock);
    const settleDue = new SettleDue(store, vault, policies, clock, metrics, mail);
    const contacts = new ContactRepository(store, personalData, clock, metrics, policies, settleDue, silentLogger);
    const imports = new ImportRepository(store, policies, clock);
    return {
      importContacts: new ImportContacts(contacts, imports, store, contactIds, policies, clock, startSealing),
      takeBackImport: new TakeBackImport(contacts, imports, store),
      exportContacts: new ExportContacts(store, personalData, policies, clock),
      repeatErasures: new RepeatErasures(store, vault),
      close: () => closeAll([() => store.close(), () => vault.close()]),
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Every policy that was published, under whatever id: they are few, and may stand anywhere in the log. */
async function policiesOf(store: EventStore): Promise<PolicyShelf> {
  const published: RecordedEvent[] = [];
  let position = START;
  for (;;) {
    const events = await store.readAll(position, EVENTS_AT_ONCE);
    published.push(...events.filter(({ streamId }) => isPolicyStream(streamId)));
    if (events.length < EVENTS_AT_ONCE) return createPolicyShelf(published.map(publishedDocumentOf));
    position = events.at(-1)!.position;
  }
}
