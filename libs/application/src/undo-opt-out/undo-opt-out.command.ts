import { stillStopped, undoOptOut } from '@consent-ledger/consent';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { DecisionContext, Fact, Recorded } from '../contact/fact.js';

/** What became of an opt-out that was taken back. */
export interface Undone extends Recorded {
  /** What other acts of the person stop all the same; none where anything came back. */
  readonly stillStopped: readonly string[] | 'all';
}

/** Takes one opt-out back, at once and by the person who made it: what was so before it is so again. */
export class UndoOptOutCommand extends Command<Undone> {
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

  async execute({ fact, optOutId }: UndoOptOutCommand): Promise<Undone> {
    let stopped: Undone['stillStopped'] = [];
    const decide = ({ state }: DecisionContext) => {
      stopped = stillStopped(state, { optOutId });
      return undoOptOut(state, { optOutId });
    };
    const recorded = await this.contacts.record(fact, decide, { request: { command: 'undo-opt-out', optOutId } });
    return { ...recorded, stillStopped: stopped };
  }
}
