import { isStopped, optOut, type Decision, type Policy } from '@consent-ledger/consent';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { POLICIES } from '../ports.js';
import { ContactRepository, type DecisionContext, type Fact, type Recorded } from '../contact/contact-repository.js';

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
    const decide = (context: DecisionContext) => {
      wasStopped = isStopped(context.stateThen, purposes);
      return this.decide(context, fact, purposes);
    };
    const recorded = await this.contacts.record(fact, decide, {
      atOnce: true,
      request: { command: 'unsubscribe', purposes: purposes === 'all' ? 'all' : [...purposes] },
    });
    return { ...recorded, wasStopped };
  }

  private decide(
    { stateThen: state, events, policy, occurredAt }: DecisionContext,
    { act }: Fact,
    purposes: readonly string[] | 'all',
  ): Decision {
    const judge = purposes === 'all' ? policy : this.policyWith(purposes, policy);
    return optOut({ state, events }, { purposes, occurredAt, act }, judge);
  }

  /** A link may be older than the policy: a purpose that can be stopped no more is judged by a policy in which it could. */
  private policyWith(purposes: readonly string[], inForce: Policy): Policy {
    const areCommercial = (policy: Policy) => purposes.every((name) => policy.purposes.get(name)?.commercial === true);
    if (areCommercial(inForce)) return inForce;
    const earlier = this.policies.history().find(({ policy }) => areCommercial(policy));
    return earlier?.policy ?? inForce;
  }
}
