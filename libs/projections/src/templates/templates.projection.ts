import type { Instant } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import type { Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import {
  publishedTemplateOf,
  readTemplateReference,
  templateOfStream,
  type PublishedTemplate,
  type TemplateContent,
} from './template-events.js';

/** A template and how far it has come. */
export interface ListedTemplate {
  readonly id: string;
  /** The last one. */
  readonly version: number;
  readonly kind: TemplateContent['kind'];
  readonly languages: readonly string[];
  readonly publishedAt: Instant;
}

/** The templates that were published. */
export interface TemplateShelf {
  /** The last version of each template, by id. */
  list(): readonly ListedTemplate[];
  /** One version, or the last one; `undefined` when there is none. */
  find(id: string, version?: number): PublishedTemplate | undefined;
}

/** What a shelf holds under a reference such as `spring@3`. */
export function publishedSource(shelf: TemplateShelf, reference: string): TemplateContent | undefined {
  const named = readTemplateReference(reference);
  return named && shelf.find(named.id, named.version)?.content;
}

interface Row {
  readonly id: string;
  readonly version: number;
  readonly publishedAt: Instant;
  readonly content: string;
}

const COLUMNS = 'id, version, published_at AS publishedAt';

/** The shelf of templates, kept up to date with the log. A version is never edited. */
export class TemplatesProjection implements Projection, TemplateShelf {
  readonly name = 'templates';
  readonly version = 1;
  readonly #clear: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(readModels: ReadModels) {
    const { db } = readModels;
    readModels.createTables(this.name, this.version, {
      templates: `CREATE TABLE IF NOT EXISTS templates (
        id TEXT NOT NULL, version INTEGER NOT NULL, kind TEXT NOT NULL, languages TEXT NOT NULL, published_at INTEGER NOT NULL,
        content TEXT NOT NULL, PRIMARY KEY (id, version)
      )`,
    });
    this.#clear = () => db.exec('DELETE FROM templates');
    this.#statements = prepare(db);
  }

  list(): readonly ListedTemplate[] {
    return this.#statements.list.all().map((row) => ({ ...row, languages: row.languages.split(' ') }));
  }

  find(id: string, version?: number): PublishedTemplate | undefined {
    const { one, last } = this.#statements;
    const row = version === undefined ? last.get(id) : one.get(id, version);
    return row && { ...row, content: JSON.parse(row.content) as TemplateContent };
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      if (templateOfStream(recorded.streamId) === undefined) continue;
      const { id, version, publishedAt, content } = publishedTemplateOf(recorded);
      const languages = Object.keys(content.languages).join(' ');
      this.#statements.put.run(id, version, content.kind, languages, publishedAt, JSON.stringify(content));
    }
  }

  clear(): void {
    this.#clear();
  }
}

function prepare(db: ReadModels['db']) {
  return {
    put: db.prepare<[string, number, string, string, Instant, string]>(
      'INSERT OR IGNORE INTO templates VALUES (?, ?, ?, ?, ?, ?)',
    ),
    list: db.prepare<[], Omit<ListedTemplate, 'languages'> & { readonly languages: string }>(
      `SELECT id, max(version) AS version, kind, languages, published_at AS publishedAt FROM templates GROUP BY id ORDER BY id`,
    ),
    one: db.prepare<[string, number], Row>(`SELECT ${COLUMNS}, content FROM templates WHERE id = ? AND version = ?`),
    last: db.prepare<[string], Row>(
      `SELECT ${COLUMNS}, content FROM templates WHERE id = ? ORDER BY version DESC LIMIT 1`,
    ),
  };
}
