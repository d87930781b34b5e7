import { PublishPolicyCommand, ShowPoliciesQuery } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LARGEST_DOCUMENT, LargestBody } from '../http/largest-body.decorator.js';
import { RequireScope } from '../security/scope.decorator.js';
import { PolicyPublicationDto } from './policy.dto.js';

@Controller('v1/policies')
export class PoliciesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @RequireScope('history')
  list() {
    return this.queries.execute(new ShowPoliciesQuery());
  }

  @Post()
  @LargestBody(LARGEST_DOCUMENT)
  @RequireScope('policy')
  async publish(
    @Body() { policy, force = false, reason }: PolicyPublicationDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (force && reason === undefined)
      throw validationProblem([{ field: 'reason', message: 'is needed to force: say why the past is judged anew' }]);
    const actor = { kind: 'agent', id: request.principal!.keyId } as const;
    const command = new PublishPolicyCommand({ policy, force, reason }, actor, request.id);
    const { isNew, published } = await this.commands.execute(command);
    void reply.status(isNew ? 201 : 200);
    return published;
  }
}
