import { renewConsent, type StatementName } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

/** Renews consent with the statement that was shown (P5). */
export class RenewConsentCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly purposes: readonly string[],
    readonly statement: StatementName,
  ) {
    super();
  }
}

@CommandHandler(RenewConsentCommand)
export class RenewConsentHandler implements ICommandHandler<RenewConsentCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, purposes, statement }: RenewConsentCommand) {
    return this.contacts.record(
      fact,
      ({ state, policy, occurredAt }) => renewConsent(state, { purposes, statement, occurredAt }, policy),
      {
        request: {
          command: 'renew-consent',
          purposes: [...purposes],
          statement: { ...statement },
          source: fact.source.kind,
          occurredAt: fact.occurredAt ?? null,
        },
      },
    );
  }
}
