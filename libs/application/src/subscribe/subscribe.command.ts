import { nothing, subscribe, waitingSubscriptions, type StatementName } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import { ConfirmationMail } from '../opt-in/confirmation-mail.js';
import type { Evidence } from '../opt-in/opt-in.command.js';
import { CLOCK } from '../ports.js';
import { Mailboxes } from './mailboxes.js';

export interface SubscribeRequest {
  readonly purposes: readonly string[];
  readonly statement: StatementName;
  readonly evidence: Evidence;
}

/** Asks for a subscription on the open form, which the person is to confirm by mail (P3). */
export class SubscribeCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact & { readonly address: string },
    readonly request: SubscribeRequest,
  ) {
    super();
  }
}

@CommandHandler(SubscribeCommand)
export class SubscribeHandler implements ICommandHandler<SubscribeCommand> {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly confirmationMail: ConfirmationMail,
    private readonly mailboxes: Mailboxes,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ fact, request: { purposes, statement, evidence } }: SubscribeCommand) {
    const isAdmitted = this.mailboxes.admits(fact.address);
    const recorded = await this.contacts.record(
      fact,
      ({ state, events, policy, occurredAt }) => {
        const decision = subscribe({ state, events }, { purposes, statement, occurredAt }, policy);
        return isAdmitted || 'refused' in decision ? decision : nothing;
      },
      {
        request: { command: 'subscribe', purposes: [...purposes], statement: { ...statement } },
        personal: { evidence: { ...evidence } },
      },
    );
    await this.requestMails(fact);
    return recorded;
  }

  /** Also those of earlier requests: their process may have died before it asked for them. */
  private async requestMails(fact: Fact): Promise<void> {
    const { events } = await this.contacts.load(fact.contactId);
    for (const waiting of waitingSubscriptions(events, this.clock.now()))
      await this.confirmationMail.requestFor(fact, waiting);
  }
}
