import { AskPreferenceLinkCommand, CONTACT_IDS } from '@consent-ledger/application';
import { InvalidAddress, type ContactIds } from '@consent-ledger/privacy';
import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { Open } from '../security/scope.decorator.js';
import { evenly, PAUSE, type Pause } from './even-answer.js';
import { PageLanguage, type Language } from './language.js';
import { Pages } from './pages.js';
import { fieldsOf } from './recipient-act.js';
import { RecipientPage } from './recipient-page.decorator.js';
import { shownAgain, typedAddress } from './typed-address.js';

/**
 * The form on which a person asks for a link to their preferences. What it answers and does is the same whatever is known of
 * the address, and nothing is kept of it: only who reads the mailbox learns anything.
 */
@Controller('preferences')
@Open()
@Takes('any')
export class PreferenceLinkController {
  constructor(
    private readonly commands: CommandBus,
    private readonly pages: Pages,
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(PAUSE) private readonly pause: Pause,
  ) {}

  @Get()
  @RecipientPage()
  show(@PageLanguage() language: Language): string {
    return this.pages.render('preferenceLink', language, {});
  }

  @Post()
  @HttpCode(200)
  @RecipientPage({ limit: 'forms' })
  async ask(
    @Body() body: unknown,
    @PageLanguage() language: Language,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const address = typedAddress(fieldsOf(body));
    const contactId = this.contactOf(address);
    if (contactId === undefined) {
      void reply.status(422);
      const mistake =
        this.pages.textsIn(language).preferenceLink[address === '' ? 'addressMissing' : 'addressMalformed'];
      return this.pages.render('preferenceLink', language, { mistake, address: shownAgain(address) });
    }
    const ask = new AskPreferenceLinkCommand({ contactId, language, correlationId: request.id });
    await evenly(this.commands.execute(ask), this.pause);
    return this.pages.render('preferenceLinkAsked', language, {});
  }

  private contactOf(address: string): string | undefined {
    try {
      return this.contactIds.fromAddress(address);
    } catch (error) {
      if (error instanceof InvalidAddress) return undefined;
      throw error;
    }
  }
}
