import {
  choiceOf,
  momentFor,
  NEVER,
  policyInForce,
  requestIn,
  requestStanding,
  type RequestStanding,
  type StatementReference,
} from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Contact } from '../contact/load-contact.js';
import { CLOCK, POLICIES } from '../ports.js';

/** An opt-in by double opt-in, and how it stands now. */
export interface OptInRequestAnswer {
  readonly purposes: readonly string[];
  /** The text that was shown when it was asked for. */
  readonly statement: StatementReference;
  /** `ended` where it was confirmed, and by now none of it holds any more: time may have ended it (P5, P6). */
  readonly standing: RequestStanding | 'ended';
}

/** What a confirmation link is about, from the log itself: `undefined` where no such request is on record (P3). */
export class ShowOptInRequestQuery extends Query<OptInRequestAnswer | undefined> {
  constructor(
    readonly contactId: string,
    readonly requestId: string,
  ) {
    super();
  }
}

@QueryHandler(ShowOptInRequestQuery)
export class ShowOptInRequestHandler implements IQueryHandler<ShowOptInRequestQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId, requestId }: ShowOptInRequestQuery): Promise<OptInRequestAnswer | undefined> {
    const contact = await this.contacts.load(contactId);
    const { events } = contact;
    const request = requestIn(events, requestId);
    const standing = requestStanding(events, requestId);
    if (!request || !standing) return undefined;
    const { purposes, statement } = request.data;
    const isEnded = standing === 'confirmed' && !this.isAnyOn(contact, purposes);
    return { purposes, statement, standing: isEnded ? 'ended' : standing };
  }

  private isAnyOn({ state }: Contact, purposes: readonly string[]): boolean {
    const at = momentFor(state, this.clock.now());
    const policy = policyInForce(this.policies.history(), at, NEVER);
    return purposes.some((name) => {
      const purpose = policy.purposes.get(name);
      return purpose?.commercial === true && choiceOf(state, policy, purpose, at).isOn;
    });
  }
}
