import { recordDeliverability } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

export type Deliverability =
  { readonly kind: 'bounced'; readonly permanent: boolean } | { readonly kind: 'complained' | 'deliverable' };

/** Records a bounce, a spam complaint or the proof of an address (P4). */
export class RecordDeliverabilityCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly deliverability: Deliverability,
  ) {
    super();
  }
}

@CommandHandler(RecordDeliverabilityCommand)
export class RecordDeliverabilityHandler implements ICommandHandler<RecordDeliverabilityCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, deliverability }: RecordDeliverabilityCommand) {
    return recordDeliverabilityOf(this.contacts, fact, deliverability);
  }
}

/** The same act for callers inside the application, such as the mailer that was told an address does not exist. */
export function recordDeliverabilityOf(
  contacts: ContactRepository,
  fact: Fact,
  deliverability: Deliverability,
): Promise<Recorded> {
  return contacts.record(
    fact,
    ({ stateThen, policy, occurredAt }) => recordDeliverability(stateThen, { ...deliverability, occurredAt }, policy),
    {
      atOnce: deliverability.kind !== 'deliverable',
      request: {
        command: 'deliverability',
        ...deliverability,
        source: fact.source.kind,
        occurredAt: fact.occurredAt ?? null,
      },
    },
  );
}
