import { RecordDeliverabilityCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { DeliverabilityDto, deliverabilityOf } from './deliverability.dto.js';

@Controller('v1/deliverability')
@RequireScope('record')
export class DeliverabilityController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async record(
    @Body() dto: DeliverabilityDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = new RecordDeliverabilityCommand(this.facts.of(dto, request), deliverabilityOf(dto));
    return answerRecorded(reply, await this.commands.execute(command));
  }
}
