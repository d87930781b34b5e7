import { fulfilRequest } from '@consent-ledger/consent';
import { Problem } from '@consent-ledger/platform';
import { Command, CommandBus, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { factOf, Judgement } from '../data-subject-request/judgement.js';
import {
  eventsIn,
  RequestRepository,
  type DataSubjectRequest,
  type RequestAct,
  type RequestRecorded,
} from '../data-subject-request/request-repository.js';
import { EraseContactCommand } from '../erase-contact/erase-contact.command.js';
import { OptOutCommand } from '../opt-out/opt-out.command.js';
import { RectifyAddress, type NamedAddress } from '../rectify-address/rectify-address.js';

/** Grants a request and carries it out (P9). `address` is the one that a request for rectification names. */
export class FulfilRequestCommand extends Command<RequestRecorded> {
  constructor(
    readonly act: RequestAct,
    readonly address?: NamedAddress,
  ) {
    super();
  }
}

@CommandHandler(FulfilRequestCommand)
export class FulfilRequestHandler implements ICommandHandler<FulfilRequestCommand> {
  constructor(
    private readonly requests: RequestRepository,
    private readonly rectification: RectifyAddress,
    private readonly judgement: Judgement,
    private readonly commands: CommandBus,
  ) {}

  /** What was asked for is done before it is said to be, and the restriction ends last: asking again completes it. */
  async execute({ act, address }: FulfilRequestCommand): Promise<RequestRecorded> {
    const request = await this.requests.loadFor(act);
    const isNew = eventsIn(fulfilRequest(request.state)).length > 0;
    if (isNew) await this.carryOut(act, request, address);
    const outcome = address && request.state.kind === 'rectification' ? { rectifiedTo: address.contactId } : {};
    const fulfilled = await this.requests.record(act, ({ state }) => fulfilRequest(state, outcome));
    await this.judgement.end(act, await this.requests.load(act.requestId));
    return fulfilled;
  }

  private async carryOut(act: RequestAct, { state }: DataSubjectRequest, address?: NamedAddress): Promise<void> {
    const fact = factOf(act, state.contactId);
    switch (state.kind) {
      case 'access':
      case 'portability':
      case 'restriction':
        return;
      case 'objection':
        return void (await this.commands.execute(new OptOutCommand(fact, 'all')));
      case 'rectification':
        if (!address) throw addressNeeded();
        return void (await this.rectification.rectify(fact, address));
      case 'erasure':
        return void (await this.commands.execute(new EraseContactCommand(fact, 'request')));
    }
  }
}

function addressNeeded(): Problem {
  return new Problem('ADDRESS_NEEDED', 'Name the address that replaces the one on record.', [
    { field: 'address', message: 'is needed to fulfil a request for rectification' },
  ]);
}
