import { optOut } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository, type Fact, type Recorded } from '../contact/contact-repository.js';

/** Withdraws consent or objects, for some purposes or for all commercial mail (P4). */
export class OptOutCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly purposes: readonly string[] | 'all',
  ) {
    super();
  }
}

@CommandHandler(OptOutCommand)
export class OptOutHandler implements ICommandHandler<OptOutCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, purposes }: OptOutCommand) {
    return this.contacts.record(
      fact,
      ({ stateThen, policy, occurredAt }) => optOut(stateThen, { purposes, occurredAt }, policy),
      {
        atOnce: true,
        request: {
          command: 'opt-out',
          purposes: purposes === 'all' ? 'all' : [...purposes],
          source: fact.source.kind,
          occurredAt: fact.occurredAt ?? null,
        },
      },
    );
  }
}
