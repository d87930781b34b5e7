import { placeLegalHold } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

/** Places a legal hold on a contact's personal data, or lifts it (P7). The reason is sealed. */
export class PlaceLegalHoldCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly held: boolean,
    readonly reason: string | undefined,
  ) {
    super();
  }
}

@CommandHandler(PlaceLegalHoldCommand)
export class PlaceLegalHoldHandler implements ICommandHandler<PlaceLegalHoldCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, held, reason }: PlaceLegalHoldCommand) {
    return this.contacts.record(
      fact,
      ({ stateThen, policy, occurredAt }) => placeLegalHold(stateThen, { held, occurredAt }, policy),
      {
        keepsData: held,
        request: { command: 'legal-hold', held, source: fact.source.kind, occurredAt: fact.occurredAt ?? null },
        ...(reason !== undefined && { personal: { reason } }),
      },
    );
  }
}
