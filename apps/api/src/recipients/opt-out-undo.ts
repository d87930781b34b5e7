import {
  CLOCK,
  currentPolicy,
  LINKS,
  POLICIES,
  UndoOptOutCommand,
  type Unsubscribed,
} from '@consent-ledger/application';
import type { SourceKind } from '@consent-ledger/consent';
import type { Links } from '@consent-ledger/links';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import type { Language } from './language.js';
import { Pages } from './pages.js';
import { listed, purposeName } from './purpose-names.js';
import { factOf } from './recipient-act.js';
import { damagedLink } from './recipient-links.js';

/** How long an opt-out may be taken back on the page that it was made on. */
const UNDO_FOR = 24 * 60 * 60_000;

/** Offers to take back the opt-out that a page has just recorded, and takes it back. */
@Injectable()
export class OptOutUndo {
  constructor(
    private readonly commands: CommandBus,
    private readonly pages: Pages,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
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

  /**
   * Takes back only that opt-out, for the contact that the page's own link names, and answers the page that tells what came
   * of it. Throws as a damaged link does for any other right.
   */
  async take(
    token: string,
    contactId: string,
    source: SourceKind,
    request: FastifyRequest,
    language: Language,
  ): Promise<string> {
    const link = await this.links.verify('undo', token, this.clock.now());
    if (!link.ok || link.claims.contactId !== contactId) throw damagedLink();
    const fact = factOf(contactId, source, request);
    const { stillStopped } = await this.commands.execute(new UndoOptOutCommand(fact, link.claims.optOutId));
    if (stillStopped.length === 0) return this.pages.render('undone', language, {});
    return this.pages.render('stillStopped', language, { stopped: this.namesOf(stillStopped, language) });
  }

  private namesOf(purposes: readonly string[] | 'all', language: Language): string | undefined {
    if (purposes === 'all') return this.pages.textsIn(language).preferences.all;
    const history = this.policies.history();
    const inForce = currentPolicy(this.policies, this.clock);
    const names = purposes.map((purpose) => purposeName(inForce, history, purpose, language) ?? purpose);
    return listed(names, language);
  }
}
