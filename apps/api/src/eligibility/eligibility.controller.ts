import { Eligibility, type EligibilityAnswer } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { Facts } from '../http/facts.js';
import { parseInstant } from '../http/instant.decorator.js';
import { LARGEST_BATCH, LargestBody } from '../http/largest-body.decorator.js';
import { Takes } from '../http/media-type.guard.js';
import { RequireScope } from '../security/scope.decorator.js';
import { answerBatch, answerStream } from './batch.js';
import { readBatch, readQuestion } from './eligibility.schema.js';

/**
 * "May I send this?": the hottest routes of the service, so the question goes straight to the application. It is taken
 * from the request and not by `@Body()`, which would send it through the validation of DTOs for nothing.
 */
@Controller('v1/eligibility')
@RequireScope('eligibility')
export class EligibilityController {
  constructor(
    private readonly eligibility: Eligibility,
    private readonly facts: Facts,
  ) {}

  @Post()
  @HttpCode(200)
  ask(@Req() { body }: FastifyRequest): EligibilityAnswer | Promise<EligibilityAnswer> {
    const question = readQuestion(body);
    if (Array.isArray(question)) throw validationProblem(question);
    const { contactId } = this.facts.contactOf(question);
    const { purpose, at, knownAt, consistency, minPosition } = question;
    return this.eligibility.ask({
      contactId,
      purpose,
      ...(at !== undefined && { at: parseInstant(at)! }),
      ...(knownAt !== undefined && { knownAt: parseInstant(knownAt)! }),
      ...(consistency && { consistency }),
      ...(minPosition !== undefined && { minPosition }),
    });
  }

  @Post('batch')
  @HttpCode(200)
  @LargestBody(LARGEST_BATCH)
  @Takes('application/json', 'application/x-ndjson')
  async askBatch(
    @Req() { body }: FastifyRequest,
    @Query('purpose') purpose: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    if (!(body instanceof Readable)) return this.askMany(body, reply);
    if (typeof purpose !== 'string')
      throw validationProblem([{ field: 'purpose', message: 'is needed in the query: ?purpose=<name>' }]);
    const batch = await this.eligibility.openBatch(purpose);
    void reply.header('Content-Type', 'application/x-ndjson; charset=utf-8');
    return answerStream(batch, body);
  }

  private async askMany(body: unknown, reply: FastifyReply): Promise<string> {
    const request = readBatch(body);
    if (Array.isArray(request)) throw validationProblem(request);
    const { purpose, addresses, minPosition } = request;
    const batch = await this.eligibility.openBatch(purpose, minPosition);
    void reply.header('Content-Type', 'application/json; charset=utf-8');
    return answerBatch(batch, addresses);
  }
}
