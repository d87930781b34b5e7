import type { EventMetadata } from '@consent-ledger/consent';
import type { Json, JsonObject } from '@consent-ledger/event-store';
import { deterministicId, Problem } from '@consent-ledger/platform';
import type { Fact, Recorded } from './fact.js';
import type { Contact } from './load-contact.js';

/**
 * A key and the request that bore it. Event ids are made of both, so that the log never takes the append of one request
 * for a repeat of another that bore the same key.
 */
export interface Idempotency {
  /** What every fingerprint of this key begins with. */
  readonly keyPart: string;
  readonly fingerprint: string;
}

/** What makes a retry of a request the same request; `undefined` where the caller gave no key. */
export function idempotencyOf(
  { contactId, actor, idempotencyKey }: Fact,
  request: JsonObject,
): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined;
  const keyPart = `${deterministicId('contact', contactId, actor.id ?? actor.kind, idempotencyKey)}.`;
  return { keyPart, fingerprint: keyPart + deterministicId(JSON.stringify(sorted(request))) };
}

/**
 * The answer that this request got the first time, when its events stand in the log. Throws `IDEMPOTENCY_KEY_REUSED` where
 * its key was used for another request.
 */
export function repeatOf(contact: Contact, { keyPart, fingerprint }: Idempotency): Recorded | undefined {
  const fingerprints = contact.recorded.map(({ metadata }) => (metadata as unknown as EventMetadata).fingerprint);
  const start = fingerprints.findIndex((found) => found?.startsWith(keyPart));
  if (start < 0) return undefined;
  if (fingerprints[start] !== fingerprint)
    throw new Problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request. Use a new key.');
  const same = contact.recorded.slice(start).filter(({ id }, index) => id === deterministicId(fingerprint, index));
  const last = same.at(-1)!;
  return {
    contactId: contact.contactId,
    revision: last.revision,
    position: last.position,
    recorded: same.map(({ id, type }) => ({ eventId: id, type })),
  };
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as Json[]).map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}
