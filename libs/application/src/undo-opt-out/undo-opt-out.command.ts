import { undoOptOut } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository, type Fact, type Recorded } from '../contact/contact-repository.js';

/** Takes one opt-out back, at once and by the person who made it: what was so before it is so again. */
export class UndoOptOutCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly optOutId: string,
  ) {
    super();
  }
}

@CommandHandler(UndoOptOutCommand)
export class UndoOptOutHandler implements ICommandHandler<UndoOptOutCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, optOutId }: UndoOptOutCommand) {
    return this.contacts.record(fact, ({ state }) => undoOptOut(state, { optOutId }), {
      request: { command: 'undo-opt-out', optOutId },
    });
  }
}
