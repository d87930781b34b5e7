import type { ActorKind, SourceKind } from './source.js';

/** Who caused an event; `id` is a pseudonym (an API key's id, a ticket system's agent number), never a name or address. */
export interface Actor {
  readonly kind: ActorKind;
  readonly id?: string;
}

/** What every event of the log says about itself, apart from its data. Instants are RFC 3339 in UTC with milliseconds. */
export interface EventMetadata {
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly source: { readonly kind: SourceKind };
  readonly correlationId: string;
  readonly causationId?: string;
  /** The import that brought the event, or took something back. */
  readonly importId?: string;
  readonly schemaVersion: number;
  /** The policy by which the event was decided, as `policyVersionOf` writes it. */
  readonly policyVersion: string;
  /** P4: what a second copy of the same opt-out bears too. It tells nothing of the person. */
  readonly act?: string;
  /** A fingerprint of the request that bore an `Idempotency-Key`, so that the key is not used for another one. */
  readonly fingerprint?: string;
}

/** The name of a policy version in an event's metadata: `<id>@<version>`. */
export function policyVersionOf({ id, version }: { readonly id: string; readonly version: number }): string {
  return `${id}@${version}`;
}
