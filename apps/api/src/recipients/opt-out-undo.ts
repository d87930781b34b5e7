import { CLOCK, LINKS, UndoOptOutCommand, type Unsubscribed } from '@consent-ledger/application';
import type { SourceKind } from '@consent-ledger/consent';
import type { Links } from '@consent-ledger/links';
import type { Clock } from '@consent-ledger/platform';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { factOf } from './recipient-act.js';

/** How long an opt-out may be taken back on the page that it was made on. */
const UNDO_FOR = 24 * 60 * 60_000;

/** Offers to take back the opt-out that a page has just recorded, and takes it back. */
@Injectable()
export class OptOutUndo {
  constructor(
    private readonly commands: CommandBus,
    @Inject(LINKS) private readonly links: Links,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The signed right to take back what was recorded; `undefined` when that was nothing, or would bring no mail back. */
  async offer(
    { contactId, recorded: [optOut], wasStopped }: Unsubscribed,
    purpose: string,
  ): Promise<string | undefined> {
    if (!optOut || wasStopped) return undefined;
    const expiresAt = this.clock.now() + UNDO_FOR;
    return this.links.sign({ kind: 'undo', contactId, optOutId: optOut.eventId, purpose, expiresAt });
  }

  /** Takes back only that opt-out, for the contact that the page's own link names; `false` for any other right. */
  async take(token: string, contactId: string, page: SourceKind, request: FastifyRequest): Promise<boolean> {
    const link = await this.links.verify('undo', token, this.clock.now());
    if (!link.ok || link.claims.contactId !== contactId) return false;
    const fact = factOf(contactId, page, request);
    await this.commands.execute(new UndoOptOutCommand(fact, link.claims.optOutId));
    return true;
  }
}
