import {
  momentFor,
  NEVER,
  policyInForce,
  questionStanding,
  renewableUntil,
  type Instant,
  type Policy,
  type QuestionStanding,
} from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import { CLOCK, POLICIES } from '../ports.js';

/** What a re-consent prompt asks, and how it stands now. */
export interface QuestionAnswer {
  readonly purposes: readonly AskedAbout[];
  /** The policy in force, which bears the statement to be shown. */
  readonly policy: Policy;
}

export interface AskedAbout {
  readonly purpose: string;
  readonly standing: QuestionStanding;
  /** Until when a yes counts, exclusive; `undefined` where it no longer does. */
  readonly endsAt: Instant | undefined;
}

/** What a prompt asks of a contact, from the log itself: `undefined` where no such prompt is on record (P5). */
export class ShowQuestionQuery extends Query<QuestionAnswer | undefined> {
  constructor(
    readonly contactId: string,
    readonly promptId: string,
  ) {
    super();
  }
}

@QueryHandler(ShowQuestionQuery)
export class ShowQuestionHandler implements IQueryHandler<ShowQuestionQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId, promptId }: ShowQuestionQuery): Promise<QuestionAnswer | undefined> {
    const { events, state } = await this.contacts.load(contactId);
    const prompt = events.find(({ id }) => id === promptId);
    if (prompt?.type !== 'ReconsentPrompted') return undefined;
    const at = momentFor(state, this.clock.now());
    const policy = policyInForce(this.policies.history(), at, NEVER);
    const purposes = prompt.data.purposes.map((purpose) => ({
      purpose,
      standing: questionStanding(state, policy, purpose, at),
      endsAt: renewableUntil(state, policy, purpose, at),
    }));
    return { purposes, policy };
  }
}
