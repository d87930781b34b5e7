import { confirmOptIn } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository, type Fact, type Recorded } from '../contact/contact-repository.js';

/** Confirms an opt-in that waits for it: consent counts from here on (P3). */
export class ConfirmOptInCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly requestId: string,
  ) {
    super();
  }
}

@CommandHandler(ConfirmOptInCommand)
export class ConfirmOptInHandler implements ICommandHandler<ConfirmOptInCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, requestId }: ConfirmOptInCommand) {
    return this.contacts.record(fact, ({ events }) => confirmOptIn(events, { requestId }), {
      request: { command: 'confirm-opt-in', requestId },
    });
  }
}
