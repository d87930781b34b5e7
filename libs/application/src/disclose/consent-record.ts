import type { Policy, PolicyHistory, RightsTerms } from '@consent-ledger/consent';
import type { HistoryEntry } from '../show-history/show-history.query.js';
import type { PreferencesAnswer } from '../show-preferences/show-preferences.query.js';
import type { GroundBody } from '../show-retention/show-retention.query.js';

/** A consent record with the fields of ISO/IEC TS 27560:2023, under the names that it gives them. */
export interface ConsentRecord {
  readonly schema_version: string;
  readonly record_id: string;
  readonly pii_principal_id: string;
  readonly pii_processing: {
    readonly privacy_notice: string;
    readonly language: string;
    readonly purpose: string;
    readonly purpose_type: string;
    readonly lawful_basis: string | null;
    readonly pii_information: readonly string[];
    readonly pii_controllers: readonly string[];
    readonly collection_method: readonly string[];
    readonly storage_locations: readonly string[];
    /** Until when each ground holds the data, RFC 3339; `null` while that is open. */
    readonly retention_period: readonly GroundBody[];
    readonly jurisdiction: string;
    readonly recipient_third_parties: readonly string[];
    readonly withdrawal_method: string;
    readonly privacy_rights: readonly string[];
    readonly authority_party: string;
  };
  readonly party_identification: readonly {
    readonly party_id: string;
    readonly party_name: string;
    readonly party_role: string;
    readonly party_address: string | null;
    readonly party_contact: string;
  }[];
  readonly events: readonly ConsentRecordEvent[];
}

export interface ConsentRecordEvent {
  readonly event_time: string;
  /** Until when the state that it brought holds, RFC 3339; `null` without an end. */
  readonly validity: string | null;
  /** The status of the Data Privacy Vocabulary. */
  readonly event_type: string;
  readonly event_state: string;
  /** Who caused it: the person, an agent who recorded it, or a system. */
  readonly entity_id: string;
  readonly evidence: {
    readonly event_id: string;
    readonly source: string;
    readonly personal: HistoryEntry['personal'];
  };
  /** The text that was shown (P3); `null` where none was, or no policy has it. */
  readonly notice: Notice | null;
}

interface Notice {
  readonly id: string;
  readonly version: number;
  readonly language: string;
  readonly hash: string;
  readonly text: string | null;
}

/** What the events of a contact say in the Data Privacy Vocabulary. */
const STATUS: Readonly<Record<string, string>> = {
  OptInRequested: 'ConsentRequested',
  ReconsentPrompted: 'ConsentRequested',
  ReconsentReminded: 'ConsentRequested',
  OptedIn: 'ConsentGiven',
  OptInConfirmed: 'ConsentGiven',
  ConsentRenewed: 'RenewedConsentGiven',
  OptedOut: 'ConsentWithdrawn',
  SpamReported: 'ConsentWithdrawn',
  ConsentLapsed: 'ConsentExpired',
  OptInTakenBack: 'ConsentInvalidated',
  PersonalDataErased: 'ConsentInvalidated',
};

/** All that the records of one contact have in common. */
export interface RecordContext {
  readonly contactId: string;
  readonly policy: Policy;
  readonly rights: RightsTerms;
  readonly history: PolicyHistory;
  readonly language: 'nl' | 'en';
  readonly events: readonly HistoryEntry[];
  readonly preferences: PreferencesAnswer['preferences'];
  readonly retention: readonly GroundBody[];
}

/** One record for each commercial purpose about which something is on record. */
export function consentRecords(context: RecordContext): ConsentRecord[] {
  const purposes = [...context.policy.purposes.values()].filter(({ commercial }) => commercial);
  return purposes.flatMap(({ name }) => {
    const events = context.events.filter((event) => concerns(event, name));
    return events.length === 0 ? [] : [recordOf(context, name, events)];
  });
}

function recordOf(context: RecordContext, purpose: string, events: readonly HistoryEntry[]): ConsentRecord {
  const { contactId, policy, rights, language, preferences, retention } = context;
  const { controller } = policy.document;
  const verdict = preferences.find((preference) => preference.purpose === purpose);
  return {
    schema_version: 'ISO/IEC TS 27560:2023',
    record_id: `${contactId}:${purpose}`,
    pii_principal_id: contactId,
    pii_processing: {
      privacy_notice: controller.privacyPolicyUrl,
      language,
      purpose,
      purpose_type: inLanguage(policy.document.purposes[purpose]!.description, language),
      lawful_basis: verdict?.basis ?? null,
      pii_information: ['email-address', ...kindsOf(events)],
      pii_controllers: ['controller'],
      collection_method: [...new Set(events.map(({ source }) => source.kind))],
      storage_locations: rights.storageLocations,
      retention_period: retention.filter((ground) => ground.purpose === undefined || ground.purpose === purpose),
      jurisdiction: rights.jurisdiction,
      recipient_third_parties: rights.recipients.map((texts) => inLanguage(texts, language)),
      withdrawal_method: `one-click link in every message; mailto:${controller.email}`,
      privacy_rights: ['access', 'rectification', 'erasure', 'restriction', 'portability', 'objection'],
      authority_party: 'authority',
    },
    party_identification: [
      {
        party_id: 'controller',
        party_name: controller.name,
        party_role: 'pii-controller',
        party_address: controller.postalAddress,
        party_contact: controller.email,
      },
      {
        party_id: 'authority',
        party_name: rights.authority.name,
        party_role: 'authority',
        party_address: null,
        party_contact: rights.authority.url,
      },
    ],
    events: events.map((event) => eventOf(event, purpose, context.history)),
  };
}

function eventOf(entry: HistoryEntry, purpose: string, history: PolicyHistory): ConsentRecordEvent {
  const { eventId, type, occurredAt, actor, source, personal } = entry;
  const verdict = entry.verdicts[purpose];
  return {
    event_time: occurredAt,
    validity: verdict?.validUntil ?? null,
    event_type: STATUS[type]!,
    event_state: verdict?.reason ?? 'UNKNOWN_PURPOSE',
    entity_id: actor.id === undefined ? actor.kind : `${actor.kind}:${actor.id}`,
    evidence: { event_id: eventId, source: source.kind, personal },
    notice: noticeOf(entry, history),
  };
}

function noticeOf({ data }: HistoryEntry, history: PolicyHistory): Notice | null {
  const statement = data['statement'] as Omit<Notice, 'text'> | undefined;
  if (!statement) return null;
  const { id, version, language, hash } = statement;
  const statements = history.flatMap(({ policy }) => policy.document.statements);
  const shown = statements.find((one) => one.id === id && one.version === version && one.hashes[language] === hash);
  return { id, version, language, hash, text: shown?.texts[language] ?? null };
}

function concerns({ type, data }: HistoryEntry, purpose: string): boolean {
  if (!(type in STATUS)) return false;
  const { purposes } = data;
  return purposes === undefined || purposes === 'all' || (Array.isArray(purposes) && purposes.includes(purpose));
}

/** What else than the address was kept beside these events. */
function kindsOf(events: readonly HistoryEntry[]): string[] {
  const names = events.flatMap(({ personal }) =>
    typeof personal === 'object' && personal ? Object.keys(personal) : [],
  );
  return [...new Set(names)].filter((name) => name !== 'address').sort();
}

/** A text in a language, or in the first that there is. */
export function inLanguage(texts: Readonly<Record<string, string>>, language: string): string {
  return texts[language] ?? Object.values(texts)[0] ?? '';
}
