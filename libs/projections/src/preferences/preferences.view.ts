import type { ContactState } from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import { contactIdBytes, contactIdFromBytes, isContactId } from '@consent-ledger/privacy';
import type { ReadModels } from '../read-models.js';
import { decodeContactState } from './contact-state-codec.js';

/** What is known of a contact, and the revision of its stream that this rests on. */
export interface ContactPreferences {
  readonly state: ContactState;
  readonly revision: Revision;
}

export interface ListedPreferences extends ContactPreferences {
  readonly contactId: string;
}

type Row = [key: Buffer, revision: Revision, state: string];

/** Reads what the preferences projection keeps. The tables must be there: make the projection first. */
export class PreferencesView {
  readonly #find: (key: Buffer) => [Revision, string] | undefined;
  readonly #has: (key: Buffer) => boolean;
  readonly #page: (after: Buffer, limit: number) => Row[];
  readonly #count: () => number;

  constructor({ db }: ReadModels) {
    const find = db
      .prepare<[Buffer], [Revision, string]>('SELECT revision, state FROM preferences WHERE contact_id = ?')
      .raw();
    const has = db.prepare<[Buffer], number>('SELECT 1 FROM preferences WHERE contact_id = ?').pluck();
    const page = db
      .prepare<[Buffer, number], Row>(
        'SELECT contact_id, revision, state FROM preferences WHERE contact_id > ? ORDER BY contact_id LIMIT ?',
      )
      .raw();
    const count = db.prepare<[], number>('SELECT count(*) FROM preferences').pluck();
    this.#find = (key) => find.get(key);
    this.#has = (key) => has.get(key) !== undefined;
    this.#page = (after, limit) => page.all(after, limit);
    this.#count = () => count.get() ?? 0;
  }

  /** The preferences of a contact by its id, as text or as its 16 bytes; `undefined` when it has no events. */
  find(contactId: string | Buffer): ContactPreferences | undefined {
    if (typeof contactId === 'string' && !isContactId(contactId)) return undefined;
    const row = this.#find(typeof contactId === 'string' ? contactIdBytes(contactId) : contactId);
    return row && { revision: row[0], state: decodeContactState(row[1]) };
  }

  /** Whether a contact has events; quicker than `find`. */
  has(contactId: string): boolean {
    return isContactId(contactId) && this.#has(contactIdBytes(contactId));
  }

  /** At most `limit` contacts in the order of their ids' bytes, after the one named. */
  page(after: string | undefined, limit: number): ListedPreferences[] {
    const rows = this.#page(after === undefined ? Buffer.alloc(0) : contactIdBytes(after), limit);
    return rows.map(([key, revision, state]) => ({
      contactId: contactIdFromBytes(key),
      revision,
      state: decodeContactState(state),
    }));
  }

  /** How many contacts have events. Reads the whole table. */
  count(): number {
    return this.#count();
  }
}
