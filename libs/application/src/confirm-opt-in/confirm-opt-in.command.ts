import { confirmOptIn } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import type { Evidence } from '../opt-in/opt-in.command.js';

/**
 * Confirms an opt-in that waits for it: consent counts from here on (P3). The evidence is that of this act: anybody may have
 * asked for the opt-in, only who reads the mail confirms it.
 */
export class ConfirmOptInCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly requestId: string,
    readonly evidence?: Evidence,
  ) {
    super();
  }
}

@CommandHandler(ConfirmOptInCommand)
export class ConfirmOptInHandler implements ICommandHandler<ConfirmOptInCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, requestId, evidence }: ConfirmOptInCommand) {
    return this.contacts.record(fact, ({ events }) => confirmOptIn(events, { requestId }), {
      request: { command: 'confirm-opt-in', requestId },
      ...(evidence && { personal: { evidence: { ...evidence } } }),
    });
  }
}
