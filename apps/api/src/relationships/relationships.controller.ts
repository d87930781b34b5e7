import { RecordRelationshipCommand } from '@consent-ledger/application';
import { Body, Controller, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerRecorded, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { relationshipOf, RelationshipDto } from './relationship.dto.js';

@Controller('v1/relationships')
@RequireScope('record')
export class RelationshipsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly facts: Facts,
  ) {}

  @Post()
  async record(
    @Body() dto: RelationshipDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = new RecordRelationshipCommand(this.facts.of(dto, request), relationshipOf(dto));
    return answerRecorded(reply, await this.commands.execute(command));
  }
}
