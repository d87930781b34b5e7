import { LOGGER } from '@consent-ledger/application';
import type { Logger } from '@consent-ledger/platform';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { languageOf } from './language.js';
import { Pages } from './pages.js';
import { isContention, PartlySaved } from './recipient-act.js';
import { pageHeaders } from './recipient-page.decorator.js';

type ProblemPageName = 'busy' | 'damaged' | 'partlySaved' | 'tooMany' | 'unavailable';

/** Tells a person what did not work, and never that it did, nor of an opt-out that counted that it did not (P4): the request can be made again. */
@Injectable()
export class ProblemPage {
  constructor(
    private readonly pages: Pages,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Answers a request that ended in an error, of which `status` is what an API would answer. */
  send(request: FastifyRequest, reply: FastifyReply, status: number, error: unknown): void {
    const shown = status >= 500 || isContention(error) ? 503 : status;
    if (shown === 503) {
      this.logger.error('A page failed', { route: request.routeOptions.url, correlationId: request.id, error });
      void reply.header('Retry-After', '30');
    }
    void reply
      .status(shown)
      .headers(pageHeaders)
      .send(this.render(request, pageFor(shown, request, error)));
  }

  /** A page that tells of a problem, in the language of the request. */
  render(request: FastifyRequest, page: ProblemPageName): string {
    return this.pages.render(page, languageOf(request), {});
  }
}

function pageFor(status: number, { method }: FastifyRequest, error: unknown): ProblemPageName {
  if (status === 429) return 'tooMany';
  if (status !== 503) return 'damaged';
  if (error instanceof PartlySaved) return 'partlySaved';
  return method === 'POST' ? 'busy' : 'unavailable';
}
