import type { Evidence } from '@consent-ledger/application';
import { userAgentHoldsCitizenServiceNumber } from '@consent-ledger/consent';
import type { FastifyRequest } from 'fastify';
import { clientAddress } from '../http/client-address.js';

const LONGEST_USER_AGENT = 1024;

/** From where and by what the form of a page was sent (P3); it is sealed. The URL holds no token: a link is no evidence. */
export function formEvidence(request: FastifyRequest, publicUrl: string, page: string): Evidence {
  const userAgent = request.headers['user-agent']?.slice(0, LONGEST_USER_AGENT);
  return {
    ip: clientAddress(request),
    url: `${publicUrl.replace(/\/+$/, '')}/${page}`,
    ...(userAgent !== undefined && !userAgentHoldsCitizenServiceNumber(userAgent) && { userAgent }),
  };
}
