import type { RecordedEvent } from '@consent-ledger/event-store';
import type { Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { apiKeyEventOf, type ApiKeyEvent } from './api-key-events.js';

/** A key that opens the API. */
export interface ApiKey {
  readonly keyId: string;
  readonly name: string;
  readonly scopes: ReadonlySet<string>;
}

export interface ListedApiKey extends ApiKey {
  /** RFC 3339. */
  readonly createdAt: string;
  readonly revoked: boolean;
}

/** The API keys as a request asks for them. */
export interface ApiKeysView {
  /** The key with this SHA-256 (hex); `undefined` when there is none or it was revoked. */
  findByHash(hash: string): ApiKey | undefined;
  /** Every key ever made, the oldest first. */
  list(): readonly ListedApiKey[];
}

interface Row {
  readonly keyId: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: string;
  readonly createdAt: string;
  readonly revoked: 0 | 1;
}

/** The API keys, in a table and, for every request, in memory. */
export class ApiKeysProjection implements Projection, ApiKeysView {
  readonly name = 'api-keys';
  readonly version = 1;
  readonly #clear: () => void;
  readonly #create: (...row: [keyId: string, name: string, hash: string, scopes: string, createdAt: string]) => void;
  readonly #revoke: (keyId: string) => void;
  readonly #rows: () => Row[];
  #listed: readonly ListedApiKey[] = [];
  #byHash: ReadonlyMap<string, ApiKey> = new Map();
  #stale = true;

  constructor(readModels: ReadModels) {
    const { db } = readModels;
    readModels.createTables(this.name, this.version, {
      api_keys: `CREATE TABLE IF NOT EXISTS api_keys (
        key_id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL, created_at TEXT NOT NULL,
        revoked INTEGER NOT NULL DEFAULT 0
      ) WITHOUT ROWID`,
    });
    const clear = db.prepare('DELETE FROM api_keys');
    const create = db.prepare(
      'INSERT OR IGNORE INTO api_keys (key_id, name, hash, scopes, created_at) VALUES (?, ?, ?, ?, ?)',
    );
    const revoke = db.prepare('UPDATE api_keys SET revoked = 1 WHERE key_id = ?');
    const rows = db.prepare<[], Row>(`SELECT key_id AS keyId, name, hash, scopes, created_at AS createdAt, revoked
      FROM api_keys ORDER BY created_at, key_id`);
    this.#clear = () => clear.run();
    this.#create = (...row) => create.run(...row);
    this.#revoke = (keyId) => revoke.run(keyId);
    this.#rows = () => rows.all();
    this.afterCommit();
  }

  findByHash(hash: string): ApiKey | undefined {
    return this.#byHash.get(hash);
  }

  list(): readonly ListedApiKey[] {
    return this.#listed;
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      const event = apiKeyEventOf(recorded);
      if (!event) continue;
      this.#apply(event);
      this.#stale = true;
    }
  }

  clear(): void {
    this.#clear();
    this.#stale = true;
  }

  afterCommit(): void {
    if (!this.#stale) return;
    const rows = this.#rows();
    const keys = rows.map(listed);
    this.#listed = keys;
    this.#byHash = new Map(
      keys.flatMap(({ keyId, name, scopes, revoked }, index) =>
        revoked ? [] : [[rows[index]!.hash, { keyId, name, scopes }]],
      ),
    );
    this.#stale = false;
  }

  #apply(event: ApiKeyEvent): void {
    switch (event.type) {
      case 'ApiKeyCreated': {
        const { name, hash, scopes, createdAt } = event.data;
        return this.#create(event.keyId, name, hash, JSON.stringify(scopes), createdAt);
      }
      case 'ApiKeyRevoked':
        return this.#revoke(event.keyId);
      default:
        return unreadable(event);
    }
  }
}

function listed({ keyId, name, scopes, createdAt, revoked }: Row): ListedApiKey {
  return { keyId, name, scopes: new Set(JSON.parse(scopes) as string[]), createdAt, revoked: revoked === 1 };
}

function unreadable(event: never): never {
  throw new TypeError(`Unknown event of an API key: ${JSON.stringify((event as { type?: unknown }).type)}`);
}
