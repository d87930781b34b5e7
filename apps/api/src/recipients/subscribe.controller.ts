import { CLOCK, CONTACT_IDS, currentPolicy, POLICIES, PUBLIC_URL, SubscribeCommand } from '@consent-ledger/application';
import type { Policy } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { ContactIds } from '@consent-ledger/privacy';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { evenly, PAUSE, type Pause } from './even-answer.js';
import { formEvidence } from './form-evidence.js';
import { PageLanguage, type Language } from './language.js';
import { Pages } from './pages.js';
import { factOf, fieldsOf, isOutdated } from './recipient-act.js';
import { RecipientPage } from './recipient-page.decorator.js';
import { statementIn } from './statement-view.js';
import { filledIn, readForm, subscribeView, type FilledIn, type Mistakes } from './subscribe-view.js';

/**
 * The form on which anybody can ask for a subscription (P3). Its answer is the same whatever is known of the address: only
 * who reads the mail that follows learns anything, and only they can confirm it.
 */
@Controller('subscribe')
@Open()
@Takes('any')
export class SubscribeController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pages: Pages,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PAUSE) private readonly pause: Pause,
  ) {}

  @Get()
  @RecipientPage()
  show(@PageLanguage() language: Language, @Res({ passthrough: true }) reply: FastifyReply): string {
    return this.form(reply, language, {});
  }

  @Post()
  @HttpCode(200)
  @RecipientPage({ limit: 'forms' })
  async subscribe(
    @Body() body: unknown,
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const fields = fieldsOf(body);
    const form = filledIn(fields, this.policy());
    const read = readForm(form);
    if ('mistakes' in read) return this.form(reply, language, { form, mistakes: read.mistakes }, 422);

    const { address } = read;
    const fact = { ...factOf(this.contactIds.of(address), 'web-form', request), address };
    const statement = statementIn(fields);
    if (!statement) return this.form(reply, language, { form, statementChanged: true }, 409);
    const wanted = {
      purposes: form.purposes,
      statement,
      evidence: formEvidence(request, this.publicUrl, 'subscribe'),
    };
    try {
      await evenly(this.commands.execute(new SubscribeCommand(fact, wanted)), this.pause);
    } catch (error) {
      if (!isOutdated(error)) throw error;
      return this.form(reply, language, { form, statementChanged: true }, 409);
    }
    return this.pages.render('subscribed', language, { address });
  }

  private form(
    reply: FastifyReply,
    language: Language,
    filled: { readonly form?: FilledIn; readonly mistakes?: Mistakes; readonly statementChanged?: boolean },
    status = 200,
  ): string {
    const subscription = subscribeView(this.policy(), language, this.pages.textsIn(language), filled);
    void reply.status(subscription ? status : 404);
    return subscription
      ? this.pages.render('subscribe', language, { subscription })
      : this.pages.render('noSubscription', language, {});
  }

  private policy(): Policy {
    return currentPolicy(this.policies, this.clock);
  }
}
