import type { ContactEvent, ContactEventType } from '@consent-ledger/consent';
import type { JsonObject, RecordedEvent } from '@consent-ledger/event-store';
import { occurredAtOf, recordedAtOf } from './recorded-instants.js';

const PREFIX = 'contact-';

/** The stream that holds a contact's events. */
export function contactStream(contactId: string): string {
  return PREFIX + contactId;
}

/** The contact whose stream this is; `undefined` when the stream is not a contact's. */
export function contactOfStream(streamId: string): string | undefined {
  return streamId.startsWith(PREFIX) ? streamId.slice(PREFIX.length) : undefined;
}

/** Lifts the data of an event from one schema version to the next. */
export type Upcaster = (data: JsonObject) => JsonObject;

/** The upcasters per event type: the first lifts version 1 to 2, the next 2 to 3. A type's current version is one more. */
export type Upcasters = Readonly<Record<ContactEventType, readonly Upcaster[]>>;

/** What lifts the events that earlier releases wrote. A change of shape adds one here, and a golden fixture. */
export const contactUpcasters: Upcasters = {
  OptedIn: [],
  OptInRequested: [],
  OptInConfirmed: [],
  ConsentRenewed: [],
  ReconsentPrompted: [],
  ReconsentReminded: [],
  ConsentLapsed: [],
  EvidenceEnded: [],
  OptedOut: [],
  OptOutUndone: [],
  OptInTakenBack: [],
  CustomerStarted: [],
  CustomerEnded: [],
  PurchaseMade: [],
  ContactMade: [],
  MailBounced: [],
  SpamReported: [],
  AddressProven: [],
  ProcessingRestricted: [],
  RestrictionLifted: [],
  AddressRectified: [],
  PreferencesCarriedOver: [],
  LegalHoldPlaced: [],
  LegalHoldLifted: [],
  PersonalDataErased: [],
};

/**
 * Makes the reader of a contact's stored events. It throws `TypeError` for a type that it does not know and for a schema
 * version that a later release wrote.
 */
export function createContactEventReader(upcasters: Upcasters): (recorded: RecordedEvent) => ContactEvent {
  const byType = new Map<string, readonly Upcaster[]>(Object.entries(upcasters));
  return (recorded) => {
    const { id, type, metadata } = recorded;
    const lifts = byType.get(type);
    if (!lifts) throw new TypeError(`The event at position ${recorded.position} is of an unknown type.`);
    const data = metadata['schemaVersion'] === lifts.length + 1 ? recorded.data : lift(recorded, lifts);
    const occurredAt = occurredAtOf(recorded);
    // Most acts are recorded as they happen: one instant is read, not two.
    const recordedAt = metadata['recordedAt'] === metadata['occurredAt'] ? occurredAt : recordedAtOf(recorded);
    const event = { id, type, data, occurredAt, recordedAt } as unknown as ContactEvent;
    return typeof metadata['act'] === 'string' ? { ...event, act: metadata['act'] } : event;
  };
}

/** Reads a stored event of a contact at whatever schema version it was written; throws `TypeError` when it cannot. */
export const contactEventOf = createContactEventReader(contactUpcasters);

function lift({ type, data, metadata, position }: RecordedEvent, lifts: readonly Upcaster[]): JsonObject {
  const version = metadata['schemaVersion'];
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > lifts.length + 1)
    throw new TypeError(
      `${type} at position ${position} has schema version ${JSON.stringify(version)}; this release reads 1 to ${lifts.length + 1}.`,
    );
  return lifts.slice(version - 1).reduce((lifted, upcast) => upcast(lifted), data);
}
