import { checkIdentity } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  RequestRepository,
  type RequestAct,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';

/** Records how it was established that a request comes from the person: no data leaves before (P9). The note is sealed. */
export class CheckIdentityCommand extends Command<RequestRecorded> {
  constructor(
    readonly act: RequestAct,
    readonly method: string,
    readonly note?: string,
  ) {
    super();
  }
}

@CommandHandler(CheckIdentityCommand)
export class CheckIdentityHandler implements ICommandHandler<CheckIdentityCommand> {
  constructor(private readonly requests: RequestRepository) {}

  execute({ act, method, note }: CheckIdentityCommand) {
    const personal = note === undefined ? {} : { note };
    return this.requests.record(act, ({ state }) => checkIdentity(state, { method }), personal);
  }
}
