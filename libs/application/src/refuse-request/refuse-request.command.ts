import { refuseRequest, type Texts } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { Judgement } from '../data-subject-request/judgement.js';
import {
  RequestRepository,
  type RequestAct,
  type RequestContext,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';

/** A refusal, with what the person is to be told (P9). */
export interface RefusedRequest extends RequestRecorded {
  readonly ground: { readonly name: string; readonly texts: Texts };
  /** Where the person can complain. */
  readonly complaint: { readonly name: string; readonly url: string };
}

/** Refuses a request on a ground of the policy, with a reason, which is sealed (P9). */
export class RefuseRequestCommand extends Command<RefusedRequest> {
  constructor(
    readonly act: RequestAct,
    readonly ground: string,
    readonly reason: string,
  ) {
    super();
  }
}

@CommandHandler(RefuseRequestCommand)
export class RefuseRequestHandler implements ICommandHandler<RefuseRequestCommand> {
  constructor(
    private readonly requests: RequestRepository,
    private readonly judgement: Judgement,
  ) {}

  async execute({ act, ground, reason }: RefuseRequestCommand): Promise<RefusedRequest> {
    const decide = ({ state, policy }: RequestContext) => refuseRequest(state, { ground }, policy);
    const refused = await this.requests.record(act, decide, { reason });
    const request = await this.requests.load(act.requestId);
    await this.judgement.end(act, request);
    const { refusalGrounds, authority } = this.requests.policyAt(request.state.receivedAt).rights!;
    const name = request.recorded.findLast(({ type }) => type === 'RequestRefused')!.data['ground'] as string;
    return { ...refused, ground: { name, texts: refusalGrounds[name] ?? {} }, complaint: authority };
  }
}
