import {
  CLOCK,
  ConfirmOptInCommand,
  LINKS,
  UndoOptOutCommand,
  UnsubscribeCommand,
  type Fact,
  POLICIES,
} from '@consent-ledger/application';
import type { SourceKind } from '@consent-ledger/consent';
import type { LinkClaims, LinkKind, Links } from '@consent-ledger/links';
import { Problem, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { languageOf, type Language } from './language.js';
import { Pages } from './pages.js';
import { RecipientPage } from './recipient-page.decorator.js';

/** How long an opt-out may be taken back on the page that it was made on. */
const UNDO_FOR = 24 * 60 * 60_000;

/** The fields that the pages' own forms and RFC 8058's one-click POST send. */
interface UnsubscribeForm {
  readonly 'List-Unsubscribe'?: unknown;
  readonly scope?: unknown;
  readonly undo?: unknown;
}

/** The pages that a recipient reaches by a link in a mail. Only a POST changes anything; the link is the whole authority. */
@Controller()
@Open()
@Takes('any')
export class RecipientsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pages: Pages,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(LINKS) private readonly links: Links,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('u/:token')
  @RecipientPage()
  async showUnsubscribe(
    @Param('token') token: string,
    @Query('lang') lang: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const language = languageOf(request, lang);
    const link = await this.links.verify('unsubscribe', token, this.clock.now());
    if (!link.ok) return this.damaged(reply, language);
    return this.pages.render('unsubscribe', language, { purpose: this.purposeName(link.claims.purpose, language) });
  }

  @Post('u/:token')
  @HttpCode(200)
  @RecipientPage()
  async unsubscribe(
    @Param('token') token: string,
    @Body() body: unknown,
    @Query('lang') lang: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const language = languageOf(request, lang);
    const form = formOf(body);
    const link = await this.links.verify('unsubscribe', token, this.clock.now());
    if (!link.ok) return this.damaged(reply, language);
    if (typeof form.undo === 'string') return this.undo(form.undo, link.claims, language, request, reply);

    const { contactId, mailing } = link.claims;
    const oneClick = form['List-Unsubscribe'] === 'One-Click';
    const purpose = !oneClick && form.scope === 'all' ? 'all' : link.claims.purpose;
    const fact = factOf(contactId, oneClick ? 'one-click' : 'unsubscribe-page', request, mailing);
    const { recorded } = await this.commands.execute(new UnsubscribeCommand(fact, purpose));
    if (oneClick) {
      void reply.header('Content-Type', 'text/plain; charset=utf-8');
      return 'Unsubscribed\n';
    }
    const [optOut] = recorded;
    const undo = optOut && (await this.undoToken(contactId, optOut.eventId, purpose));
    return this.pages.render('unsubscribed', language, {
      all: purpose === 'all',
      purpose: this.purposeName(link.claims.purpose, language),
      undo,
    });
  }

  @Get('confirm/:token')
  @RecipientPage()
  async showConfirm(
    @Param('token') token: string,
    @Query('lang') lang: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const language = languageOf(request, lang);
    const link = await this.links.verify('confirm', token, this.clock.now());
    return link.ok ? this.pages.render('confirm', language, {}) : this.damaged(reply, language);
  }

  @Post('confirm/:token')
  @HttpCode(200)
  @RecipientPage()
  async confirm(
    @Param('token') token: string,
    @Query('lang') lang: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const language = languageOf(request, lang);
    const link = await this.links.verify('confirm', token, this.clock.now());
    if (!link.ok) return this.damaged(reply, language);
    const { contactId, requestId } = link.claims;
    try {
      await this.commands.execute(new ConfirmOptInCommand(factOf(contactId, 'web-form', request), requestId));
      return this.pages.render('confirmed', language, {});
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
      void reply.status(error.status);
      return this.pages.render('overtaken', language, {});
    }
  }

  /** Takes back only the opt-out that this page recorded, for the contact that the link names. */
  private async undo(
    token: string,
    { contactId }: ClaimsOf<'unsubscribe'>,
    language: Language,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<string> {
    const link = await this.links.verify('undo', token, this.clock.now());
    if (!link.ok || link.claims.contactId !== contactId) return this.damaged(reply, language);
    const fact = factOf(contactId, 'unsubscribe-page', request);
    await this.commands.execute(new UndoOptOutCommand(fact, link.claims.optOutId));
    return this.pages.render('undone', language, {});
  }

  private undoToken(contactId: string, optOutId: string, purpose: string): Promise<string> {
    const expiresAt = this.clock.now() + UNDO_FOR;
    return this.links.sign({ kind: 'undo', contactId, optOutId, purpose, expiresAt });
  }

  private damaged(reply: FastifyReply, language: Language): string {
    void reply.status(400);
    return this.pages.render('damaged', language, {});
  }

  /** What the purpose is called; `undefined` for a link that stops all commercial mail, or a purpose long gone. */
  private purposeName(purpose: string, language: Language): string | undefined {
    const policies = [...this.policies.history()].reverse();
    const known = policies.find(({ policy }) => policy.purposes.has(purpose));
    return known?.policy.document.purposes[purpose]?.name[language];
  }
}

type ClaimsOf<K extends LinkKind> = Extract<LinkClaims, { kind: K }>;

function formOf(body: unknown): UnsubscribeForm {
  return typeof body === 'object' && body !== null ? body : {};
}

function factOf(contactId: string, source: SourceKind, request: FastifyRequest, reference?: string): Fact {
  return {
    contactId,
    source: { kind: source, ...(reference !== undefined && { reference }) },
    actor: { kind: 'person' },
    correlationId: request.id,
  };
}
