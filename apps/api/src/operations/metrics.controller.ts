import { METRICS } from '@consent-ledger/application';
import type { Metrics } from '@consent-ledger/platform';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireScope } from '../security/scope.decorator.js';

@Controller('metrics')
@RequireScope('operations')
export class MetricsController {
  constructor(@Inject(METRICS) private readonly metrics: Metrics) {}

  @Get()
  async show(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    void reply.header('Content-Type', this.metrics.contentType);
    return this.metrics.render();
  }
}
