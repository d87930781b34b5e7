import { decideEligibility, momentFor, NEVER, policyInForce } from '@consent-ledger/consent';
import type { EventStore, Position, Revision } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { evidenceBody, verdictBody, type EvidenceBody, type VerdictBody } from '../ask-eligibility/answer.js';
import { ContactRepository } from '../contact/contact-repository.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';

export interface PreferencesAnswer {
  readonly contactId: string;
  readonly at: string;
  readonly position: Position;
  readonly revision: Revision;
  readonly policy: { readonly id: string; readonly version: number };
  readonly preferences: readonly (VerdictBody & {
    readonly purpose: string;
    readonly missing?: readonly string[];
    readonly evidence: readonly EvidenceBody[];
  })[];
}

/** Every purpose of the policy in force with its verdict for one contact, now. */
export class ShowPreferencesQuery extends Query<PreferencesAnswer> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(ShowPreferencesQuery)
export class ShowPreferencesHandler implements IQueryHandler<ShowPreferencesQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId }: ShowPreferencesQuery): Promise<PreferencesAnswer> {
    const position = await this.store.head();
    const { state, revision } = await this.contacts.load(contactId);
    const at = momentFor(state, this.clock.now());
    const history = this.policies.history();
    const policy = policyInForce(history, at, NEVER);
    const preferences = [...policy.purposes.keys()].map((purpose) => {
      const verdict = decideEligibility(state, history, purpose, at);
      return {
        purpose,
        ...verdictBody(verdict),
        ...(verdict.missing && { missing: verdict.missing }),
        evidence: verdict.evidence.map(evidenceBody),
      };
    });
    return {
      contactId,
      at: toRfc3339(at),
      position,
      revision,
      policy: { id: policy.id, version: policy.version },
      preferences,
    };
  }
}
