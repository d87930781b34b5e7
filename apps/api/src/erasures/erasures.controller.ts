import { EraseContactCommand, ShowErasureQuery, type ErasureCertificate } from '@consent-ledger/application';
import { Problem } from '@consent-ledger/platform';
import { Body, Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { IsIn } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireContactId } from '../http/contact-id.js';
import { FactDto } from '../http/fact.dto.js';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';

export class ErasureDto extends FactDto {
  @IsIn(['request', 'retention']) readonly reason!: 'request' | 'retention';
}

@Controller('v1/erasures')
export class ErasuresController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  @RequireScope('erase')
  async erase(
    @Body() dto: ErasureDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const recorded = await this.commands.execute(new EraseContactCommand(this.facts.of(dto, request), dto.reason));
    const certificate = await this.certificateIfAny(recorded.contactId, recorded.recorded[0]?.eventId);
    return answerRecorded(reply, { ...recorded, ...(certificate && { certificate }) });
  }

  @Get(':contactId')
  @RequireScope('erase', 'history')
  certificate(@Param('contactId') contactId: string): Promise<ErasureCertificate> {
    return this.queries.execute(new ShowErasureQuery(requireContactId(contactId)));
  }

  /** The erasure stands in the log: where its certificate cannot be made yet, the answer still says so. */
  private async certificateIfAny(contactId: string, eventId?: string): Promise<ErasureCertificate | undefined> {
    try {
      return await this.queries.execute(new ShowErasureQuery(contactId, eventId));
    } catch (error) {
      if (error instanceof Problem && (error.code === 'NOT_FOUND' || error.code === 'UNAVAILABLE')) return undefined;
      throw error;
    }
  }
}
