import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type Position,
} from '@consent-ledger/event-store';
import {
  deterministicId,
  generateApiKey,
  hashApiKey,
  isScope,
  newId,
  sameHash,
  scopes,
  toRfc3339,
  type Clock,
  type Principal,
  type Scope,
} from '@consent-ledger/platform';
import { apiKeyStream, type ApiKeysView } from '@consent-ledger/projections';
import { systemMetadata } from '../system-event.js';

/** A key that was made just now: the only moment at which it can be read. */
export interface CreatedApiKey {
  readonly keyId: string;
  readonly key: string;
  readonly position: Position;
}

/** Makes, revokes and recognises API keys. The log holds only their hashes. */
export class ApiKeys {
  private readonly configured: { readonly hash: string; readonly principal: Principal } | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly view: ApiKeysView,
    adminKey: string | undefined,
  ) {
    if (adminKey)
      this.configured = { hash: hashApiKey(adminKey), principal: { keyId: 'administrator', scopes: new Set(scopes) } };
  }

  /** Who a key belongs to; `undefined` for a key that is unknown or revoked. */
  recognise(key: string): Principal | undefined {
    const hash = hashApiKey(key);
    if (this.configured && sameHash(this.configured.hash, hash)) return this.configured.principal;
    return this.view.findByHash(hash);
  }

  /** Whether any key could be recognised; if not, nobody can use the service yet. */
  get isEmpty(): boolean {
    return !this.configured && this.view.list().every(({ revoked }) => revoked);
  }

  list() {
    return this.view.list();
  }

  /**
   * Makes the administrator's key when nobody has a key that counts. Answers `undefined` when somebody has, or when another
   * process that starts makes it: both would give it the same id.
   */
  async createFirst(): Promise<CreatedApiKey | undefined> {
    if (!this.isEmpty) return undefined;
    const revoked = this.view.list().map(({ keyId }) => keyId);
    const keyId = deterministicId('administrator', ...revoked.sort()).slice(0, 8);
    return this.make(keyId, 'administrator', scopes).catch((error: unknown) => {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    });
  }

  /** Makes a key with these scopes. Throws `RangeError` for a scope that does not exist. */
  async create(name: string, wanted: readonly string[]): Promise<CreatedApiKey> {
    const unknown = wanted.filter((scope) => !isScope(scope));
    if (unknown.length > 0 || wanted.length === 0)
      throw new RangeError(
        `Unknown or no scopes: ${unknown.join(', ') || '(none)'}. The scopes are: ${scopes.join(', ')}.`,
      );
    return this.make(newId().slice(0, 8), name, wanted as Scope[]);
  }

  private async make(keyId: string, name: string, wanted: readonly Scope[]): Promise<CreatedApiKey> {
    const key = generateApiKey();
    const createdAt = toRfc3339(this.clock.now());
    const data = { keyId, name, hash: hashApiKey(key), scopes: [...wanted], createdAt };
    const { position } = await this.store.append(apiKeyStream(keyId), NO_STREAM, [this.event('ApiKeyCreated', data)]);
    return { keyId, key, position };
  }

  /** Ends a key at once; `undefined` when there is no such key, or it was revoked before. */
  async revoke(keyId: string): Promise<Position | undefined> {
    const events = await this.store.readStream(apiKeyStream(keyId));
    const last = events.at(-1);
    if (!last || last.type === 'ApiKeyRevoked') return undefined;
    const revoked = this.event('ApiKeyRevoked', {});
    return (await this.store.append(apiKeyStream(keyId), last.revision, [revoked])).position;
  }

  private event(type: string, data: JsonObject): NewEvent {
    return { id: newId(), type, data, metadata: systemMetadata(this.clock, newId(), '') };
  }
}
