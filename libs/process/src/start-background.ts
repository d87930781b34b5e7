import { ConfigurationError, type Configuration } from '@consent-ledger/platform';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { chooseListening } from './listening.js';
import { nestLogger } from './nest-logger.js';
import { openService, type OpenedService, type Overrides } from './open-service.js';
import { startOperationsServer, type OperationsServer } from './operations-server.js';

/** A process that works without an API. */
export interface BackgroundProcess {
  /** Where its health and metrics are. */
  readonly url: string;
  /** Finishes what is in hand, then lets go of everything. */
  close(): Promise<void>;
}

/**
 * The settings without which apps in processes of their own would each have a log of their own, or a vault: a mailer could open
 * no address, and a worker would record erasures whose keys are elsewhere (P7). Or they would send links to nowhere.
 */
const SHARED = ['EVENT_STORE_URL', 'KEY_VAULT_URL', 'PUBLIC_URL'] as const;

/** Makes sure that an app may run in a process of its own. Throws `ConfigurationError` that names each setting it lacks. */
export function requireShared(
  configuration: Configuration,
  needed: readonly (keyof Configuration)[] = ['EVENT_STORE_URL', 'KEY_VAULT_URL'],
): void {
  const missing = needed.filter((name) => configuration[name] === undefined);
  if (missing.length === 0) return;
  throw new ConfigurationError(
    missing.map((name) => `${name} is needed by an app in a process of its own; "npm start" runs all of them in one`),
  );
}

/**
 * Starts an app that takes no requests of the API, with a port for its health and metrics. `moduleOver` makes the module of
 * the app, of what was opened. Rejects with `ConfigurationError` where it would share no log with the others.
 */
export async function startBackground(
  app: string,
  moduleOver: (service: OpenedService) => DynamicModule,
  configuration: Configuration,
  overrides: Overrides = {},
): Promise<BackgroundProcess> {
  requireShared(configuration, SHARED);
  const listening = await chooseListening(configuration);
  const service = await openService(configuration, configuration.PUBLIC_URL!, overrides);
  const { ledger } = service;
  let operations: OperationsServer | undefined;
  try {
    operations = await startOperationsServer(ledger, listening);
    const context = await NestFactory.createApplicationContext(moduleOver(service), {
      logger: nestLogger(ledger.logger),
      abortOnError: false,
    });
    ledger.logger.info('Listening', { app, port: listening.port });
    const opened = operations;
    return {
      url: listening.url,
      async close() {
        await context.close();
        await opened.close();
        await ledger.close();
      },
    };
  } catch (error) {
    await operations?.close();
    await ledger.close();
    throw error;
  }
}
