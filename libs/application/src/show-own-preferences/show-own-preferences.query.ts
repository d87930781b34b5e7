import {
  choiceOf,
  hindranceOf,
  isKnown,
  momentFor,
  NEVER,
  policyInForce,
  standingErasure,
  type ContactEvent,
  type ContactState,
  type EventMetadata,
  type Hindrance,
  type Instant,
  type Mark,
  type Policy,
  type Purpose,
  type Reason,
  type SourceKind,
} from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Contact } from '../contact/load-contact.js';
import { CLOCK, POLICIES } from '../ports.js';

/** What a person sees of themselves on the preference page. It holds nothing that says who they are. */
export interface OwnPreferences {
  readonly revision: Revision;
  /** The policy in force. */
  readonly policy: Policy;
  /** Every commercial purpose of that policy, in its order. */
  readonly purposes: readonly OwnPurpose[];
  /** What keeps back all mail for now, whatever the person chose. */
  readonly hindrance: { readonly reason: Hindrance; readonly since: Instant } | undefined;
  /** What happened, the latest first. */
  readonly history: readonly OwnEvent[];
}

export interface OwnPurpose {
  readonly purpose: string;
  readonly isOn: boolean;
  readonly reason: Reason;
  /** When the act happened that it rests on; `undefined` where it rests on none. */
  readonly since: Instant | undefined;
  /** Whether it rests on what another party reported (P3). */
  readonly isReported: boolean;
}

export interface OwnEvent {
  readonly type: ContactEvent['type'];
  readonly at: Instant;
  readonly purposes: readonly string[] | 'all';
  readonly source: SourceKind;
  readonly isReported: boolean;
}

/** A contact's own preferences and history, from the log itself; `undefined` where nothing is on record, or nothing any more (P7). */
export class ShowOwnPreferencesQuery extends Query<OwnPreferences | undefined> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(ShowOwnPreferencesQuery)
export class ShowOwnPreferencesHandler implements IQueryHandler<ShowOwnPreferencesQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId }: ShowOwnPreferencesQuery): Promise<OwnPreferences | undefined> {
    const contact = await this.contacts.load(contactId);
    const { state, revision } = contact;
    if (!isKnown(state) || standingErasure(state)) return undefined;
    const at = momentFor(state, this.clock.now());
    const policy = policyInForce(this.policies.history(), at, NEVER);
    const purposes = [...policy.purposes.values()];
    const hindrance = hindranceOf(state);
    return {
      revision,
      policy,
      purposes: purposes.map((purpose) => ownPurpose(state, policy, purpose, at)),
      hindrance: hindrance && { reason: hindrance.reason, since: hindrance.mark.at },
      history: historyOf(contact),
    };
  }
}

function ownPurpose(state: ContactState, policy: Policy, purpose: Purpose, at: Instant): OwnPurpose {
  const { isOn, reason, evidence } = choiceOf(state, policy, purpose, at);
  const act = actBehind(reason, evidence);
  const reports = [...state.reports, ...state.carriedReports];
  const isReported = act !== undefined && reports.some(({ id }) => id === act.id);
  return { purpose: purpose.name, isOn, reason, since: act?.at, isReported };
}

/** Of a consent the act itself; where a clock ran out that later contact moved, or a relationship ended, the last of the marks. */
function actBehind(reason: Reason, evidence: readonly Mark[]): Mark | undefined {
  return reason === 'NO_RECENT_CONTACT' || reason === 'RELATIONSHIP_ENDED' ? evidence.at(-1) : evidence[0];
}

/** What came before an erasure is gone, but for the erasure itself (P7). */
function historyOf({ events, recorded, state: { erased } }: Contact): OwnEvent[] {
  return events
    .map((event, index) => ({ event, recorded: recorded[index]! }))
    .filter(({ event }) => !erased || event.id === erased.id || event.occurredAt > erased.at)
    .sort((a, b) => b.event.occurredAt - a.event.occurredAt || b.recorded.revision - a.recorded.revision)
    .map(({ event, recorded }) => ({
      type: event.type,
      at: event.occurredAt,
      purposes: purposesOf(event),
      source: (recorded.metadata as unknown as EventMetadata).source.kind,
      isReported: event.type === 'OptedIn' && event.data.actOf === 'reported',
    }));
}

function purposesOf({ data }: ContactEvent): readonly string[] | 'all' {
  return 'purposes' in data ? data.purposes : [];
}
