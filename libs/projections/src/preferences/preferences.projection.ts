import { evolve, unknownContact, type ContactState } from '@consent-ledger/consent';
import { NO_STREAM, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { contactIdBytes } from '@consent-ledger/privacy';
import { contactEventOf, contactOfStream } from '../contact-events.js';
import { MissingEvents, type Gathering, type Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { decodeContactState, encodeContactState } from './contact-state-codec.js';

/** Who holds on to what was made of the preferences. It is told before anything can read them as they are now. */
export interface PreferencesListener {
  /** The contact with this id, in its 16 bytes, has new events. */
  changed(contactId: Buffer): void;
  /** The preferences of every contact are gone. */
  cleared(): void;
}

/** A contact while a batch is folded into it. */
interface Entry {
  readonly key: Buffer;
  readonly stored: Revision;
  revision: Revision;
  state: ContactState;
}

/** A contact as it is written. */
interface Row {
  readonly key: Buffer;
  /** The first six bytes of the key as a number: near enough to its order, and compared in no time. */
  readonly order: number;
  readonly revision: Revision;
  readonly state: string;
}

/**
 * The current preferences: per contact the fold of its events. Verdicts are made of it when they are asked for, so
 * neither a new policy nor the passing of time touches a row.
 */
export class PreferencesProjection implements Projection {
  readonly name = 'preferences';
  readonly version = 6;
  readonly #listener: PreferencesListener | undefined;
  readonly #clear: () => void;
  readonly #find: (key: Buffer) => readonly [Revision, string] | undefined;
  readonly #put: (key: Buffer, revision: Revision, state: string) => void;

  constructor(readModels: ReadModels, listener?: PreferencesListener) {
    this.#listener = listener;
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
    const gathering = this.gather();
    gathering.add(events);
    gathering.write();
  }

  gather(): Gathering {
    const entries = new Map<string, Entry>();
    return {
      add: (events) => {
        for (const recorded of events) this.#fold(entries, recorded);
      },
      get size() {
        return entries.size;
      },
      write: () => {
        for (const row of rowsInKeyOrder(entries.values())) this.#write(row);
      },
    };
  }

  clear(): void {
    this.#clear();
    this.#listener?.cleared();
  }

  /** Told here and not after the commit: nothing is read in between, and what is rolled back is only decided once more. */
  #write({ key, revision, state }: Row): void {
    this.#put(key, revision, state);
    this.#listener?.changed(key);
  }

  #fold(entries: Map<string, Entry>, recorded: RecordedEvent): void {
    const { streamId, revision } = recorded;
    let entry = entries.get(streamId);
    if (!entry) {
      const contactId = contactOfStream(streamId);
      if (contactId === undefined) return;
      entry = this.#entryOf(contactId, recorded);
      entries.set(streamId, entry);
    }
    if (revision <= entry.revision) return;
    if (revision > entry.revision + 1) throw new MissingEvents(recorded.position);
    entry.state = evolve(entry.state, contactEventOf(recorded));
    entry.revision = revision;
  }

  /** A stream that is seen from its first event on is not looked up. */
  #entryOf(contactId: string, first: RecordedEvent): Entry {
    const key = contactIdBytes(contactId);
    const row = first.revision === 0 ? undefined : this.#find(key);
    if (!row) return { key, stored: NO_STREAM, revision: NO_STREAM, state: unknownContact };
    return { key, stored: row[0], revision: row[0], state: decodeContactState(row[1]) };
  }
}

/**
 * The rows that changed. Neighbours in the table come one after the other, so that each of its pages is touched once; the
 * states are read in the order in which they were made, which spares half of the time that memory takes.
 */
function rowsInKeyOrder(entries: Iterable<Entry>): Row[] {
  const rows: Row[] = [];
  for (const { key, stored, revision, state } of entries)
    if (revision > stored) rows.push({ key, order: key.readUIntBE(0, 6), revision, state: encodeContactState(state) });
  return rows.sort((a, b) => a.order - b.order);
}
