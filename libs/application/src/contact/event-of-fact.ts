import {
  policyInForce,
  policyVersionOf,
  type EventMetadata,
  type Instant,
  type NewContactEvent,
  type Policy,
  type PolicyHistory,
  type Recording,
} from '@consent-ledger/consent';
import type { Appended, JsonObject, NewEvent } from '@consent-ledger/event-store';
import { deterministicId, newId, toRfc3339 } from '@consent-ledger/platform';
import type { Fact, Recorded, RecordOptions } from './fact.js';
import type { Idempotency } from './idempotency.js';
import type { Contact } from './load-contact.js';
import type { Moments } from './occurrence.js';

/** What a decision leaves to be written into each of its events. */
export interface Decided {
  /** What is sealed beside each event. */
  readonly personal: JsonObject | undefined;
  readonly idempotency: Idempotency | undefined;
  /** What the caller said the id of the event is. */
  readonly eventId: string | undefined;
  readonly policy: Policy;
  readonly occurredAt: Instant;
  readonly now: Instant;
}

/** What is to be written into each event of a decision about a fact. Nothing is to be sealed of what is erased already (P7). */
export function decidedOf(
  fact: Fact,
  contact: Contact,
  decision: Recording,
  { now, toldAt }: Moments,
  options: Pick<RecordOptions, 'personal' | 'eventId'>,
  history: PolicyHistory,
): Decided {
  const occurredAt = decision.occurredAt ?? toldAt;
  const policy = policyInForce(history, occurredAt, now);
  const personal = isErasedAlready(contact, occurredAt) ? undefined : personalPart(fact, options.personal);
  return { personal, idempotency: undefined, eventId: options.eventId?.(), policy, occurredAt, now };
}

/** The id of the event that stands at `index` among those of a decision: the same for a retry, where it is to be known as one. */
export function eventIdOf({ idempotency, eventId }: Decided, index: number): string {
  if (idempotency) return deterministicId(idempotency.fingerprint, index);
  if (eventId === undefined) return newId();
  return index === 0 ? eventId : deterministicId(eventId, index);
}

/** An event as it is appended; `sealed` is what describes the person. */
export function eventOf(fact: Fact, event: NewContactEvent, id: string, decided: Decided, sealed?: string): NewEvent {
  const data = { ...(event.data as unknown as JsonObject), ...(sealed && { sealed }) };
  return { id, type: event.type, data, metadata: metadataOf(fact, decided) as unknown as JsonObject };
}

/** What appending events of a contact answers. */
export function recordedOf(contactId: string, events: readonly NewEvent[], appended: Appended): Recorded {
  return { contactId, ...appended, recorded: events.map(({ id, type }) => ({ eventId: id, type })) };
}

function metadataOf(fact: Fact, { idempotency, policy, occurredAt, now }: Decided): EventMetadata {
  const { actor, source, correlationId, importId, act } = fact;
  return {
    occurredAt: toRfc3339(occurredAt),
    recordedAt: toRfc3339(now),
    actor,
    source: { kind: source.kind },
    correlationId,
    schemaVersion: 1,
    policyVersion: policyVersionOf(policy),
    ...(idempotency && { fingerprint: idempotency.fingerprint }),
    ...(importId !== undefined && { importId }),
    ...(act !== undefined && { act }),
  };
}

/** P7: what occurred before an erasure and is told after it is erased already. Sealed under a new key, nothing would end it. */
function isErasedAlready({ events }: Contact, occurredAt: Instant): boolean {
  return events.some((event) => event.type === 'PersonalDataErased' && occurredAt <= event.occurredAt);
}

function personalPart({ address, source }: Fact, personal: JsonObject | undefined): JsonObject | undefined {
  const parts: JsonObject = {
    ...(address !== undefined && { address }),
    ...(source.reference !== undefined && { reference: source.reference }),
    ...personal,
  };
  return Object.keys(parts).length > 0 ? parts : undefined;
}
