import { policyInForce, policyVersionOf, UnknownPurpose, type Policy } from '@consent-ledger/consent';
import { NO_STREAM, RevisionConflict, type EventStore, type JsonObject } from '@consent-ledger/event-store';
import { newId, Problem, type Clock } from '@consent-ledger/platform';
import { mailingStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { isDeepStrictEqual } from 'node:util';
import { occasionOf } from '../deliver/delivery.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';
import { systemMetadata } from '../system-event.js';

/** What a mailing sends; recipients are added to it apart. */
export interface Mailing {
  readonly mailingId: string;
  readonly purpose: string;
  readonly template: string;
  readonly subject: string;
  readonly language: string;
  readonly variables: JsonObject;
}

/** Opens a mailing. Asking for the same one again is the same mailing; another one by the same id is refused. */
export class CreateMailingCommand extends Command<{ readonly mailingId: string }> {
  constructor(
    readonly mailing: Mailing,
    readonly correlationId: string,
  ) {
    super();
  }
}

@CommandHandler(CreateMailingCommand)
export class CreateMailingHandler implements ICommandHandler<CreateMailingCommand> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
  ) {}

  async execute({ mailing, correlationId }: CreateMailingCommand) {
    if (occasionOf(mailing.mailingId) !== 'mailing') throw takenId();
    const now = this.clock.now();
    const policy = policyInForce(this.policies.history(), now, now);
    if (!policy.purposes.has(mailing.purpose)) throw unknownPurpose(mailing.purpose, policy);
    const metadata = systemMetadata(this.clock, correlationId, policyVersionOf(policy));
    const event = { id: newId(), type: 'MailingCreated', data: { ...mailing }, metadata };
    try {
      await this.store.append(mailingStream(mailing.mailingId), NO_STREAM, [event]);
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      await this.requireSame(mailing);
    }
    return { mailingId: mailing.mailingId };
  }

  private async requireSame(mailing: Mailing): Promise<void> {
    const [created] = await this.store.readStream(mailingStream(mailing.mailingId), { limit: 1 });
    if (isDeepStrictEqual(created?.data, JSON.parse(JSON.stringify(mailing)))) return;
    throw takenId();
  }
}

function takenId(): Problem {
  return new Problem('CONFLICT', 'Another mailing has this id. Leave the id out, or choose a new one.', [
    { field: 'id', message: 'belongs to another mailing' },
  ]);
}

function unknownPurpose(purpose: string, { purposes }: Policy): Problem {
  return new Problem('UNKNOWN_PURPOSE', new UnknownPurpose(purpose, purposes.keys()).message, [
    { field: 'purpose', message: 'is not a purpose of the policy' },
  ]);
}
