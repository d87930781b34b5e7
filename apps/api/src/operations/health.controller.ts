import { checkHealth, LEDGER, type Ledger } from '@consent-ledger/application';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Open } from '../security/scope.decorator.js';

@Controller('health')
@Open()
export class HealthController {
  constructor(@Inject(LEDGER) private readonly ledger: Ledger) {}

  /** The process runs. */
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** The process can answer, or says what is not ready. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const health = await checkHealth(this.ledger);
    void reply.status(health.status === 'unavailable' ? 503 : 200).header('Cache-Control', 'no-store');
    return health;
  }
}
