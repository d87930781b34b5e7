import { isStopped, optOut } from '@consent-ledger/consent';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { POLICIES } from '../ports.js';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

/** What an opt-out by a link answers: `wasStopped` where everything it stops had been stopped before. */
export interface Unsubscribed extends Recorded {
  readonly wasStopped: boolean;
}

/** Opts out through the link in a message (P4, RFC 8058). A valid link is never refused, however old. */
export class UnsubscribeCommand extends Command<Unsubscribed> {
  constructor(
    readonly fact: Fact,
    readonly purposes: readonly string[] | 'all',
  ) {
    super();
  }
}

@CommandHandler(UnsubscribeCommand)
export class UnsubscribeHandler implements ICommandHandler<UnsubscribeCommand> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
  ) {}

  async execute({ fact, purposes }: UnsubscribeCommand): Promise<Unsubscribed> {
    let wasStopped = false;
    const { act } = fact;
    const history = this.policies.history();
    const recorded = await this.contacts.record(
      fact,
      ({ stateThen: state, events, policy, occurredAt }) => {
        wasStopped = isStopped(state, purposes);
        return optOut({ state, events }, { purposes, occurredAt, act }, policy, history);
      },
      {
        atOnce: true,
        request: { command: 'unsubscribe', purposes: purposes === 'all' ? 'all' : [...purposes] },
      },
    );
    return { ...recorded, wasStopped };
  }
}
