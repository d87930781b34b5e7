import { CLOCK, currentPolicy, POLICIES, UnsubscribeCommand } from '@consent-ledger/application';
import { stoppedBy, type ClaimsOf } from '@consent-ledger/links';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { PageLanguage, type Language } from './language.js';
import { OptOutUndo } from './opt-out-undo.js';
import { Pages } from './pages.js';
import { listed, purposeName } from './purpose-names.js';
import { factOf, fieldsOf, formIn } from './recipient-act.js';
import { RecipientLinks } from './recipient-links.js';
import { RecipientPage } from './recipient-page.decorator.js';

/** The pages that a recipient reaches by an unsubscribe link. Only a POST changes anything; the link is the whole authority. */
@Controller()
@Open()
@Takes('any')
export class RecipientsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pages: Pages,
    private readonly links: RecipientLinks,
    private readonly undo: OptOutUndo,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('u/:token')
  @RecipientPage()
  async showUnsubscribe(@Param('token') token: string, @PageLanguage() language: Language): Promise<string> {
    const claims = await this.links.claimsOf('unsubscribe', token);
    return this.pages.render('unsubscribe', language, { purpose: this.nameOf(claims, language) });
  }

  @Post('u/:token')
  @HttpCode(200)
  @RecipientPage()
  async unsubscribe(
    @Param('token') token: string,
    @Body() body: unknown,
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const claims = await this.links.claimsOf('unsubscribe', token);
    const { contactId, mailing, purpose } = claims;
    const { undo, scope, ...form } = fieldsOf(body);
    if (typeof undo === 'string') return this.undo.take(undo, contactId, 'unsubscribe-page', request, language);

    const oneClick = form['List-Unsubscribe'] === 'One-Click';
    const stopped = !oneClick && scope === 'all' ? 'all' : stoppedBy(claims);
    const source = oneClick ? 'one-click' : 'unsubscribe-page';
    const act = oneClick ? { act: source } : formIn(form);
    const fact = { ...factOf(contactId, source, request, mailing), ...act };
    const recorded = await this.commands.execute(new UnsubscribeCommand(fact, stopped));
    if (oneClick) {
      void reply.header('Content-Type', 'text/plain; charset=utf-8');
      return 'Unsubscribed\n';
    }
    return this.pages.render('unsubscribed', language, {
      all: stopped === 'all',
      purpose: this.nameOf(claims, language),
      undo: await this.undo.offer(recorded, stopped === 'all' ? 'all' : purpose),
    });
  }

  /** What the link stops, in words; `undefined` for one that stops all commercial mail, or a purpose long gone. */
  private nameOf(claims: ClaimsOf<'unsubscribe'>, language: Language): string | undefined {
    const stopped = stoppedBy(claims);
    if (stopped === 'all') return undefined;
    const history = this.policies.history();
    const inForce = currentPolicy(this.policies, this.clock);
    const names = stopped.flatMap((purpose) => purposeName(inForce, history, purpose, language) ?? []);
    return listed(names, language);
  }
}
