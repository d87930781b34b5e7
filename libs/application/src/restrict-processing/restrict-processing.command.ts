import { restrictProcessing } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

/** Restricts the processing of a contact's data, or lifts that (P9). The reason is sealed. */
export class RestrictProcessingCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly restricted: boolean,
    readonly reason: string | undefined,
  ) {
    super();
  }
}

@CommandHandler(RestrictProcessingCommand)
export class RestrictProcessingHandler implements ICommandHandler<RestrictProcessingCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, restricted, reason }: RestrictProcessingCommand) {
    return this.contacts.record(
      fact,
      ({ stateThen, policy, occurredAt }) => restrictProcessing(stateThen, { restricted, occurredAt }, policy),
      {
        keepsData: restricted,
        request: {
          command: 'restriction',
          restricted,
          source: fact.source.kind,
          occurredAt: fact.occurredAt ?? null,
        },
        ...(reason !== undefined && { personal: { reason } }),
      },
    );
  }
}
