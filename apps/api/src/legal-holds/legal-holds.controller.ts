import { PlaceLegalHoldCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { LegalHoldDto } from './legal-hold.dto.js';

@Controller('v1/legal-holds')
@RequireScope('erase')
export class LegalHoldsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async place(
    @Body() dto: LegalHoldDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = new PlaceLegalHoldCommand(this.facts.of(dto, request), dto.held, dto.reason);
    return answerRecorded(reply, await this.commands.execute(command));
  }
}
