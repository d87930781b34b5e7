import { extendRequest } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  RequestRepository,
  type RequestAct,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';

/** Puts the answer to a request off, before it is due and with a reason (P9). The reason is sealed. */
export class ExtendRequestCommand extends Command<RequestRecorded> {
  constructor(
    readonly act: RequestAct,
    readonly reason: string,
  ) {
    super();
  }
}

@CommandHandler(ExtendRequestCommand)
export class ExtendRequestHandler implements ICommandHandler<ExtendRequestCommand> {
  constructor(private readonly requests: RequestRepository) {}

  execute({ act, reason }: ExtendRequestCommand) {
    return this.requests.record(act, ({ state, policy, at }) => extendRequest(state, { at }, policy), { reason });
  }
}
