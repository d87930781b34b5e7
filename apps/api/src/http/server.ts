import { MAX_INBOUND_BYTES } from '@consent-ledger/mail';
import { newId, Problem, type Configuration, type Logger, type Metrics } from '@consent-ledger/platform';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readFormData } from './form-data.js';
import { boundBodies, LARGEST_BODY } from './largest-body.decorator.js';
import { Limits } from './limits.js';
import { answerOptions } from './options.js';
import { sendProblem } from './problem.filter.js';
import { limitPages } from '../recipients/page-limits.js';
import { ProblemPage } from '../recipients/problem-page.js';
import { isRecipientPage, isUnderRecipientPages } from '../recipients/recipient-page.decorator.js';
import { scannerSign } from '../recipients/scanners.js';
import { safeHeaders } from './safe-headers.js';
import { breakOffSlowRequests } from './slow-requests.js';
import { validation } from './validation.js';

/** Bodies that are read as they come, in constant memory. */
const STREAMED = ['application/x-ndjson', 'text/csv'];

/** Slow enough for a phone in a tunnel; who is slower holds a connection that others may need. */
const HEADERS_WITHIN_MS = 20_000;
const BODY_WITHIN_MS = 60_000;
const MOST_CONNECTIONS = 4096;

/** The forms that a recipient's post may be; any other body is passed over, because the link alone says what is meant. */
const READABLE = /^(application\/x-www-form-urlencoded\b|multipart\/form-data;.*\bboundary=)/i;
const UNREADABLE = 'application/octet-stream';

/** The adapter is made before the pages are, and a path that cannot be read reaches no route. */
const problemPages = new WeakMap<object, ProblemPage>();

/** Fastify as this API needs it: bounded bodies, and a correlation id for each request. */
export function createHttpAdapter({
  TRUSTED_PROXIES,
  PUBLIC_URL,
}: Pick<Configuration, 'TRUSTED_PROXIES' | 'PUBLIC_URL'>): FastifyAdapter {
  const adapter: FastifyAdapter = new FastifyAdapter({
    trustProxy: TRUSTED_PROXIES ?? false,
    bodyLimit: LARGEST_BODY,
    // It knows no streams: see breakOffSlowRequests.
    requestTimeout: 0,
    http: { headersTimeout: HEADERS_WITHIN_MS },
    routerOptions: { maxParamLength: 2048, ignoreTrailingSlash: true },
    frameworkErrors: (_error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      void reply.header('X-Correlation-Id', request.id).headers(safeHeaders(PUBLIC_URL ?? ''));
      const unreadable = new Problem('VALIDATION', 'The path cannot be read: it is too long, or not in UTF-8.');
      const page = isUnderRecipientPages(request) ? problemPages.get(adapter) : undefined;
      if (page) return page.send(request, reply, unreadable.status, unreadable);
      sendProblem(reply, unreadable, request.id);
    },
    requestIdHeader: false,
    genReqId: newId,
  });
  return adapter;
}

/** Readies an application for HTTP: body types, validation, the correlation header, times and the request log. */
export async function configureHttp(
  app: NestFastifyApplication,
  { logger, metrics, publicUrl }: { readonly logger: Logger; readonly metrics: Metrics; readonly publicUrl: string },
): Promise<void> {
  app.useGlobalPipes(validation);
  app.useBodyParser('application/x-www-form-urlencoded', { bodyLimit: LARGEST_BODY });
  const fastify = app.getHttpAdapter().getInstance();
  const safe = safeHeaders(publicUrl);
  problemPages.set(app.getHttpAdapter(), app.get(ProblemPage));
  fastify.server.maxConnections = MOST_CONNECTIONS;
  answerOptions(fastify);
  boundBodies(fastify);
  breakOffSlowRequests(fastify, { afterMs: BODY_WITHIN_MS, everyMs: 5_000, streamed: STREAMED });
  limitPages(fastify, app.get(Limits), app.get(ProblemPage));
  for (const streamed of STREAMED) fastify.addContentTypeParser(streamed, (_request, body, done) => done(null, body));
  fastify.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: LARGEST_BODY },
    ({ headers }: FastifyRequest, body: Buffer) => readFormData(headers['content-type']!, body),
  );
  fastify.addContentTypeParser(
    'message/rfc822',
    { parseAs: 'buffer', bodyLimit: MAX_INBOUND_BYTES },
    (_request, body, done) => done(null, body),
  );
  fastify.addContentTypeParser(UNREADABLE, { parseAs: 'buffer', bodyLimit: LARGEST_BODY }, (_request, _body, done) =>
    done(null, {}),
  );
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('X-Correlation-Id', request.id).headers(safe);
    if (isRecipientPage(request) && !READABLE.test(request.headers['content-type'] ?? ''))
      request.headers['content-type'] = UNREADABLE;
    done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    observe(request, reply, logger, metrics);
    done();
  });
}

/** The route's pattern is told, never its path: a path may hold a link's token. */
function observe(request: FastifyRequest, reply: FastifyReply, logger: Logger, metrics: Metrics): void {
  const route = request.routeOptions.url ?? 'none';
  metrics.request(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
  const sign = isRecipientPage(request) ? scannerSign(request) : undefined;
  if (sign) metrics.scanned(route, sign);
  logger.debug('Answered', {
    method: request.method,
    route,
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime),
    correlationId: request.id,
    keyId: request.principal?.keyId,
  });
}
