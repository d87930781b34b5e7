import type { ContactEventData, ContactEventType, EventMetadata } from '@consent-ledger/consent';
import type { Json, JsonObject, RecordedEvent } from '@consent-ledger/event-store';
import { contactEventOf } from '@consent-ledger/projections';
import { SOURCE, TYPE_PREFIX, type CloudEvent } from './cloud-event.js';

/** A fact of a contact as `consent.events.v1` tells it. */
export interface ConsentEvent extends CloudEvent<JsonObject> {
  /** RFC 3339: when the service learnt of it; `time` is when it happened. */
  readonly recordedat: string;
  /** The position in the log, in decimals: later facts have a greater one. */
  readonly sequence: string;
  /** The policy by which it was decided, `<id>@<version>`. */
  readonly policyversion: string;
  /** Who acted, and through what. */
  readonly actorkind: string;
  readonly sourcekind: string;
}

/**
 * The fields of each fact that are published: all that the domain holds in the open. What is not named here stays here, so
 * that a field that is added to a fact is published on purpose only.
 */
const published: { readonly [T in ContactEventType]: readonly (keyof AllFields<ContactEventData[T]>)[] } = {
  OptedIn: ['purposes', 'statement', 'actOf', 'evidenceEndsAt'],
  OptInRequested: ['purposes', 'statement', 'actOf', 'evidenceEndsAt'],
  OptInConfirmed: ['purposes', 'statement', 'requestId'],
  ConsentRenewed: ['purposes', 'statement'],
  ReconsentPrompted: ['purposes'],
  ReconsentReminded: ['purposes', 'promptId'],
  ConsentLapsed: ['purposes'],
  EvidenceEnded: ['optInId'],
  OptedOut: ['purposes'],
  OptOutUndone: ['optOutId'],
  OptInTakenBack: ['optInIds'],
  CustomerStarted: ['conditions'],
  CustomerEnded: [],
  PurchaseMade: [],
  ContactMade: [],
  MailBounced: ['permanent'],
  SpamReported: [],
  AddressProven: [],
  ProcessingRestricted: ['requestId'],
  RestrictionLifted: ['requestId'],
  AddressRectified: ['to'],
  PreferencesCarriedOver: [
    'from',
    'adopted',
    'consents',
    'optOuts',
    'undone',
    'restricted',
    'restrictedFor',
    'liftedFor',
    'relationship',
  ],
  LegalHoldPlaced: [],
  LegalHoldLifted: [],
  PersonalDataErased: ['reason', 'requestedAt', 'grounds'],
};

type AllFields<T> = T extends unknown ? Required<T> : never;

/** The message that tells of a contact's event. Throws `TypeError` for an event that this release cannot read. */
export function consentEventOf(recorded: RecordedEvent, contactId: string): ConsentEvent {
  const { type, data } = contactEventOf(recorded);
  const metadata = recorded.metadata as unknown as EventMetadata;
  return {
    specversion: '1.0',
    id: recorded.id,
    source: SOURCE,
    type: TYPE_PREFIX + type,
    subject: contactId,
    time: metadata.occurredAt,
    datacontenttype: 'application/json',
    recordedat: metadata.recordedAt,
    sequence: String(recorded.position),
    policyversion: metadata.policyVersion,
    actorkind: metadata.actor.kind,
    sourcekind: metadata.source.kind,
    data: openPart(published[type], data as unknown as JsonObject),
  };
}

function openPart(fields: readonly string[], data: JsonObject): JsonObject {
  const open: Record<string, Json> = {};
  for (const field of fields) if (data[field] !== undefined) open[field] = data[field];
  return open;
}
