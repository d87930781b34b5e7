import {
  CLOCK,
  currentPolicy,
  POLICIES,
  PUBLIC_URL,
  ShowOwnPreferencesQuery,
  TurnOnCommand,
  UnsubscribeCommand,
  type OwnPreferences,
} from '@consent-ledger/application';
import type { Policy } from '@consent-ledger/consent';
import type { ClaimsOf } from '@consent-ledger/links';
import { Problem, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { formEvidence } from './form-evidence.js';
import { PageLanguage, type Language } from './language.js';
import { Pages } from './pages.js';
import {
  changesIn,
  preferencesView,
  revisionIn,
  rightsView,
  tellChanges,
  type Changes,
  type PreferenceNotice,
  type Wording,
} from './preferences-view.js';
import { factOf, fieldsOf, isOutdated, PartlySaved } from './recipient-act.js';
import { RecipientLinks } from './recipient-links.js';
import { RecipientPage } from './recipient-page.decorator.js';
import { statementIn } from './statement-view.js';

/** Why what was switched on could not be recorded. */
type Refusal = 'overtaken' | 'statementChanged' | undefined;

/**
 * The page on which a person sees and changes what they receive (P4). Only a POST changes anything, and only what the person
 * changed on the page; the link is the whole authority. One that expired still takes what only stops mail.
 */
@Controller('preferences/:token')
@Open()
@Takes('any')
export class PreferencesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly pages: Pages,
    private readonly links: RecipientLinks,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @RecipientPage()
  async show(
    @Param('token') token: string,
    @PageLanguage() language: Language,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { claims, hasExpired } = await this.links.claimsEvenLate('preferences', token);
    return hasExpired ? this.tooOld(reply, language, 410) : this.page(await this.ask(claims), language);
  }

  @Post()
  @HttpCode(200)
  @RecipientPage()
  async save(
    @Param('token') token: string,
    @Body() body: unknown,
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { claims, hasExpired } = await this.links.claimsEvenLate('preferences', token);
    const fields = fieldsOf(body);
    const changes = changesIn(fields, this.policies.history());
    await this.turnOff(claims, changes, request);
    if (hasExpired) return this.savedTooLate(reply, language, changes);

    const refusal = await this.turnOn(claims, changes, fields, request);
    if (refusal) void reply.status(409);
    const own = await this.ask(claims);
    return this.page(own, language, this.noticeOf(changes, refusal, language));
  }

  /** An opt-out counts before an opt-in is looked at: it is never refused. */
  private async turnOff({ contactId }: Claims, { off }: Changes, request: FastifyRequest): Promise<void> {
    if (off.length === 0) return;
    const fact = { ...factOf(contactId, 'preference-page', request), act: 'preference-page' };
    await this.commands.execute(new UnsubscribeCommand(fact, off));
  }

  private async turnOn(
    { contactId }: Claims,
    { on: purposes, off }: Changes,
    fields: Readonly<Record<string, unknown>>,
    request: FastifyRequest,
  ): Promise<Refusal> {
    if (purposes.length === 0) return undefined;
    const statement = statementIn(fields);
    const shownAt = revisionIn(fields);
    if (!statement || shownAt === undefined) return 'statementChanged';
    const evidence = formEvidence(request, this.publicUrl, 'preferences');
    const fact = factOf(contactId, 'preference-page', request);
    try {
      await this.commands.execute(new TurnOnCommand(fact, { purposes, statement, shownAt, evidence }));
      return undefined;
    } catch (error) {
      if (isOutdated(error)) return 'statementChanged';
      if (error instanceof Problem && error.code === 'REQUEST_OVERTAKEN') return 'overtaken';
      throw off.length > 0 ? new PartlySaved(error) : error;
    }
  }

  private noticeOf({ on, off }: Changes, refusal: Refusal, language: Language): PreferenceNotice {
    const { preferences: text } = this.pages.textsIn(language);
    const done = tellChanges({ on: refusal ? [] : on, off }, this.policy(), this.wording(language));
    if (refusal) return { text: text[refusal], done, isAlert: true };
    return { text: done.length > 0 ? text.saved : text.nothingChanged, done, isAlert: false };
  }

  /** Of an expired link nothing is shown of the person, and nothing is switched on. */
  private savedTooLate(reply: FastifyReply, language: Language, { on, off }: Changes): string {
    const isStopped = off.length > 0;
    if (on.length > 0) return this.tooOld(reply, language, isStopped ? 409 : 410, { isStopped, isRefused: true });
    return this.tooOld(reply, language, isStopped ? 200 : 410, { isStopped });
  }

  private ask({ contactId }: Claims): Promise<OwnPreferences | undefined> {
    return this.queries.execute(new ShowOwnPreferencesQuery(contactId));
  }

  private page(own: OwnPreferences | undefined, language: Language, notice?: PreferenceNotice): string {
    const words = this.wording(language);
    if (own) return this.pages.render('preferences', language, { preferences: preferencesView(own, words, notice) });
    return this.pages.render('noPreferences', language, { rights: rightsView(this.policy(), words.texts) });
  }

  private tooOld(
    reply: FastifyReply,
    language: Language,
    status: 200 | 409 | 410,
    late: { readonly isStopped?: boolean; readonly isRefused?: boolean } = {},
  ): string {
    void reply.status(status);
    return this.pages.render('tooOld', language, { late });
  }

  private wording(language: Language): Wording {
    return { language, texts: this.pages.textsIn(language), history: this.policies.history() };
  }

  private policy(): Policy {
    return currentPolicy(this.policies, this.clock);
  }
}

type Claims = ClaimsOf<'preferences'>;
