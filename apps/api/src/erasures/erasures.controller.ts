import { EraseContactCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { IsIn } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { FactDto } from '../http/fact.dto.js';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';

export class ErasureDto extends FactDto {
  @IsIn(['request', 'retention']) readonly reason!: 'request' | 'retention';
}

@Controller('v1/erasures')
@RequireScope('erase')
export class ErasuresController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async erase(
    @Body() dto: ErasureDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = new EraseContactCommand(this.facts.of(dto, request), dto.reason);
    return answerRecorded(reply, await this.commands.execute(command));
  }
}
