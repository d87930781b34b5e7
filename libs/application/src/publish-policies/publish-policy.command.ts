import type { Actor } from '@consent-ledger/consent';
import type { EventStore, Position } from '@consent-ledger/event-store';
import { Problem, type Clock } from '@consent-ledger/platform';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { CLOCK, EVENT_STORE } from '../ports.js';
import { Preferences } from '../preferences.js';
import { publicationAnswer, type PublishedPolicyAnswer } from '../show-policies/show-policies.query.js';
import { InvalidPolicy, readPolicyContent } from './policy-files.js';
import { PublicationRefused, publishPolicy, type Publication } from './publish-policies.js';

/** What a request to publish a policy says. */
export interface PublicationRequest {
  /** The document as a policy file holds it, parsed. */
  readonly policy: unknown;
  readonly force: boolean;
  readonly reason: string | undefined;
}

/** A policy that is published, and whether this request did it. */
export interface PublishedAnswer extends PublishedPolicyAnswer {
  readonly position: Position;
}

/** Publishes a version of a policy to a service that runs; from its answer on this process judges by it. */
export class PublishPolicyCommand extends Command<{ readonly isNew: boolean; readonly published: PublishedAnswer }> {
  constructor(
    readonly request: PublicationRequest,
    readonly actor: Actor,
    readonly correlationId: string,
  ) {
    super();
  }
}

@CommandHandler(PublishPolicyCommand)
export class PublishPolicyHandler implements ICommandHandler<PublishPolicyCommand> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly preferences: Preferences,
  ) {}

  async execute(command: PublishPolicyCommand) {
    const { position, isNew, ...published } = await this.publish(command);
    await this.preferences.reach(position);
    return { isNew, published: { ...publicationAnswer(published), position } };
  }

  private async publish({ request, actor, correlationId }: PublishPolicyCommand): Promise<Publication> {
    const { policy, force, reason } = request;
    try {
      return await publishPolicy(this.store, this.clock, readPolicyContent(policy, 'The policy'), {
        force,
        ...(reason !== undefined && { reason }),
        actor,
        correlationId,
      });
    } catch (error) {
      throw problemOf(error);
    }
  }
}

function problemOf(error: unknown): unknown {
  if (error instanceof PublicationRefused) return new Problem(error.code, error.message);
  if (!(error instanceof InvalidPolicy)) return error;
  const errors = error.faults.map(({ path, message }) => ({ field: `policy${path}`, message }));
  return new Problem(error.code, 'Correct what is named in errors and send the policy again.', errors);
}
