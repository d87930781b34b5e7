import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration, silentLogger, type Clock, type Logger } from '@consent-ledger/platform';
import { startStandalone, type Standalone } from '../../apps/standalone/src/start.js';
import { dropEngines, enginesOf } from './engines.js';
import { faultsByOpenApi } from './open-api.js';
import { ADMIN_KEY, sendRequest, type Reply, type RequestOptions, type Requests } from './requests.js';

export { ADMIN_KEY, type Reply, type RequestOptions } from './requests.js';

/** A service of its own on a free port, whose every answer is held against the OpenAPI document. */
export interface TestService extends Requests {
  readonly url: string;
  readonly directory: string;
  request(method: string, path: string, options?: RequestOptions): Promise<Reply>;
  /** Stops it and starts it again on what it left. */
  restart(environment?: Readonly<Record<string, string>>): Promise<void>;
  /** Stops it; what it kept is removed. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export async function startService(options: ServiceOptions = {}): Promise<TestService> {
  const directory = await mkdtemp(join(tmpdir(), 'consent-ledger-'));
  const engines = await enginesOf(directory);
  const start = (environment: Readonly<Record<string, string>> = {}) =>
    startStandalone(
      readConfiguration({
        PORT: '0',
        DATA_DIR: directory,
        LEDGER_ADMIN_KEY: ADMIN_KEY,
        MAIL_RETRY_SECONDS: '0.05',
        // All that a test does comes from one client.
        VISITS_PER_MINUTE: '0',
        FORMS_PER_TEN_MINUTES: '0',
        FORMS_PER_MINUTE_IN_ALL: '0',
        GUESSES_PER_TEN_MINUTES: '0',
        ...engines.environment,
        ...options.environment,
        ...environment,
      }),
      { logger: options.logger ?? silentLogger, ...(options.clock && { clock: options.clock }) },
    );
  const remove = async () => {
    await dropEngines(directory);
    await rm(directory, { recursive: true, force: true });
  };
  let service: Standalone = await start().catch(async (error: unknown) => {
    await remove();
    throw error;
  });

  async function request(method: string, path: string, options?: RequestOptions): Promise<Reply> {
    const reply = await sendRequest(service.url, method, path, options);
    if (method !== 'HEAD' && method !== 'OPTIONS') requireContract(method, path, reply);
    return reply;
  }

  return {
    get url() {
      return service.url;
    },
    directory,
    request,
    post: (path, body, rest) => request('POST', path, { body, ...rest }),
    get: (path, rest) => request('GET', path, rest),
    async restart(environment) {
      await service.close();
      service = await start(environment);
    },
    async stop() {
      await service.close();
      await remove();
    },
  };
}

function requireContract(method: string, path: string, { status, headers, text }: Reply): void {
  const contentType = headers.get('content-type') ?? '';
  const faults = faultsByOpenApi({ method, path: new URL(path, 'http://x').pathname, status, contentType, text });
  if (faults.length > 0) throw new Error(`Not as openapi.yaml says:\n${faults.join('\n')}\n${text.slice(0, 500)}`);
}

/** Resolves once `check` holds; throws what it last said after `seconds`. */
export async function eventually<T>(check: () => Promise<T> | T, seconds = 10): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
