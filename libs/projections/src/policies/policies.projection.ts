import { compilePolicy, type Instant, type Policy, type PolicyDocument } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import type { Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { isPolicyStream } from './policy-events.js';
import {
  createPolicyShelf,
  publishedDocumentOf,
  type PolicyShelf,
  type PublicationHistory,
  type PublicationNote,
} from './policy-shelf.js';

interface Row {
  readonly document: string;
  readonly publishedAt: Instant;
  readonly note: string;
}

/** The shelf of policies, kept up to date with the log: what another process publishes is found as soon as it is handled. */
export class PoliciesProjection implements Projection, PolicyShelf {
  readonly name = 'policies';
  readonly version = 2;
  readonly #clear: () => void;
  readonly #put: (recorded: RecordedEvent) => void;
  readonly #rows: () => Row[];
  #shelf: PolicyShelf;
  #stale = false;

  constructor(readModels: ReadModels) {
    const { db } = readModels;
    readModels.createTables(this.name, this.version, {
      policies: `CREATE TABLE IF NOT EXISTS policies (
        position INTEGER PRIMARY KEY, document TEXT NOT NULL, published_at INTEGER NOT NULL, note TEXT NOT NULL
      )`,
    });
    const clear = db.prepare('DELETE FROM policies');
    const put = db.prepare<[number, string, Instant, string]>('INSERT OR IGNORE INTO policies VALUES (?, ?, ?, ?)');
    const rows = db.prepare<[], Row>(
      'SELECT document, published_at AS publishedAt, note FROM policies ORDER BY position',
    );
    this.#clear = () => clear.run();
    this.#put = (recorded) => {
      const { document, publishedAt, ...note } = publishedDocumentOf(recorded);
      compilePolicy(document);
      put.run(recorded.position, JSON.stringify(document), publishedAt, JSON.stringify(note));
    };
    this.#rows = () => rows.all();
    this.#shelf = this.#read();
  }

  history(): PublicationHistory {
    return this.#shelf.history();
  }

  find(id: string, version: number): Policy | undefined {
    return this.#shelf.find(id, version);
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      if (!isPolicyStream(recorded.streamId)) continue;
      this.#put(recorded);
      this.#stale = true;
    }
  }

  clear(): void {
    this.#clear();
    this.#stale = true;
  }

  afterCommit(): void {
    if (!this.#stale) return;
    this.#shelf = this.#read();
    this.#stale = false;
  }

  #read(): PolicyShelf {
    return createPolicyShelf(
      this.#rows().map(({ document, publishedAt, note }) => ({
        document: JSON.parse(document) as PolicyDocument,
        publishedAt,
        ...(JSON.parse(note) as PublicationNote),
      })),
    );
  }
}
