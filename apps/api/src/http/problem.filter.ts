import { Problem, storageFaultIn, withoutAddresses, type Logger, type ProblemCode } from '@consent-ledger/platform';
import { LOGGER } from '@consent-ledger/application';
import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemPage } from '../recipients/problem-page.js';
import { isRecipientPage, isUnderRecipientPages } from '../recipients/recipient-page.decorator.js';

/**
 * Turns every error into problem details (RFC 9457), and for a recipient into a page. What was not expected is logged, and
 * told as no more than that.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly page: ProblemPage,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = problemFor(error);
    const isLost = problem.code === 'NOT_FOUND' && isUnderRecipientPages(request);
    if (isRecipientPage(request) || isLost) return this.page.send(request, reply, problem.status, error);
    if (problem.status >= 500)
      this.logger.error('A request failed', { route: request.routeOptions.url, correlationId: request.id, error });
    if (problem.code === 'UNAVAILABLE') void reply.header('Retry-After', '5');
    sendProblem(reply, problem, request.id);
  }
}

/** Answers with a problem. What it repeats of the request may hold an address, which is taken out. */
export function sendProblem(reply: FastifyReply, problem: Problem, correlationId: string): void {
  void reply
    .status(problem.status)
    .header('Content-Type', 'application/problem+json; charset=utf-8')
    .send(problemText(problem, correlationId));
}

/** A problem as JSON text without addresses. */
export function problemText(problem: Problem, correlationId: string): string {
  return JSON.stringify({ ...problem.toJSON(), correlationId }, (_name, value: unknown) => withoutAddress(value));
}

function withoutAddress(value: unknown): unknown {
  return typeof value === 'string' ? withoutAddresses(value) : value;
}

const byStatus: Record<number, readonly [code: ProblemCode, detail: string]> = {
  400: ['VALIDATION', 'The body cannot be read: send valid JSON.'],
  404: ['NOT_FOUND', 'There is nothing at this path. See GET /openapi.json for what there is.'],
  413: ['PAYLOAD_TOO_LARGE', 'Send less at once.'],
  415: ['UNSUPPORTED_MEDIA_TYPE', 'Send application/json, or application/x-ndjson where the route takes it.'],
};

/** The problem that an error of any layer is told as. */
export function problemFor(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const known = byStatus[statusOf(error) ?? 500];
  if (known) return new Problem(...known);
  const fault = storageFaultIn(error);
  if (fault === 'KEY_REMNANT')
    return new Problem(
      'UNAVAILABLE',
      'The key of this person is destroyed, so nothing of theirs can be read any more, but its bytes cannot be removed yet: a backup, a report or another long transaction holds on to them. No erasure is told as done before they are gone: send the request again once that has ended.',
    );
  if (fault)
    return new Problem(
      'UNAVAILABLE',
      'What is stored cannot be read or written now, so do not count on what you sent. Send the request again.',
    );
  return new Problem('INTERNAL', 'Nothing is known of what went wrong but the correlationId: give it to the operator.');
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
