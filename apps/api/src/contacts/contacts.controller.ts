import {
  DeliveriesQuery,
  LookUpContactQuery,
  ReplayQuery,
  ShowHistoryQuery,
  ShowPreferencesQuery,
  ShowRetentionQuery,
} from '@consent-ledger/application';
import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { requireContactId } from '../http/contact-id.js';
import { Facts } from '../http/facts.js';
import { parseInstant } from '../http/instant.decorator.js';
import { RequireScope } from '../security/scope.decorator.js';
import { HistoryDto, LookupDto, ReplayDto } from './contacts.dto.js';

/** What the compliance officer asks of one contact. */
@Controller('v1/contacts')
@RequireScope('history')
export class ContactsController {
  constructor(
    private readonly queries: QueryBus,
    private readonly facts: Facts,
  ) {}

  @Post('lookup')
  @HttpCode(200)
  lookUp(@Body() { address }: LookupDto) {
    return this.queries.execute(new LookUpContactQuery(this.facts.contactOf({ address }).contactId));
  }

  @Get(':contactId/preferences')
  async preferences(@Param('contactId') contactId: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const { revision, ...answer } = await this.queries.execute(new ShowPreferencesQuery(requireContactId(contactId)));
    setETag(reply, revision);
    return answer;
  }

  @Get(':contactId/history')
  async history(
    @Param('contactId') contactId: string,
    @Query() { at, knownAt }: HistoryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const query = new ShowHistoryQuery(requireContactId(contactId), parseInstant(at), parseInstant(knownAt));
    const answer = await this.queries.execute(query);
    setETag(reply, answer.revision);
    return answer;
  }

  @Get(':contactId/deliveries')
  deliveries(@Param('contactId') contactId: string) {
    return this.queries.execute(new DeliveriesQuery(requireContactId(contactId)));
  }

  @Get(':contactId/retention')
  async retention(@Param('contactId') contactId: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const answer = await this.queries.execute(new ShowRetentionQuery(requireContactId(contactId)));
    setETag(reply, answer.revision);
    return answer;
  }

  @Post(':contactId/replay')
  @HttpCode(200)
  replay(@Param('contactId') contactId: string, @Body() { purpose, at, knownAt, policy }: ReplayDto) {
    const known = parseInstant(knownAt);
    return this.queries.execute(
      new ReplayQuery({
        contactId: requireContactId(contactId),
        purpose,
        at: parseInstant(at)!,
        ...(known !== undefined && { knownAt: known }),
        ...(policy && { policy }),
      }),
    );
  }
}

function setETag(reply: FastifyReply, revision: number): void {
  if (revision >= 0) void reply.header('ETag', `"${revision}"`);
}
