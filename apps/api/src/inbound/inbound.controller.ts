import { ReceiveMail, type MailReader, type ReceivedMail } from '@consent-ledger/application';
import { Problem, validationProblem } from '@consent-ledger/platform';
import { Body, Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Takes } from '../http/media-type.guard.js';
import { RequireScope } from '../security/scope.decorator.js';
import { MAIL_READER } from './mail-reader.js';

/** Mail that came in and that another server passes on as it received it (RFC 5322): bounces, complaints, opt-outs (P4). */
@Controller('v1/inbound')
@RequireScope('inbound')
export class InboundController {
  constructor(
    private readonly receiveMail: ReceiveMail,
    @Inject(MAIL_READER) private readonly reader: MailReader,
  ) {}

  @Post()
  @HttpCode(200)
  @Takes('message/rfc822')
  receive(@Body() body: unknown, @Req() request: FastifyRequest): Promise<ReceivedMail> {
    if (!Buffer.isBuffer(body)) throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the message as message/rfc822.');
    if (body.length === 0) throw validationProblem([{ field: 'body', message: 'must be a message' }]);
    const { principal, id } = request;
    const mail = { raw: body, envelope: envelopeOf(request) };
    const origin = { correlationId: id, ...(principal && { keyId: principal.keyId }) };
    return this.receiveMail.receive(this.reader, mail, origin);
  }
}

const MAX_ENVELOPE = 4096;

/** Addresses stand in headers: a URL is written down in too many places. */
function envelopeOf(request: FastifyRequest) {
  const from = addressesIn(request, 'x-envelope-from');
  const to = addressesIn(request, 'x-envelope-to');
  return { ...(from && { from: from[0] ?? '' }), ...(to && { to }) };
}

function addressesIn({ headers }: FastifyRequest, name: 'x-envelope-from' | 'x-envelope-to'): string[] | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.length > MAX_ENVELOPE)
    throw validationProblem([{ field: name, message: `must be one header of at most ${MAX_ENVELOPE} characters` }]);
  return value
    .split(',')
    .map((address) => address.trim().replace(/^<(.*)>$/, '$1'))
    .filter((address) => address !== '');
}
