import {
  chooseListening,
  firstAdminKey,
  nestLogger,
  openService,
  requireShared,
  type Listening,
  type OpenedService,
  type Overrides,
} from '@consent-ledger/process';
import type { Configuration } from '@consent-ledger/platform';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiModule } from './api.module.js';
import { configureHttp, createHttpAdapter } from './http/server.js';

/** A process that serves the API. */
export interface Api {
  /** Where it listens. */
  readonly url: string;
  /** The administrator's key, when this start made it; it is told this once. */
  readonly adminKey: string | undefined;
  /** Takes no more requests, finishes those in hand, then lets go of every file. */
  close(): Promise<void>;
}

/** The api alone in a process. */
@Module({})
class ApiProcessModule {}

/** Starts the api in a process of its own, and resolves once it answers. Rejects with `ConfigurationError` where it would share no log. */
export async function startApi(configuration: Configuration, overrides: Overrides = {}): Promise<Api> {
  requireShared(configuration);
  return serve(
    'api',
    ({ application }) => ({ module: ApiProcessModule, imports: [application, ApiModule] }),
    configuration,
    overrides,
  );
}

/** Starts a process that serves the API; `moduleOver` makes its module, of what was opened. */
export async function serve(
  app: string,
  moduleOver: (service: OpenedService) => DynamicModule,
  configuration: Configuration,
  overrides: Overrides = {},
): Promise<Api> {
  const listening = await chooseListening(configuration);
  const service = await openService(configuration, configuration.PUBLIC_URL ?? listening.url, overrides);
  const { ledger } = service;
  try {
    const adminKey = await firstAdminKey(ledger);
    const http = await listen(moduleOver(service), service, listening);
    ledger.logger.info('Listening', { app, port: listening.port });
    return {
      url: listening.url,
      adminKey,
      async close() {
        await http.close();
        await ledger.close();
      },
    };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

async function listen(
  module: DynamicModule,
  { ledger }: OpenedService,
  { host, port }: Listening,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, createHttpAdapter(ledger.configuration), {
    logger: nestLogger(ledger.logger),
    abortOnError: false,
    bodyParser: false,
  });
  try {
    await configureHttp(app, ledger);
    await app.listen(port, host);
    return app;
  } catch (error) {
    // Where the port is taken, the worker and the mailer of this process work already: they finish what is in hand.
    await app.close();
    throw error;
  }
}

/** What a process that serves the API says once it has started. */
export function announcementOf({ url, adminKey }: Api, ...more: readonly string[]): readonly string[] {
  return [
    `consent-ledger listens on ${url}`,
    `API documentation        ${url}/docs  (any user name, an API key as password)`,
    ...more,
    ...(adminKey ? ['', 'Administrator key, shown this once:', adminKey] : []),
  ];
}
