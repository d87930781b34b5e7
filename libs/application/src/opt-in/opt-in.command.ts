import { actOf, optIn } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import { ConfirmationMail } from './confirmation-mail.js';

/** What the caller can show of an opt-in (P3); all of it is sealed. */
export interface Evidence {
  readonly ip?: string;
  readonly userAgent?: string;
  readonly url?: string;
  readonly note?: string;
  readonly recordingRef?: string;
}

export interface OptInRequest {
  readonly purposes: readonly string[];
  readonly statement: { readonly id: string; readonly version: number; readonly language: string };
  readonly confirmation: 'none' | 'double';
  readonly evidence?: Evidence;
}

/** Gives consent (P3), at once or, by double opt-in, once the person confirms it by mail. */
export class OptInCommand extends Command<Recorded & { readonly status?: 'pending' }> {
  constructor(
    readonly fact: Fact,
    readonly request: OptInRequest,
  ) {
    super();
  }
}

@CommandHandler(OptInCommand)
export class OptInHandler implements ICommandHandler<OptInCommand> {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly confirmationMail: ConfirmationMail,
  ) {}

  async execute({ fact, request }: OptInCommand) {
    const { purposes, statement, confirmation, evidence } = request;
    if (confirmation === 'double') this.confirmationMail.requireAddress(fact);
    const act = actOf(fact.source.kind, isEvidenced(fact, evidence));
    const recorded = await this.contacts.record(
      fact,
      ({ state, policy, occurredAt }) =>
        optIn(
          state,
          { purposes, statement, confirmation, actOf: act, recorded: evidence?.recordingRef !== undefined, occurredAt },
          policy,
        ),
      {
        request: describe(fact, request),
        ...(evidence && { personal: { evidence: { ...evidence } } }),
      },
    );
    if (confirmation !== 'double') return recorded;
    await this.confirmationMail.request(fact, recorded, purposes, statement.language);
    return { ...recorded, status: 'pending' as const };
  }
}

/** Silence proves nothing (P3), and neither does a reference or a note that is empty. */
function isEvidenced({ source }: Fact, evidence: Evidence = {}): boolean {
  const parts: (string | undefined)[] = [source.reference, ...Object.values<string | undefined>({ ...evidence })];
  return parts.some((part) => part !== undefined && part.trim() !== '');
}

function describe(fact: Fact, { purposes, statement, confirmation }: OptInRequest): JsonObject {
  return {
    command: 'opt-in',
    purposes: [...purposes],
    statement: { ...statement },
    confirmation,
    source: fact.source.kind,
    occurredAt: fact.occurredAt ?? null,
  };
}
