import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { checkHealth, type Ledger } from '@consent-ledger/application';
import { Problem } from '@consent-ledger/platform';
import type { Listening } from './listening.js';

/** What whoever watches a process without an API asks it. */
export interface OperationsServer {
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const HEADERS_WITHIN_MS = 20_000;

/**
 * Answers `GET /health/live`, `GET /health/ready` and, for a key with the scope `operations`, `GET /metrics`, as the API does
 * for its own process. Rejects when the port is taken.
 */
export async function startOperationsServer(ledger: Ledger, { host, port }: Listening): Promise<OperationsServer> {
  const server = createServer(
    { headersTimeout: HEADERS_WITHIN_MS, requestTimeout: HEADERS_WITHIN_MS },
    (...call) => void respond(ledger, ...call),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function respond(ledger: Ledger, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, text } = await answer(ledger, request).catch(answerToError);
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}

async function answer(ledger: Ledger, { method, url, headers }: IncomingMessage): Promise<Answer> {
  const path = method === 'GET' || method === 'HEAD' ? url?.split('?')[0] : undefined;
  if (path === '/health/live') return json(200, { status: 'ok' });
  if (path === '/health/ready') {
    const health = await checkHealth(ledger);
    return json(health.status === 'unavailable' ? 503 : 200, health);
  }
  if (path !== '/metrics') throw new Problem('NOT_FOUND', 'There are /health/live, /health/ready and /metrics here.');
  requireOperations(ledger, headers.authorization);
  return { status: 200, type: ledger.metrics.contentType, text: await ledger.metrics.render() };
}

function requireOperations({ apiKeys }: Ledger, authorization = ''): void {
  const [, key] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  const principal = key === undefined ? undefined : apiKeys.recognise(key);
  if (!principal) throw new Problem('UNAUTHENTICATED', 'Send a valid API key: Authorization: Bearer <key>.');
  if (!principal.scopes.has('operations'))
    throw new Problem('FORBIDDEN', 'This API key lacks the scope "operations". Use a key that has it.');
}

function answerToError(error: unknown): Answer {
  const problem = error instanceof Problem ? error : new Problem('INTERNAL', 'Nothing is known of what went wrong.');
  return { ...json(problem.status, problem), type: 'application/problem+json; charset=utf-8' };
}

function json(status: number, body: unknown): Answer {
  return { status, type: 'application/json; charset=utf-8', text: JSON.stringify(body) };
}
