import { CLOCK, DueDates, EraseStrangers, LOGGER, SettleDue } from '@consent-ledger/application';
import type { Clock, Logger } from '@consent-ledger/platform';
import { Inject, Module, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Worker } from './worker.js';

/** Does what must happen without a request. Needs the ApplicationModule beside it. */
@Module({})
export class WorkerModule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly worker: Worker;

  constructor(
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) logger: Logger,
    dueDates: DueDates,
    settleDue: SettleDue,
    eraseStrangers: EraseStrangers,
  ) {
    this.worker = new Worker({ dueDates, settleDue, eraseStrangers, clock, logger });
  }

  onApplicationBootstrap(): void {
    this.worker.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.worker.stop();
  }
}
