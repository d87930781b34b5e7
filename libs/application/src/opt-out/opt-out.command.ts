import { optOut } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

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
    const act = actOfReport(fact);
    return this.contacts.record(
      { ...fact, ...(act !== undefined && { act }) },
      ({ stateThen: state, events, policy, occurredAt }) =>
        optOut({ state, events }, { purposes, occurredAt, act }, policy),
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

/** A report of the same kind within minutes is the same one sent twice, but not what bears a reference: that is evidence. */
function actOfReport({ act, source }: Fact): string | undefined {
  return act ?? (source.reference === undefined ? source.kind : undefined);
}
