import { RestrictProcessingCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { RestrictionDto } from './restriction.dto.js';

@Controller('v1/restrictions')
@RequireScope('record')
export class RestrictionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async restrict(
    @Body() dto: RestrictionDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = new RestrictProcessingCommand(this.facts.of(dto, request), dto.restricted, dto.reason);
    return answerRecorded(reply, await this.commands.execute(command));
  }
}
