import {
  CLOCK,
  ConfirmOptInCommand,
  LINKS,
  POLICIES,
  PUBLIC_URL,
  ShowOptInRequestQuery,
  type OptInRequestAnswer,
} from '@consent-ledger/application';
import { policyInForce } from '@consent-ledger/consent';
import type { ClaimsOf, Links } from '@consent-ledger/links';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { confirmationView } from './confirm-view.js';
import { formEvidence } from './form-evidence.js';
import { languageOf, type Language } from './language.js';
import { Pages, type PageContext, type PageName } from './pages.js';
import { factOf, isRefusal } from './recipient-act.js';
import { RecipientPage } from './recipient-page.decorator.js';

/** The page on which a person confirms a double opt-in (P3). Only its one button does; looking at it never confirms. */
@Controller('confirm')
@Open()
@Takes('any')
export class ConfirmController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly pages: Pages,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(LINKS) private readonly links: Links,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':token')
  @RecipientPage()
  async show(
    @Param('token') token: string,
    @Query('lang') lang: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const language = languageOf(request, lang);
    const link = await this.links.verify('confirm', token, this.clock.now());
    if (!link.ok) return this.damaged(reply, language);
    const asked = await this.ask(link.claims);
    if (asked?.standing === 'waiting') return this.page('confirm', asked, language);
    if (asked?.standing === 'confirmed')
      return this.page('confirmed', asked, language, { isDoneAlready: true, isVisit: true });
    return this.overtaken(reply, language, { isVisit: true });
  }

  @Post(':token')
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
    const fact = factOf(contactId, 'web-form', request);
    const evidence = formEvidence(request, this.publicUrl, 'confirm');
    try {
      const { recorded } = await this.commands.execute(new ConfirmOptInCommand(fact, requestId, evidence));
      const asked = await this.ask(link.claims);
      if (asked?.standing !== 'confirmed') return this.overtaken(reply, language);
      return this.page('confirmed', asked, language, { isDoneAlready: recorded.length === 0 });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return this.overtaken(reply, language, { status: error.status });
    }
  }

  private ask({ contactId, requestId }: ClaimsOf<'confirm'>): Promise<OptInRequestAnswer | undefined> {
    return this.queries.execute(new ShowOptInRequestQuery(contactId, requestId));
  }

  private page(page: PageName, asked: OptInRequestAnswer, language: Language, told: Told = {}): string {
    const history = this.policies.history();
    const now = this.clock.now();
    const confirmation = confirmationView(asked, policyInForce(history, now, now), history, language);
    return this.pages.render(page, language, { confirmation, ...told });
  }

  private damaged(reply: FastifyReply, language: Language): string {
    void reply.status(400);
    return this.pages.render('damaged', language, {});
  }

  private overtaken(
    reply: FastifyReply,
    language: Language,
    { status = 409, isVisit = false }: { readonly status?: number; readonly isVisit?: boolean } = {},
  ): string {
    void reply.status(status);
    return this.pages.render('overtaken', language, { isVisit });
  }
}

type Told = Pick<PageContext, 'isDoneAlready' | 'isVisit'>;
