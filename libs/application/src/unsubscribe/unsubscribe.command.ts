import { optOut, type Decision, type Policy } from '@consent-ledger/consent';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { POLICIES } from '../ports.js';
import { ContactRepository, type DecisionContext, type Fact, type Recorded } from '../contact/contact-repository.js';

/** Opts out through the link in a message (P4, RFC 8058). A valid link is never refused, however old. */
export class UnsubscribeCommand extends Command<Recorded> {
  constructor(
    readonly fact: Fact,
    readonly purpose: string,
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

  execute({ fact, purpose }: UnsubscribeCommand) {
    return this.contacts.record(fact, (context) => this.decide(context, purpose), {
      request: { command: 'unsubscribe', purpose },
    });
  }

  private decide({ stateThen, policy, occurredAt }: DecisionContext, purpose: string): Decision {
    if (purpose === 'all') return optOut(stateThen, { purposes: 'all', occurredAt }, policy);
    return optOut(stateThen, { purposes: [purpose], occurredAt }, this.policyWith(purpose, policy));
  }

  /** A link may be older than the policy: a purpose that can be stopped no more is judged by a policy in which it could. */
  private policyWith(purpose: string, inForce: Policy): Policy {
    const isCommercial = (policy: Policy) => policy.purposes.get(purpose)?.commercial === true;
    if (isCommercial(inForce)) return inForce;
    const earlier = this.policies.history().find(({ policy }) => isCommercial(policy));
    return earlier?.policy ?? inForce;
  }
}
