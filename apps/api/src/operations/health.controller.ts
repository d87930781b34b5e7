import { EVENT_STORE, LEDGER } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import type { Processor } from '@consent-ledger/projections';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Open } from '../security/scope.decorator.js';

/** How many positions the read models may be behind before this process should get no questions. */
const MOST_BEHIND = 10_000;

@Controller('health')
@Open()
export class HealthController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(LEDGER) private readonly ledger: { readonly processor: Processor },
  ) {}

  /** The process runs. */
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /** The process can answer, or says what is not ready. */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const checks = { log: await this.log(), readModels: await this.readModels() };
    const isReady = Object.values(checks).every((check) => check === 'ok');
    void reply.status(isReady ? 200 : 503).header('Cache-Control', 'no-store');
    return { status: isReady ? 'ok' : 'unavailable', checks };
  }

  private async log(): Promise<string> {
    try {
      await this.store.head();
      return 'ok';
    } catch {
      return 'the log cannot be read';
    }
  }

  private async readModels(): Promise<string> {
    const { processor } = this.ledger;
    if (processor.error) return `stopped: ${processor.error.name}`;
    try {
      const behind = processor.lag(await this.store.head());
      return behind > MOST_BEHIND ? `${behind} positions behind the log` : 'ok';
    } catch {
      return 'how far behind is not known: the log cannot be read';
    }
  }
}
