import { isDeepStrictEqual } from 'node:util';
import { policyVersionOf, type Actor } from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type Position,
} from '@consent-ledger/event-store';
import { deterministicId, Problem, toRfc3339, type Clock } from '@consent-ledger/platform';
import {
  publishedTemplateOf,
  templateStream,
  type PolicyShelf,
  type PublishedTemplate,
  type TemplateContent,
} from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { currentPolicy } from '../current-policy.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';
import { Preferences } from '../preferences.js';
import { systemMetadata } from '../system-event.js';
import { TemplateCatalogue, type TemplateDraft } from '../template-catalogue.js';
import { TemplateSettings } from '../template-settings.js';

/** A version of a template that is published, and where. */
export interface TemplatePublishedAnswer {
  readonly id: string;
  readonly version: number;
  readonly publishedAt: string;
  readonly position: Position;
}

/** Publishes a template under an id: the next version, or the last one again when it says the same. */
export class PublishTemplateCommand extends Command<{
  readonly isNew: boolean;
  readonly published: TemplatePublishedAnswer;
}> {
  constructor(
    readonly templateId: string,
    readonly draft: TemplateDraft,
    readonly actor: Actor,
    readonly correlationId: string,
  ) {
    super();
  }
}

const ATTEMPTS = 8;

@CommandHandler(PublishTemplateCommand)
export class PublishTemplateHandler implements ICommandHandler<PublishTemplateCommand> {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    private readonly catalogue: TemplateCatalogue,
    private readonly settings: TemplateSettings,
    private readonly preferences: Preferences,
  ) {}

  async execute(command: PublishTemplateCommand) {
    const { templateId, draft } = command;
    if (this.catalogue.has(templateId)) throw takenName();
    const content = this.settings.contentOf(draft);
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.publish(command, content);
        await this.preferences.reach(answer.published.position);
        return answer;
      } catch (error) {
        if (!(error instanceof RevisionConflict) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async publish(command: PublishTemplateCommand, content: TemplateContent) {
    const { templateId } = command;
    const streamId = templateStream(templateId);
    const recorded = (await this.store.readStream(streamId)).at(-1);
    const last = recorded && publishedTemplateOf(recorded);
    if (last && isDeepStrictEqual(last.content, JSON.parse(JSON.stringify(content))))
      return { isNew: false, published: answerOf(last, recorded.position) };
    const version = (last?.version ?? 0) + 1;
    const event = this.event(command, version, content);
    const { position } = await this.store.append(streamId, recorded?.revision ?? NO_STREAM, [event]);
    const publishedAt = Date.parse(event.metadata['recordedAt'] as string);
    return { isNew: true, published: answerOf({ id: templateId, version, publishedAt, content }, position) };
  }

  private event(
    { templateId, actor, correlationId }: PublishTemplateCommand,
    version: number,
    content: TemplateContent,
  ) {
    const policy = currentPolicy(this.policies, this.clock);
    const metadata = systemMetadata(this.clock, correlationId, policyVersionOf(policy));
    return {
      // Another content is another event: of two that are published at once under one version, the second becomes the next.
      id: deterministicId('template', templateId, version, JSON.stringify(content)),
      type: 'TemplatePublished',
      data: { version, ...content } as unknown as JsonObject,
      metadata: { ...metadata, actor: { ...actor } } as JsonObject,
    };
  }
}

function answerOf({ id, version, publishedAt }: PublishedTemplate, position: Position): TemplatePublishedAnswer {
  return { id, version, publishedAt: toRfc3339(publishedAt), position };
}

function takenName(): Problem {
  return new Problem('CONFLICT', 'A template of the service itself has this name. Choose another id.', [
    { field: 'id', message: 'belongs to a template of the service itself' },
  ]);
}
