import {
  decideEligibility,
  policyInForce,
  type Basis,
  type ContactState,
  type Instant,
  type PolicyHistory,
  type Reason,
} from '@consent-ledger/consent';
import type { Position } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import { SOURCE, TYPE_PREFIX, type CloudEvent } from './cloud-event.js';

/** The verdict for one purpose as `consent.preferences.v1` tells it. */
export interface PublishedVerdict {
  readonly eligible: boolean;
  readonly reason: Reason;
  readonly basis: Basis | null;
  /** RFC 3339, exclusive: from then on another message counts; `null` if time alone changes nothing. */
  readonly validUntil: string | null;
}

export interface PreferencesData {
  readonly policy: { readonly id: string; readonly version: number };
  readonly purposes: Readonly<Record<string, PublishedVerdict>>;
}

/** The verdicts of a contact as `consent.preferences.v1` tells them; of two, the one with the greater `sequence` and `time`. */
export interface PreferencesMessage extends CloudEvent<PreferencesData> {
  /** The position of the log, in decimals, that the verdicts know at least. */
  readonly sequence: string;
}

/** What a contact's verdicts are at a moment, and until when. */
export interface PublishedPreferences {
  /** `null` is a tombstone: the personal data was erased, and nothing was learnt of the person since (P7, P11). */
  readonly message: PreferencesMessage | null;
  /** When time alone changes one of the verdicts; `undefined` if never. */
  readonly validUntil: Instant | undefined;
}

/** The verdict per purpose of a contact at `at`, knowing the log up to `position`, under the policies published (law 4). */
export function preferencesOf(
  contactId: string,
  state: ContactState,
  history: PolicyHistory,
  { at, position }: { readonly at: Instant; readonly position: Position },
): PublishedPreferences {
  const { id, version, purposes: names } = policyInForce(history, at, at);
  const purposes: Record<string, PublishedVerdict> = {};
  let first = Number.POSITIVE_INFINITY;
  let isErased = true;
  for (const name of names.keys()) {
    const { eligible, reason, basis, validUntil } = decideEligibility(state, history, name, at);
    purposes[name] = { eligible, reason, basis, validUntil: validUntil === null ? null : toRfc3339(validUntil) };
    isErased &&= reason === 'ERASED';
    first = Math.min(first, validUntil ?? first);
  }
  const message: PreferencesMessage = {
    specversion: '1.0',
    id: `${contactId}.${position}.${at}`,
    source: SOURCE,
    type: `${TYPE_PREFIX}Preferences`,
    subject: contactId,
    time: toRfc3339(at),
    datacontenttype: 'application/json',
    sequence: String(position),
    data: { policy: { id, version }, purposes },
  };
  return { message: isErased ? null : message, validUntil: Number.isFinite(first) ? first : undefined };
}
