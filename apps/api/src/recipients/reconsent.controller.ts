import {
  POLICIES,
  RenewConsentCommand,
  ShowQuestionQuery,
  UnsubscribeCommand,
  type QuestionAnswer,
} from '@consent-ledger/application';
import type { ClaimsOf } from '@consent-ledger/links';
import { Problem } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { PageLanguage, type Language } from './language.js';
import { OptOutUndo } from './opt-out-undo.js';
import { Pages } from './pages.js';
import { factOf, fieldsOf, formIn, isOutdated, PartlySaved } from './recipient-act.js';
import { deadLink, RecipientLinks } from './recipient-links.js';
import { RecipientPage } from './recipient-page.decorator.js';
import { answersIn, viewOf, type Answers, type QuestionNote } from './reconsent-view.js';
import { statementIn } from './statement-view.js';

type Claims = ClaimsOf<'reconsent'>;

/** The page on which a person answers a re-consent prompt (P5). Only a POST changes anything; the link is the whole authority. */
@Controller('reconsent')
@Open()
@Takes('any')
export class ReconsentController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly pages: Pages,
    private readonly links: RecipientLinks,
    private readonly undo: OptOutUndo,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
  ) {}

  @Get(':token')
  @RecipientPage()
  async show(@Param('token') token: string, @PageLanguage() language: Language): Promise<string> {
    const question = await this.ask(await this.links.claimsOf('reconsent', token));
    return this.page(question, language);
  }

  @Post(':token')
  @HttpCode(200)
  @RecipientPage()
  async answer(
    @Param('token') token: string,
    @Body() body: unknown,
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const claims = await this.links.claimsOf('reconsent', token);
    const question = await this.ask(claims);
    const fields = fieldsOf(body);
    if (typeof fields['undo'] === 'string')
      return this.undo.take(fields['undo'], claims.contactId, 'preference-page', request, language);

    const { yes, no } = answersIn(fields, question);
    if (yes.length === 0 && no.length === 0) return this.page(question, language, 'nothingChosen');
    const undo = no.length > 0 ? await this.stop(claims, no, fields, request) : undefined;
    const refusal = yes.length > 0 ? await this.renew(claims, { yes, no }, question, fields, request) : undefined;
    const now = await this.ask(claims);
    if (!refusal) return this.pages.render('reconsented', language, { question: this.view(now, language), undo });
    void reply.status(409);
    return this.page(now, language, refusal, undo);
  }

  /** A no counts before a yes is looked at: it is never refused. */
  private async stop(
    { contactId, promptId }: Claims,
    no: readonly string[] | 'all',
    fields: Readonly<Record<string, unknown>>,
    request: FastifyRequest,
  ) {
    const fact = { ...factOf(contactId, 'preference-page', request, promptId), ...formIn(fields) };
    const recorded = await this.commands.execute(new UnsubscribeCommand(fact, no));
    return this.undo.offer(recorded, no === 'all' ? no : no[0]!);
  }

  /** Renews what can still be renewed; answers what the page has to say about the rest. */
  private async renew(
    { contactId, promptId }: Claims,
    { yes, no }: Answers,
    { purposes }: QuestionAnswer,
    fields: Readonly<Record<string, unknown>>,
    request: FastifyRequest,
  ): Promise<QuestionNote | undefined> {
    const inTime = purposes.filter(({ purpose, endsAt }) => yes.includes(purpose) && endsAt !== undefined);
    const statement = statementIn(fields);
    if (!statement) return 'statementChanged';
    const fact = factOf(contactId, 'preference-page', request, promptId);
    const names = inTime.map(({ purpose }) => purpose);
    try {
      if (names.length > 0) await this.commands.execute(new RenewConsentCommand(fact, names, statement));
    } catch (error) {
      if (isOutdated(error)) return 'statementChanged';
      if (error instanceof Problem && error.code === 'NOT_RENEWABLE') return 'tooLate';
      throw no.length > 0 ? new PartlySaved(error) : error;
    }
    return names.length < yes.length ? 'tooLate' : undefined;
  }

  private async ask({ contactId, promptId }: Claims): Promise<QuestionAnswer> {
    const question = await this.queries.execute(new ShowQuestionQuery(contactId, promptId));
    if (!question) throw deadLink();
    return question;
  }

  private page(question: QuestionAnswer, language: Language, note?: QuestionNote, undo?: string): string {
    return this.pages.render('reconsent', language, { question: this.view(question, language, note), undo });
  }

  private view(question: QuestionAnswer, language: Language, note?: QuestionNote) {
    return viewOf(question, this.policies.history(), language, this.pages.textsIn(language), note);
  }
}
