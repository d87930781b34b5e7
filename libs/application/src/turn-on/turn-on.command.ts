import { turnOn, type ContactEvent, type StatementName } from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import type { Evidence } from '../opt-in/opt-in.command.js';

export interface TurnOnRequest {
  /** What the person switched on, of what the page showed as off. */
  readonly purposes: readonly string[];
  readonly statement: StatementName;
  /** The revision of the contact that the page showed. */
  readonly shownAt: Revision;
  readonly evidence: Evidence;
}

/** Gives consent on the preference page (P3): its link was mailed to the person, so that nothing is left to be confirmed. */
export class TurnOnCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly request: TurnOnRequest,
  ) {
    super();
  }
}

@CommandHandler(TurnOnCommand)
export class TurnOnHandler implements ICommandHandler<TurnOnCommand> {
  constructor(private readonly contacts: ContactRepository) {}

  execute({ fact, request: { purposes, statement, shownAt, evidence } }: TurnOnCommand) {
    return this.contacts.record(
      fact,
      ({ state, events, policy, occurredAt }) =>
        turnOn({ state, since: eventsSince(events, shownAt) }, { purposes, statement, occurredAt }, policy),
      {
        request: { command: 'turn-on', purposes: [...purposes], statement: { ...statement } },
        personal: { evidence: { ...evidence } },
      },
    );
  }
}

/** They stand in the order of their revisions, of which the first is 0. No page showed a revision that is still to come. */
function eventsSince(events: readonly ContactEvent[], shownAt: Revision): readonly ContactEvent[] {
  return shownAt < events.length ? events.slice(shownAt + 1) : events;
}
