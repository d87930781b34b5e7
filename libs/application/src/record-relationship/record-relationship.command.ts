import { recordRelationship } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

export type Relationship =
  | { readonly kind: 'customer-started'; readonly conditions: readonly string[] }
  | { readonly kind: 'customer-ended' | 'purchase' | 'contact' };

/** Records what binds a person to the controller (P2, P6). */
export class RecordRelationshipCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly relationship: Relationship,
  ) {
    super();
  }
}

@CommandHandler(RecordRelationshipCommand)
export class RecordRelationshipHandler implements ICommandHandler<RecordRelationshipCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, relationship }: RecordRelationshipCommand) {
    const conditions = 'conditions' in relationship ? [...relationship.conditions] : [];
    return this.contacts.record(
      fact,
      ({ stateThen, policy, occurredAt }) => recordRelationship(stateThen, { ...relationship, occurredAt }, policy),
      {
        request: {
          command: 'relationship',
          kind: relationship.kind,
          conditions,
          source: fact.source.kind,
          occurredAt: fact.occurredAt ?? null,
        },
      },
    );
  }
}
