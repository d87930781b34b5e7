import { holdsCitizenServiceNumber } from '@consent-ledger/consent';
import type { FastifyReply, FastifyRequest } from 'fastify';

const CORRELATION_ID = /^[\w.-]{1,64}$/;

/**
 * Takes the correlation id that the owner of an API key gave in `X-Correlation-Id`. It goes on record unsealed, so that of
 * anybody else is not believed, and one that holds a citizen service number (P9) keeps the id that was made up here.
 */
export function takeCorrelationId(request: FastifyRequest, reply: FastifyReply): void {
  const given = request.headers['x-correlation-id'];
  if (typeof given !== 'string' || !CORRELATION_ID.test(given) || holdsCitizenServiceNumber(given)) return;
  request.id = given;
  void reply.header('X-Correlation-Id', given);
}
