import {
  consentOnRecord,
  customerRelationship,
  endOfConsent,
  type Consent,
  type CustomerRelationship,
} from './basis.js';
import type { ContactState, Mark } from './contact.js';
import type { Instant } from './instant.js';
import type { Policy, Purpose } from './policy.js';
import {
  isKnown,
  latestOptOut,
  standingBounce,
  standingComplaint,
  standingErasure,
  standingOptOut,
  standingRectification,
  standingRequest,
  standingRestriction,
} from './standing.js';

/** Every reason of the verdict table in rules.md, and `SERVICE` for operational mail (P1). */
export type Reason =
  | 'ERASED'
  | 'RESTRICTED'
  | 'UNDELIVERABLE'
  | 'COMPLAINED'
  | 'OPTED_OUT'
  | 'CONSENT'
  | 'SOFT_OPT_IN'
  | 'PENDING_CONFIRMATION'
  | 'CONSENT_LAPSED'
  | 'NO_RECENT_CONTACT'
  | 'RELATIONSHIP_ENDED'
  | 'SOFT_OPT_IN_INCOMPLETE'
  | 'NO_CONSENT'
  | 'UNKNOWN_CONTACT'
  | 'SERVICE';

export type Basis = 'consent' | 'soft-opt-in' | 'service';

/** All that a row looks at. The bases are read only when a row asks: most of those who opted out have no need of them. */
export class Case {
  #consent: Consent | undefined | null = null;
  #relationship: CustomerRelationship | undefined | null = null;

  constructor(
    readonly state: ContactState,
    readonly policy: Policy,
    readonly purpose: Purpose,
    readonly at: Instant,
  ) {}

  get consent(): Consent | undefined {
    if (this.#consent === null) this.#consent = consentOnRecord(this.state, this.policy, this.purpose);
    return this.#consent;
  }

  get relationship(): CustomerRelationship | undefined {
    if (this.#relationship === null) this.#relationship = customerRelationship(this.state, this.policy, this.purpose);
    return this.#relationship;
  }

  /** The same case at another moment: what is on record does not depend on it, only whether it holds. */
  movedTo(at: Instant): Case {
    const moved = new Case(this.state, this.policy, this.purpose, at);
    moved.#consent = this.#consent;
    moved.#relationship = this.#relationship;
    return moved;
  }
}

/** What a row found when it applies: the events it rests on, and the conditions of P2 that it misses. */
export interface Match {
  readonly evidence: readonly Mark[];
  readonly missing?: readonly string[];
}

/** A row of the table: its reason, the answer it gives, when it applies, and that in words. */
export interface Row {
  readonly number: number;
  readonly reason: Reason;
  readonly basis: Basis | null;
  /** Whether time alone may end this answer. */
  readonly movedByTime?: true;
  match(facts: Case): Match | undefined;
  because(facts: Case, applies: boolean): string;
}

/** The rows that may answer for a purpose, in order; the last one always applies. */
export function tableFor(purpose: Purpose): readonly Row[] {
  return purpose.commercial ? commercialTable : serviceTable;
}

const commercialTable: readonly Row[] = [
  {
    number: 1,
    reason: 'ERASED',
    basis: null,
    match: ({ state }) => restingOn(standingErasure(state)),
    because: ({ state }, applies) => {
      if (applies)
        return 'The personal data was erased, and no opt-in, new relationship or rectification to this address followed.';
      return state.erased
        ? 'The personal data was erased, but an opt-in, a new relationship or a rectification to this address followed.'
        : 'The personal data was not erased.';
    },
  },
  {
    number: 2,
    reason: 'RESTRICTED',
    basis: null,
    match: ({ state, policy, purpose }) => {
      const letThrough = !purpose.commercial && policy.serviceMailWhenRestricted;
      return letThrough ? undefined : restingOn(standingRestriction(state));
    },
    because: ({ state, purpose }, applies) => {
      if (applies) return 'Processing is restricted, and the restriction was not lifted.';
      if (!state.restricted) return 'Processing was not restricted.';
      return standingRestriction(state)
        ? `Processing is restricted, but the policy lets ${purpose.name} mail through.`
        : 'Processing was restricted; the restriction was lifted.';
    },
  },
  {
    number: 3,
    reason: 'UNDELIVERABLE',
    basis: null,
    match: ({ state }) => restingOn(standingBounce(state) ?? standingRectification(state)),
    because: ({ state }, applies) => {
      if (standingBounce(state)) return 'Delivery failed permanently, and nothing has proven the address since.';
      if (applies) return 'The person named another address in place of this one, and has not opted in under it since.';
      if (state.rectified) return 'The person named another address, but opted in under this one, or named it, since.';
      return state.bounced
        ? 'Delivery failed permanently, but the address was proven since.'
        : 'No permanent delivery failure is on record.';
    },
  },
  {
    number: 4,
    reason: 'COMPLAINED',
    basis: null,
    match: ({ state, purpose }) => restingOn(standingComplaint(state, purpose.name)),
    because: ({ state, purpose }, applies) => {
      if (applies) return `The person complained of spam and has not opted in to ${purpose.name} since.`;
      return state.complained
        ? `The person complained of spam, but opted in to ${purpose.name} since.`
        : 'No spam complaint is on record.';
    },
  },
  {
    number: 5,
    reason: 'OPTED_OUT',
    basis: null,
    match: ({ state, purpose }) => restingOn(standingOptOut(state, purpose.name)),
    because: ({ state, purpose }, applies) => {
      if (applies) return `The person opted out of ${purpose.name} and has not opted in to it since.`;
      return latestOptOut(state, purpose.name)
        ? `The person opted out of ${purpose.name}, but opted in to it since.`
        : `No opt-out of ${purpose.name} stands.`;
    },
  },
  {
    number: 6,
    reason: 'CONSENT',
    basis: 'consent',
    movedByTime: true,
    match: ({ consent, at }) => (consent && at < endOfConsent(consent) ? restingOnConsent(consent) : undefined),
    because: ({ consent, purpose }, applies) => {
      if (applies) return `Consent for ${purpose.name} is valid at this moment.`;
      return consent
        ? `Consent for ${purpose.name} was given, but is no longer valid.`
        : `No consent for ${purpose.name} is on record.`;
    },
  },
  {
    number: 7,
    reason: 'SOFT_OPT_IN',
    basis: 'soft-opt-in',
    movedByTime: true,
    match: ({ relationship, at }) =>
      relationship && isComplete(relationship) && at < relationship.endsAt
        ? { evidence: relationship.evidence }
        : undefined,
    because: ({ purpose, relationship }, applies) => {
      if (applies) return 'An existing customer, and every condition of the soft opt-in is on record.';
      if (!purpose.softOptIn) return `The policy allows no soft opt-in for ${purpose.name}.`;
      if (!relationship) return 'No customer relationship is on record.';
      if (!isComplete(relationship)) return `Conditions are not on record: ${relationship.missing.join(', ')}.`;
      return 'The agreement ended too long ago.';
    },
  },
  {
    number: 8,
    reason: 'PENDING_CONFIRMATION',
    basis: null,
    movedByTime: true,
    match: ({ state, purpose }) => restingOn(standingRequest(state, purpose.name)),
    because: ({ purpose }, applies) =>
      applies
        ? `An opt-in to ${purpose.name} waits for its confirmation.`
        : `No opt-in to ${purpose.name} waits for a confirmation.`,
  },
  {
    number: 9,
    reason: 'CONSENT_LAPSED',
    basis: null,
    movedByTime: true,
    match: ({ consent, at }) =>
      consent && at >= consent.lapsesAt ? { evidence: renewalEvidence(consent) } : undefined,
    because: ({ consent, purpose }, applies) => {
      if (applies) return `Consent for ${purpose.name} was not renewed in time.`;
      return consent
        ? `The consent for ${purpose.name} did not end for want of a renewal.`
        : `No consent for ${purpose.name} is on record that could lapse.`;
    },
  },
  {
    number: 10,
    reason: 'NO_RECENT_CONTACT',
    basis: null,
    movedByTime: true,
    match: ({ consent, at }) => (consent && at >= consent.contactEndsAt ? restingOnConsent(consent) : undefined),
    because: ({ consent, purpose }, applies) => {
      if (applies) return 'The last contact from the person was too long ago.';
      if (!purpose.afterLastContact) return `Consent for ${purpose.name} does not hang on contact.`;
      return consent ? 'The last contact from the person is recent.' : 'No consent is on record.';
    },
  },
  {
    number: 11,
    reason: 'RELATIONSHIP_ENDED',
    basis: null,
    movedByTime: true,
    match: ({ relationship, at }) =>
      relationship && isComplete(relationship) && at >= relationship.endsAt
        ? { evidence: relationship.evidence }
        : undefined,
    because: (_facts, applies) =>
      applies
        ? 'The soft opt-in held once, but the agreement ended too long ago.'
        : 'No soft opt-in that held once has ended.',
  },
  {
    number: 12,
    reason: 'SOFT_OPT_IN_INCOMPLETE',
    basis: null,
    movedByTime: true,
    match: ({ relationship, at }) =>
      relationship && !isComplete(relationship) && at < relationship.endsAt ? relationship : undefined,
    because: ({ relationship }, applies) =>
      applies
        ? `A customer, but not on record: ${relationship!.missing.join(', ')}.`
        : 'Not a customer whose soft opt-in lacks a condition.',
  },
  {
    number: 13,
    reason: 'NO_CONSENT',
    basis: null,
    movedByTime: true,
    match: ({ state }) => (isKnown(state) ? { evidence: [] } : undefined),
    because: (_facts, applies) =>
      applies ? 'A known contact, and nothing else applies.' : 'The service has never heard of this contact.',
  },
  {
    number: 14,
    reason: 'UNKNOWN_CONTACT',
    basis: null,
    match: () => ({ evidence: [] }),
    because: () => 'The service has never heard of this contact.',
  },
];

/** P1: only the rows that stop service mail stand before its yes; it has no number of its own in the table. */
const serviceTable: readonly Row[] = [
  ...commercialTable.slice(0, 3),
  {
    number: 0,
    reason: 'SERVICE',
    basis: 'service',
    match: () => ({ evidence: [] }),
    because: ({ purpose }) => `${purpose.name} mail needs no consent, and an opt-out does not stop it.`,
  },
];

function restingOn(mark: Mark | undefined): Match | undefined {
  return mark && { evidence: [mark] };
}

function restingOnConsent({ act, movedBy }: Consent): Match {
  return { evidence: movedBy ? [act, movedBy] : [act] };
}

/** The act, and the contact that started the clock of renewal where it was not the act (P5). */
function renewalEvidence({ act, renewalFrom }: Consent): readonly Mark[] {
  return renewalFrom === act ? [act] : [act, renewalFrom];
}

function isComplete({ missing }: CustomerRelationship): boolean {
  return missing.length === 0;
}
