import type { RecordedEvent } from '@consent-ledger/event-store';

const PREFIX = 'api-key-';

/** The stream that holds the life of an API key. */
export function apiKeyStream(keyId: string): string {
  return PREFIX + keyId;
}

/** The events of an API key's stream. */
export interface ApiKeyEventData {
  /** `hash` is the SHA-256 of the key, in hex; `createdAt` RFC 3339. */
  ApiKeyCreated: { keyId: string; name: string; hash: string; scopes: readonly string[]; createdAt: string };
  ApiKeyRevoked: Record<string, never>;
}

/** An event of an API key, with the key whose stream it stands in. */
export type ApiKeyEvent = {
  [T in keyof ApiKeyEventData]: { readonly type: T; readonly keyId: string; readonly data: ApiKeyEventData[T] };
}[keyof ApiKeyEventData];

/** Reads a stored event of an API key; `undefined` when its stream is not one's. */
export function apiKeyEventOf({ streamId, type, data }: RecordedEvent): ApiKeyEvent | undefined {
  if (!streamId.startsWith(PREFIX)) return undefined;
  return { type, keyId: streamId.slice(PREFIX.length), data } as unknown as ApiKeyEvent;
}
