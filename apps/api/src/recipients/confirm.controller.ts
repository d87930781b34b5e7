import {
  CLOCK,
  ConfirmOptInCommand,
  currentPolicy,
  POLICIES,
  PUBLIC_URL,
  ShowOptInRequestQuery,
  type OptInRequestAnswer,
} from '@consent-ledger/application';
import type { ClaimsOf } from '@consent-ledger/links';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { confirmationView } from './confirm-view.js';
import { formEvidence } from './form-evidence.js';
import { PageLanguage, type Language } from './language.js';
import { Pages, type PageContext, type PageName } from './pages.js';
import { factOf, isRefusal } from './recipient-act.js';
import { RecipientLinks } from './recipient-links.js';
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
    private readonly links: RecipientLinks,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get(':token')
  @RecipientPage()
  async show(
    @Param('token') token: string,
    @PageLanguage() language: Language,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const asked = await this.ask(await this.links.claimsOf('confirm', token));
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
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const claims = await this.links.claimsOf('confirm', token);
    const { contactId, requestId } = claims;
    const fact = factOf(contactId, 'web-form', request);
    const evidence = formEvidence(request, this.publicUrl, 'confirm');
    try {
      const { recorded } = await this.commands.execute(new ConfirmOptInCommand(fact, requestId, evidence));
      const asked = await this.ask(claims);
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
    const inForce = currentPolicy(this.policies, this.clock);
    const confirmation = confirmationView(asked, inForce, this.policies.history(), language);
    return this.pages.render(page, language, { confirmation, ...told });
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
