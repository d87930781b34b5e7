import type { Logger } from '@consent-ledger/platform';
import type { LoggerService } from '@nestjs/common';

/** What the framework says of itself, as lines of the one structured log: in its own words only when something is wrong. */
export function nestLogger(logger: Logger): LoggerService {
  const say = (level: 'warn' | 'error') => (message: unknown) => {
    if (message instanceof Error) logger[level]('The framework met an error', { error: message });
    else logger[level](String(message));
  };
  return { log: () => undefined, warn: say('warn'), error: say('error'), fatal: say('error') };
}
