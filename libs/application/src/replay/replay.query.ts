import {
  decideEligibility,
  eventsKnown,
  foldContact,
  NEVER,
  policyInForce,
  traceEligibility,
  UnknownPurpose,
  type Instant,
  type PolicyHistory,
  type TraceStep,
} from '@consent-ledger/consent';
import type { EventStore } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { eligibilityAnswer, type EligibilityAnswer } from '../ask-eligibility/answer.js';
import { ContactRepository } from '../contact/contact-repository.js';
import { EVENT_STORE, POLICIES } from '../ports.js';

export interface ReplayQuestion {
  readonly contactId: string;
  readonly purpose: string;
  readonly at: Instant;
  readonly knownAt?: Instant;
  /** Judge by this policy instead of the one that was in force. */
  readonly policy?: { readonly id: string; readonly version: number };
}

export interface ReplayAnswer {
  readonly verdict: EligibilityAnswer;
  readonly trace: readonly TraceStep[];
}

/** The verdict for a moment with the knowledge of a moment (law 3), and each row of the table that was tried. */
export class ReplayQuery extends Query<ReplayAnswer> {
  constructor(readonly question: ReplayQuestion) {
    super();
  }
}

@QueryHandler(ReplayQuery)
export class ReplayHandler implements IQueryHandler<ReplayQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
  ) {}

  async execute({ question }: ReplayQuery): Promise<ReplayAnswer> {
    const { contactId, purpose, at, knownAt = NEVER } = question;
    const position = await this.store.head();
    const history = this.historyFor(question);
    const { events } = await this.contacts.load(contactId);
    const state = foldContact(eventsKnown(events, at, knownAt));
    try {
      const verdict = decideEligibility(state, history, purpose, at, knownAt);
      const trace = traceEligibility(state, policyInForce(history, at, knownAt), purpose, at);
      return { verdict: eligibilityAnswer({ contactId, purpose }, at, verdict, position), trace };
    } catch (error) {
      if (error instanceof UnknownPurpose) throw new Problem('UNKNOWN_PURPOSE', error.message);
      throw error;
    }
  }

  private historyFor({ policy }: ReplayQuestion): PolicyHistory {
    if (!policy) return this.policies.history();
    const published = this.policies.find(policy.id, policy.version);
    if (published) return [{ policy: published, publishedAt: 0 }];
    throw new Problem(
      'UNKNOWN_POLICY',
      `No policy "${policy.id}" version ${policy.version} was published. See GET /v1/policies.`,
      [{ field: 'policy', message: 'is not a published policy' }],
    );
  }
}
