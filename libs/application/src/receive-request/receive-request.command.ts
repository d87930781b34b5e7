import { receiveRequest, restrictFor, type RequestKind } from '@consent-ledger/consent';
import { deterministicId, newId, Problem, type Clock } from '@consent-ledger/platform';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact } from '../contact/fact.js';
import { settleOccurrence } from '../contact/occurrence.js';
import {
  nothingRecorded,
  RequestRepository,
  type DataSubjectRequest,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';
import { CLOCK } from '../ports.js';

export interface ReceivedRequest {
  readonly kind: RequestKind;
  /** What the person wrote or said; sealed. */
  readonly note?: string;
  /** Whether the person asked that processing be restricted while this is judged. */
  readonly restrict: boolean;
}

/** Takes a request of a data subject (P9). With the same `Idempotency-Key` it is the same request. */
export class ReceiveRequestCommand extends Command<RequestRecorded> {
  constructor(
    readonly fact: Fact,
    readonly request: ReceivedRequest,
  ) {
    super();
  }
}

@CommandHandler(ReceiveRequestCommand)
export class ReceiveRequestHandler implements ICommandHandler<ReceiveRequestCommand> {
  constructor(
    private readonly requests: RequestRepository,
    private readonly contacts: ContactRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The restriction comes second: one without its request would never be lifted, and asking again with the key mends it. */
  async execute({ fact, request }: ReceiveRequestCommand): Promise<RequestRecorded> {
    const { contactId, actor, source, correlationId } = fact;
    const { kind, restrict } = request;
    const requestId = requestIdOf(fact);
    const receivedAt = settleOccurrence(fact.occurredAt, this.clock.now());
    const policy = this.requests.policyAt(receivedAt);
    const act = { requestId, actor, source, correlationId };
    const received = { contactId, receivedAt, personal: personalPart(fact, request) };
    const decision = receiveRequest(policy, { kind, contactId, receivedAt });
    const opened = await this.requests.open(act, decision, received);
    const stands = await this.requests.load(requestId);
    if (!opened) requireSame(stands, fact, kind);
    if ((restrict || policy.rights?.restrictsWhileJudged.includes(kind)) && !stands.state.outcome)
      await this.restrict({ contactId, source: { kind: source.kind }, actor, correlationId }, requestId);
    return opened ?? nothingRecorded(stands);
  }

  private restrict(fact: Fact, requestId: string) {
    return this.contacts.record(fact, ({ state }) => restrictFor(state, requestId), {
      keepsData: true,
      request: { command: 'restrict-for-request', requestId },
    });
  }
}

function requestIdOf({ idempotencyKey, actor }: Fact): string {
  if (idempotencyKey === undefined) return newId();
  return deterministicId('request', actor.id ?? actor.kind, idempotencyKey);
}

function personalPart({ address, source }: Fact, { note }: ReceivedRequest) {
  return {
    ...(address !== undefined && { address }),
    ...(source.reference !== undefined && { reference: source.reference }),
    ...(note !== undefined && { note }),
  };
}

function requireSame({ state }: DataSubjectRequest, { contactId, occurredAt }: Fact, kind: RequestKind): void {
  const isSame = state.contactId === contactId && state.kind === kind;
  if (isSame && (occurredAt === undefined || occurredAt === state.receivedAt)) return;
  throw new Problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request. Use a new key.');
}
