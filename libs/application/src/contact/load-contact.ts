import { foldContact, unknownContact, type ContactEvent, type ContactState } from '@consent-ledger/consent';
import { NO_STREAM, type EventStore, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { contactEventOf, contactStream } from '@consent-ledger/projections';

/** A contact as it stands in the log. */
export interface Contact {
  readonly contactId: string;
  readonly revision: Revision;
  readonly recorded: readonly RecordedEvent[];
  readonly events: readonly ContactEvent[];
  /** The fold of its events, made when it is first asked for. */
  readonly state: ContactState;
}

/** A contact of which nothing is on record. */
export function newContact(contactId: string): Contact {
  return { contactId, revision: NO_STREAM, recorded: [], events: [], state: unknownContact };
}

/** Reads a contact's whole stream; an unknown contact has no events. */
export async function loadContact(store: EventStore, contactId: string): Promise<Contact> {
  const recorded = await store.readStream(contactStream(contactId));
  if (recorded.length === 0) return newContact(contactId);
  const events = recorded.map(contactEventOf);
  let state: ContactState | undefined;
  return {
    contactId,
    revision: recorded.at(-1)!.revision,
    recorded,
    events,
    get state() {
      return (state ??= foldContact(events));
    },
  };
}
