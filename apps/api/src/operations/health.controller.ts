import { EVENT_STORE, KEY_VAULT, LEDGER, type Ledger } from '@consent-ledger/application';
import type { EventStore } from '@consent-ledger/event-store';
import { storageFaultIn } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Open } from '../security/scope.decorator.js';

/** How many positions the read models may be behind before this process should get no questions. */
const MOST_BEHIND = 10_000;

/** `ok`, or what is not; `fatal` where this process should get no questions. */
interface Check {
  readonly says: string;
  readonly fatal?: boolean;
}

const OK: Check = { says: 'ok' };

@Controller('health')
@Open()
export class HealthController {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(KEY_VAULT) private readonly vault: KeyVault,
    @Inject(LEDGER) private readonly ledger: Pick<Ledger, 'processor' | 'writeFault'>,
  ) {}

  /** The process runs. */
  @Get('live')
  live() {
    return { status: 'ok' };
  }

  /**
   * The process can answer, or says what is not ready. Where only writing fails it is still sent requests: nobody could
   * tell people better that their opt-out did not count yet (P4).
   */
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply) {
    const checks = {
      log: await this.log(),
      writing: this.writing(),
      keyVault: await this.keyVault(),
      readModels: await this.readModels(),
    };
    const all: readonly Check[] = Object.values(checks);
    const isReady = !all.some(({ fatal }) => fatal);
    void reply.status(isReady ? 200 : 503).header('Cache-Control', 'no-store');
    const status = all.every((check) => check === OK) ? 'ok' : isReady ? 'degraded' : 'unavailable';
    return { status, checks: Object.fromEntries(Object.entries(checks).map(([name, { says }]) => [name, says])) };
  }

  private async log(): Promise<Check> {
    try {
      await this.store.head();
      return OK;
    } catch {
      return { says: 'the log cannot be read', fatal: true };
    }
  }

  private writing(): Check {
    const fault = this.ledger.writeFault();
    return fault === undefined ? OK : { says: `the last write to the log was refused: ${fault}` };
  }

  private async keyVault(): Promise<Check> {
    try {
      await this.vault.find('');
      await this.vault.wasDestroyed('');
      return OK;
    } catch {
      return { says: 'the key vault cannot be read: opt-outs count, all else that holds personal data fails' };
    }
  }

  private async readModels(): Promise<Check> {
    const { processor } = this.ledger;
    if (processor.error) return { says: `stopped: ${processor.error.name}`, fatal: true };
    try {
      const behind = processor.lag(await this.store.head());
      if (behind > MOST_BEHIND) return { says: `${behind} positions behind the log`, fatal: true };
    } catch {
      return { says: 'how far behind is not known: the log cannot be read', fatal: true };
    }
    const { interruption } = processor;
    if (interruption === undefined) return OK;
    return { says: `interrupted, and tried again: ${storageFaultIn(interruption) ?? 'the log does not answer'}` };
  }
}
