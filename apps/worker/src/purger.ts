import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';

export interface PurgerOptions {
  readonly vault: Pick<KeyVault, 'purgeRemnants'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Milliseconds until the first try and between tries; default 10 000. */
  readonly everyMs?: number;
}

const EVERY_MS = 10_000;
/** Each try in vain keeps others from a table of the vault for a moment, and a backup may take hours. */
const LONGEST_PAUSE_MS = 300_000;

/**
 * Removes what destroyed keys left in the vault while somebody held on to it (P7), for as long as it runs: also where the
 * erasure stands in the log already and nobody has a reason to ask for it again. Several may run.
 */
export class Purger {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly options: PurgerOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Finishes the try in hand and resolves then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { everyMs = EVERY_MS } = this.options;
    const { signal } = this.stopping;
    let failures = 0;
    for (;;) {
      const pause = Math.min(everyMs * 2 ** failures, LONGEST_PAUSE_MS);
      await delay(pause, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      failures = (await this.purge(failures)) ? 0 : failures + 1;
    }
  }

  private async purge(failures: number): Promise<boolean> {
    const { vault, logger } = this.options;
    try {
      const isPurged = await vault.purgeRemnants();
      if (!isPurged) logger.warn('Bytes of destroyed keys cannot be removed yet: somebody holds on to them');
      else if (failures > 0) logger.info('No byte of a destroyed key is left');
      return isPurged;
    } catch (error) {
      logger.warn('Whether bytes of destroyed keys are left is not known, and is tried again', { error });
      return false;
    }
  }
}
