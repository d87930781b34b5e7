import { isOverdue, type Instant } from '@consent-ledger/consent';
import type { JsonObject, Position, Revision } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { ListedRequest } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { RequestRepository } from '../data-subject-request/request-repository.js';
import { Requests } from '../data-subject-request/requests.js';
import { CLOCK } from '../ports.js';

export interface RequestBody {
  readonly requestId: string;
  readonly contactId: string;
  readonly kind: string;
  readonly status: 'open' | 'fulfilled' | 'refused';
  readonly receivedAt: string;
  readonly answerBy: string;
  readonly overdue: boolean;
  readonly identityChecked: boolean;
  readonly extended: boolean;
}

export interface RequestsAnswer {
  readonly at: string;
  readonly position: Position;
  readonly requests: readonly RequestBody[];
}

/** At most `limit` requests: those that wait, the one due first leading, then those that were answered (P9). */
export class ShowRequestsQuery extends Query<RequestsAnswer> {
  constructor(
    readonly status: 'open' | 'answered' | 'all',
    readonly limit: number,
  ) {
    super();
  }
}

@QueryHandler(ShowRequestsQuery)
export class ShowRequestsHandler implements IQueryHandler<ShowRequestsQuery> {
  constructor(
    private readonly requests: Requests,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ status, limit }: ShowRequestsQuery): Promise<RequestsAnswer> {
    const position = await this.requests.reachHead();
    const at = this.clock.now();
    const open = status === 'answered' ? [] : this.requests.view.open(limit);
    const answered = status === 'open' ? [] : this.requests.view.answered(limit - open.length);
    return { at: toRfc3339(at), position, requests: [...open, ...answered].map((one) => requestBody(one, at)) };
  }
}

export interface RequestEventBody {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly data: JsonObject;
  /** What was sealed; `erased` once the contact's key is gone, `null` when nothing was sealed. */
  readonly personal: JsonObject | 'erased' | null;
}

export interface RequestAnswer extends RequestBody {
  readonly revision: Revision;
  readonly position: Position;
  readonly events: readonly RequestEventBody[];
}

/** One request and all that was done about it: when something was disclosed or refused, and to whom (P9). */
export class ShowRequestQuery extends Query<RequestAnswer> {
  constructor(readonly requestId: string) {
    super();
  }
}

@QueryHandler(ShowRequestQuery)
export class ShowRequestHandler implements IQueryHandler<ShowRequestQuery> {
  constructor(
    private readonly requests: RequestRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ requestId }: ShowRequestQuery): Promise<RequestAnswer> {
    const request = await this.requests.load(requestId);
    const { state, revision, recorded } = request;
    const events: RequestEventBody[] = [];
    for (const event of recorded) {
      const { sealed: _sealed, ...data } = event.data;
      const { occurredAt } = event.metadata as { occurredAt: string };
      const personal = await this.requests.openSealed(request, event);
      events.push({ eventId: event.id, type: event.type, occurredAt, data, personal });
    }
    const body = requestBody({ requestId, ...state, outcome: state.outcome ?? null }, this.clock.now());
    return { ...body, revision, position: recorded.at(-1)!.position, events };
  }
}

type Known = Pick<
  ListedRequest,
  'requestId' | 'contactId' | 'kind' | 'receivedAt' | 'answerBy' | 'identityChecked' | 'extended' | 'outcome'
>;

function requestBody({ outcome, ...request }: Known, at: Instant): RequestBody {
  const { requestId, contactId, kind, receivedAt, answerBy, identityChecked, extended } = request;
  return {
    requestId,
    contactId,
    kind,
    status: outcome ?? 'open',
    receivedAt: toRfc3339(receivedAt),
    answerBy: toRfc3339(answerBy),
    overdue: isOverdue({ answerBy, ...(outcome && { outcome }) }, at),
    identityChecked,
    extended,
  };
}
