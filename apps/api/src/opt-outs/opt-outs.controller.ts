import { OptOutCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { OptOutDto } from './opt-out.dto.js';

@Controller('v1/opt-outs')
@RequireScope('record')
export class OptOutsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async optOut(
    @Body() dto: OptOutDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const fact = this.facts.of(dto, request);
    return answerRecorded(reply, await this.commands.execute(new OptOutCommand(fact, dto.purposes)));
  }
}
