import { requestIn, requestStanding, type RequestStanding, type StatementReference } from '@consent-ledger/consent';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';

/** An opt-in by double opt-in, and how it stands now. */
export interface OptInRequestAnswer {
  readonly purposes: readonly string[];
  /** The text that was shown when it was asked for. */
  readonly statement: StatementReference;
  readonly standing: RequestStanding;
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
  constructor(private readonly contacts: ContactRepository) {}

  async execute({ contactId, requestId }: ShowOptInRequestQuery): Promise<OptInRequestAnswer | undefined> {
    const { events } = await this.contacts.load(contactId);
    const request = requestIn(events, requestId);
    const standing = requestStanding(events, requestId);
    if (!request || !standing) return undefined;
    const { purposes, statement } = request.data;
    return { purposes, statement, standing };
  }
}
