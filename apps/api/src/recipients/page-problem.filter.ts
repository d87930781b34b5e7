import { LOGGER } from '@consent-ledger/application';
import type { Logger } from '@consent-ledger/platform';
import { Catch, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemFor } from '../http/problem.filter.js';
import { languageOf } from './language.js';
import { Pages } from './pages.js';

/** Tells a person that it did not work, and never that it did: the request can be made again. */
@Catch()
export class PageProblemFilter implements ExceptionFilter {
  constructor(
    private readonly pages: Pages,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { status } = problemFor(error);
    const shown = status >= 500 ? 503 : status;
    if (shown === 503) {
      this.logger.error('A page failed', { route: request.routeOptions.url, correlationId: request.id, error });
      void reply.header('Retry-After', '30');
    }
    const { lang } = request.query as { lang?: unknown };
    const page = this.pages.render(shown === 503 ? 'busy' : 'damaged', languageOf(request, lang), {});
    void reply
      .status(shown)
      .header('Content-Type', 'text/html; charset=utf-8')
      .header('Cache-Control', 'no-store')
      .send(page);
  }
}
