import { configureHttp, createHttpAdapter, nestLogger } from '@consent-ledger/api';
import { openLedger, type Ledger } from '@consent-ledger/application';
import { loadTemplates } from '@consent-ledger/mail';
import { createLogger, freePort, scopes, type Clock, type Configuration, type Logger } from '@consent-ledger/platform';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isIPv6 } from 'node:net';
import { StandaloneModule } from './standalone.module.js';

export interface Standalone {
  /** Where it listens. */
  readonly url: string;
  /** The administrator's key, when this start made it; it is told this once. */
  readonly adminKey: string | undefined;
  /** Takes no more requests, finishes those in hand, then lets go of every file. */
  close(): Promise<void>;
}

/** Starts the whole service in this process over the embedded ledger, and resolves once it answers. */
export async function startStandalone(
  configuration: Configuration,
  overrides: { readonly clock?: Clock; readonly logger?: Logger } = {},
): Promise<Standalone> {
  const logger = overrides.logger ?? createLogger(configuration.LOG_LEVEL);
  const port = configuration.PORT === 0 ? await freePort(configuration.HOST) : configuration.PORT;
  const url = `http://${isIPv6(configuration.HOST) ? `[${configuration.HOST}]` : configuration.HOST}:${port}`;
  const templates = await loadTemplates(configuration.TEMPLATES_DIR);
  if (templates.standIns.length > 0)
    logger.warn('TEMPLATES_DIR lacks some of the mails that the service sends by itself: the shipped ones stand in', {
      template: templates.standIns.join(', '),
    });
  const ledger = await openLedger({ configuration, publicUrl: configuration.PUBLIC_URL ?? url, ...overrides, logger });
  try {
    await ledger.start();
    const adminKey = await firstAdminKey(ledger);
    const app = await NestFactory.create<NestFastifyApplication>(
      StandaloneModule.over(ledger, templates),
      createHttpAdapter(configuration),
      { logger: nestLogger(logger), abortOnError: false, bodyParser: false },
    );
    await configureHttp(app, ledger);
    await app.listen(port, configuration.HOST);
    logger.info('Listening', { app: 'standalone', port });
    return { url, adminKey, close: () => closeInOrder(app, ledger) };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

async function closeInOrder(app: NestFastifyApplication, ledger: Ledger): Promise<void> {
  await app.close();
  await ledger.close();
}

/** While there is no key nobody could use the service, nor make a key. */
async function firstAdminKey({ apiKeys, processor }: Ledger): Promise<string | undefined> {
  if (!apiKeys.isEmpty) return undefined;
  const { key, position } = await apiKeys.create('administrator', scopes);
  await processor.waitFor(position, { timeoutMs: 5_000 });
  return key;
}
