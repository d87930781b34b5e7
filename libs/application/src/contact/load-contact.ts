import type { ContactEvent } from '@consent-ledger/consent';
import { NO_STREAM, type EventStore, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { contactEventOf, contactStream } from '@consent-ledger/projections';

/** A contact as it stands in the log. */
export interface Contact {
  readonly contactId: string;
  readonly revision: Revision;
  readonly recorded: readonly RecordedEvent[];
  readonly events: readonly ContactEvent[];
}

/** Reads a contact's whole stream; an unknown contact has no events. */
export async function loadContact(store: EventStore, contactId: string): Promise<Contact> {
  const recorded = await store.readStream(contactStream(contactId));
  return {
    contactId,
    revision: recorded.at(-1)?.revision ?? NO_STREAM,
    recorded,
    events: recorded.map(contactEventOf),
  };
}
