import { policyVersionOf, UnknownPurpose, type Policy } from '@consent-ledger/consent';
import { NO_STREAM, RevisionConflict, type EventStore, type JsonObject } from '@consent-ledger/event-store';
import { newId, Problem, type Clock } from '@consent-ledger/platform';
import {
  mailingStream,
  readTemplateReference,
  templateReference,
  type PolicyShelf,
  type TemplateShelf,
} from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { isDeepStrictEqual } from 'node:util';
import { currentPolicy } from '../current-policy.js';
import { occasionOf } from '../deliver/delivery.js';
import { CLOCK, EVENT_STORE, POLICIES, TEMPLATES } from '../ports.js';
import { systemMetadata } from '../system-event.js';

/** What a mailing sends; recipients are added to it apart. */
export interface Mailing {
  readonly mailingId: string;
  readonly purpose: string;
  /** A template of the service itself, or `id@version`: a name without its version is pinned to the last one as it is created. */
  readonly template: string;
  /** The template's own when absent. */
  readonly subject?: string;
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
    @Inject(TEMPLATES) private readonly templates: TemplateShelf,
  ) {}

  async execute({ mailing, correlationId }: CreateMailingCommand) {
    if (occasionOf(mailing.mailingId) !== 'mailing') throw takenId();
    const policy = currentPolicy(this.policies, this.clock);
    if (!policy.purposes.has(mailing.purpose)) throw unknownPurpose(mailing.purpose, policy);
    const metadata = systemMetadata(this.clock, correlationId, policyVersionOf(policy));
    const event = {
      id: newId(),
      type: 'MailingCreated',
      data: { ...mailing, template: this.pinned(mailing.template) },
      metadata,
    };
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
    const same = { ...mailing, template: asPinned(mailing.template, created?.data['template']) };
    if (isDeepStrictEqual(created?.data, JSON.parse(JSON.stringify(same)))) return;
    throw takenId();
  }

  /** What is published while a mailing goes out does not change it half-way. */
  private pinned(template: string): string {
    const last = readTemplateReference(template) ? undefined : this.templates.find(template);
    return last ? templateReference(last.id, last.version) : template;
  }
}

/** A template that is named without its version is the one that the mailing was created with. */
function asPinned(template: string, pinned: unknown): string {
  return typeof pinned === 'string' && readTemplateReference(pinned)?.id === template ? pinned : template;
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
