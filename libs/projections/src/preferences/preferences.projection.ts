import { evolve, unknownContact, type ContactState } from '@consent-ledger/consent';
import { NO_STREAM, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { contactIdBytes } from '@consent-ledger/privacy';
import { contactEventOf, contactOfStream } from '../contact-events.js';
import { MissingEvents, type Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { decodeContactState, encodeContactState } from './contact-state-codec.js';

/** A contact while a batch is folded into it. */
interface Entry {
  readonly key: Buffer;
  readonly stored: Revision;
  revision: Revision;
  state: ContactState;
}

/**
 * The current preferences: per contact the fold of its events. Verdicts are made of it when they are asked for, so
 * neither a new policy nor the passing of time touches a row.
 */
export class PreferencesProjection implements Projection {
  readonly name = 'preferences';
  readonly version = 1;
  readonly #clear: () => void;
  readonly #find: (key: Buffer) => readonly [Revision, string] | undefined;
  readonly #put: (key: Buffer, revision: Revision, state: string) => void;

  constructor(readModels: ReadModels) {
    const { db } = readModels;
    readModels.createTables(this.name, this.version, {
      preferences: `CREATE TABLE IF NOT EXISTS preferences (
        contact_id BLOB PRIMARY KEY, revision INTEGER NOT NULL, state TEXT NOT NULL
      ) WITHOUT ROWID`,
    });
    const clear = db.prepare('DELETE FROM preferences');
    const find = db
      .prepare<[Buffer], [Revision, string]>('SELECT revision, state FROM preferences WHERE contact_id = ?')
      .raw();
    // The condition guards the rows that `#entryOf` did not look up.
    const put = db.prepare<[Buffer, Revision, string]>(`INSERT INTO preferences VALUES (?, ?, ?)
      ON CONFLICT (contact_id) DO UPDATE SET revision = excluded.revision, state = excluded.state
      WHERE excluded.revision > revision`);
    this.#clear = () => clear.run();
    this.#find = (key) => find.get(key);
    this.#put = (key, revision, state) => put.run(key, revision, state);
  }

  handle(events: readonly RecordedEvent[]): void {
    const entries = new Map<string, Entry>();
    for (const recorded of events) {
      const contactId = contactOfStream(recorded.streamId);
      if (contactId !== undefined) this.#fold(entries, contactId, recorded);
    }
    for (const { key, stored, revision, state } of inKeyOrder(entries.values()))
      if (revision > stored) this.#put(key, revision, encodeContactState(state));
  }

  clear(): void {
    this.#clear();
  }

  #fold(entries: Map<string, Entry>, contactId: string, recorded: RecordedEvent): void {
    let entry = entries.get(contactId);
    if (!entry) entries.set(contactId, (entry = this.#entryOf(contactId, recorded)));
    if (recorded.revision <= entry.revision) return;
    if (recorded.revision > entry.revision + 1) throw new MissingEvents(recorded.position);
    entry.state = evolve(entry.state, contactEventOf(recorded));
    entry.revision = recorded.revision;
  }

  /** A stream that is seen from its first event on is not looked up. */
  #entryOf(contactId: string, first: RecordedEvent): Entry {
    const key = contactIdBytes(contactId);
    const row = first.revision === 0 ? undefined : this.#find(key);
    if (!row) return { key, stored: NO_STREAM, revision: NO_STREAM, state: unknownContact };
    return { key, stored: row[0], revision: row[0], state: decodeContactState(row[1]) };
  }
}

/** Neighbours in the table are written one after the other, so that each page is touched once a batch. */
function inKeyOrder(entries: Iterable<Entry>): Entry[] {
  return [...entries].sort((a, b) => a.key.compare(b.key));
}
