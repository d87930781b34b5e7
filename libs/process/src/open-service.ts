import { ApplicationModule, openLedger, type Ledger } from '@consent-ledger/application';
import { catalogueOf, loadTemplates, type Templates } from '@consent-ledger/mail';
import { createLogger, type Clock, type Configuration, type Logger } from '@consent-ledger/platform';
import { publishedSource } from '@consent-ledger/projections';
import type { DynamicModule } from '@nestjs/common';

/** What a test brings in place of the real ones. */
export interface Overrides {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What the apps of one process stand on. */
export interface OpenedService {
  readonly ledger: Ledger;
  /** Those that were loaded and those that were published. */
  readonly templates: Templates;
  /** The application, which the module of every app needs beside it. */
  readonly application: DynamicModule;
}

/**
 * Opens the ledger of the configuration and brings its read models up to the log. `publicUrl` is where recipients reach the
 * service. Rejects when it cannot, and has let go of everything then.
 */
export async function openService(
  configuration: Configuration,
  publicUrl: string,
  overrides: Overrides = {},
): Promise<OpenedService> {
  const logger = overrides.logger ?? createLogger(configuration.LOG_LEVEL);
  const loaded = await loadTemplates(configuration.TEMPLATES_DIR);
  if (loaded.standIns.length > 0)
    logger.warn('TEMPLATES_DIR lacks some of the mails that the service sends by itself: the shipped ones stand in', {
      template: loaded.standIns.join(', '),
    });
  const ledger = await openLedger({ configuration, publicUrl, ...overrides, logger });
  try {
    await ledger.start();
  } catch (error) {
    await ledger.close();
    throw error;
  }
  const templates = loaded.withPublished((reference) => publishedSource(ledger.templates, reference));
  const names = templates.names.filter((name) => name !== 'confirm-opt-in');
  return { ledger, templates, application: ApplicationModule.over(ledger, { ...catalogueOf(templates), names }) };
}
