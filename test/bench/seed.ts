import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishPolicies, readPolicies } from '@consent-ledger/application';
import { createCalendar } from '@consent-ledger/consent';
import {
  NO_STREAM,
  openSqliteEventStore,
  type EventStore,
  type JsonObject,
  type NewEvent,
} from '@consent-ledger/event-store';
import { newId, systemClock, toRfc3339 } from '@consent-ledger/platform';
import { createContactIds, createMemoryKeyVault, createPersonalData, type ContactIds } from '@consent-ledger/privacy';
import { contactStream } from '@consent-ledger/projections';
import { addressOf, shuffled } from './population.js';
import { PEPPER } from './service.js';

const POLICIES = fileURLToPath(new URL('../../libs/consent/policies/', import.meta.url));
const DAY = 86_400_000;
/** The contacts came over two years, at any time of the day. */
const SPREAD = 730 * DAY;
/** As many appends as the store commits at once. */
const AT_ONCE = 1024;

const purposes = ['newsletter', 'event-invitation'];
const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'a'.repeat(64) };

/** What each contact does, one after the other; every fifth opts out at last, so that answers differ. */
const acts: readonly ((contact: number) => { type: string; data: JsonObject })[] = [
  () => ({ type: 'OptedIn', data: { purposes, statement, actOf: 'person' } }),
  () => ({ type: 'PurchaseMade', data: {} }),
  () => ({ type: 'ConsentRenewed', data: { purposes: ['newsletter'], statement } }),
  (contact) =>
    contact % 5 === 0
      ? { type: 'OptedOut', data: { purposes: 'all' } }
      : { type: 'OptedIn', data: { purposes: ['sales-contact'], statement, actOf: 'person' } },
];

/** A consent that lapses twelve months later, unless the person is heard of (P6). */
const salesContact = {
  type: 'OptedIn',
  data: { purposes: ['sales-contact'], statement, actOf: 'person' },
} as const;
const calendar = createCalendar('Europe/Amsterdam');

/**
 * Writes a log of `contacts` × `eventsEach` events through the event store, as the service itself would have: contact ids
 * under the pepper, sealed addresses, whole metadata. A contact's events lie far apart, as they do in the world. The policy
 * stands before all of them: it is in force from a past of which the log may not know anything yet. Those for whom
 * `lapsesAt` names an instant hold one consent that lapses then.
 */
export async function seedLog(
  directory: string,
  contacts: number,
  eventsEach = 1,
  lapsesAt: (contact: number) => number | undefined = () => undefined,
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const store = openSqliteEventStore({ path: join(directory, 'log.sqlite') });
  await publishPolicies(store, systemClock(), await readPolicies(POLICIES));
  const contactIds = createContactIds(PEPPER);
  for (let act = 0; act < eventsEach; act++)
    for (let first = 0; first < contacts; first += AT_ONCE)
      await appendMany(store, contactIds, act, first, Math.min(contacts, first + AT_ONCE), lapsesAt);
  await store.close();
}

async function appendMany(
  store: EventStore,
  contactIds: ContactIds,
  act: number,
  first: number,
  end: number,
  lapsesAt: (contact: number) => number | undefined,
) {
  const personalData = createPersonalData(createMemoryKeyVault());
  const appends: Promise<unknown>[] = [];
  for (let contact = first; contact < end; contact++) {
    const address = addressOf(contact);
    const contactId = contactIds.fromAddress(address);
    const streamId = contactStream(contactId);
    const id = newId();
    const sealed = await personalData.seal(contactId, { streamId, eventId: id }, { address });
    appends.push(store.append(streamId, act + NO_STREAM, [eventOf(id, act, contact, sealed, lapsesAt(contact))]));
  }
  await Promise.all(appends);
}

function eventOf(id: string, act: number, contact: number, sealed: string, lapse: number | undefined): NewEvent {
  const { type, data } = lapse === undefined ? acts[act]!(contact) : salesContact;
  const occurredAt = toRfc3339(
    lapse === undefined
      ? Date.now() - (acts.length - act) * 30 * DAY - shuffled(contact, SPREAD)
      : calendar.subtract(lapse, { months: 12, days: 0 }),
  );
  return {
    id,
    type,
    data: { ...data, sealed },
    metadata: {
      occurredAt,
      recordedAt: occurredAt,
      actor: { kind: 'person', id: 'bench' },
      source: { kind: 'web-form' },
      correlationId: id,
      schemaVersion: 1,
      policyVersion: 'dnp-giftcard@1',
    },
  };
}
