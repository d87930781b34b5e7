import { OptInCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { OptInDto } from './opt-in.dto.js';

@Controller('v1/opt-ins')
@RequireScope('record')
export class OptInsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async optIn(@Body() dto: OptInDto, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { purposes, statement, confirmation = 'none', evidence } = dto;
    const wanted = { purposes, statement, confirmation, ...(evidence && { evidence: { ...evidence } }) };
    return answerRecorded(reply, await this.commands.execute(new OptInCommand(this.facts.of(dto, request), wanted)));
  }
}
