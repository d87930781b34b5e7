import {
  AddRecipients,
  CreateMailingCommand,
  MailingTemplates,
  ShowMailingQuery,
  type AddedRecipients,
  type Recipient,
} from '@consent-ledger/application';
import { jsonHoldsCitizenServiceNumber } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import { deterministicId, newId, Problem, validationProblem } from '@consent-ledger/platform';
import { Body, Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { LARGEST_BATCH, LargestBody } from '../http/largest-body.decorator.js';
import { Takes } from '../http/media-type.guard.js';
import { BSN_REFUSED } from '../http/free-text.decorator.js';
import { headerOf } from '../http/facts.js';
import { linesOf, parseLine } from '../http/ndjson.js';
import { RequireScope } from '../security/scope.decorator.js';
import { languages, MailingDto } from './mailing.dto.js';

@Controller('v1/mailings')
@RequireScope('mail')
export class MailingsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly recipients: AddRecipients,
    private readonly templates: MailingTemplates,
  ) {}

  @Post()
  @HttpCode(202)
  @LargestBody(LARGEST_BATCH)
  async create(@Body() dto: MailingDto, @Req() request: FastifyRequest) {
    const { purpose, template, subject, language = 'nl', variables = {} } = dto;
    const mailingId = dto.id ?? mailingIdFor(request);
    await this.templates.require({ ...dto, language, recipients: dto.recipients ?? [] });
    const mailing = { mailingId, purpose, template, language, variables, ...(subject !== undefined && { subject }) };
    await this.commands.execute(new CreateMailingCommand(mailing, request.id));
    const { position, duplicates, invalid } = await this.recipients.add(mailingId, dto.recipients ?? [], request.id);
    const shown = await this.queries.execute(new ShowMailingQuery(mailingId, position));
    return { ...shown, duplicates, invalid };
  }

  @Post(':id/recipients')
  @HttpCode(202)
  @Takes('application/x-ndjson')
  async add(@Param('id') mailingId: string, @Body() body: unknown, @Req() request: FastifyRequest) {
    if (!(body instanceof Readable))
      throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'Send the recipients as application/x-ndjson, one a line.');
    const { accepted, duplicates, invalid }: AddedRecipients = await this.recipients.add(
      mailingId,
      recipientsOf(body),
      request.id,
    );
    return { accepted, duplicates, invalid };
  }

  @Get(':id')
  show(@Param('id') mailingId: string) {
    return this.queries.execute(new ShowMailingQuery(mailingId));
  }
}

/** The same `Idempotency-Key` of the same caller is the same mailing. */
function mailingIdFor(request: FastifyRequest): string {
  const key = headerOf(request, 'idempotency-key');
  return key === undefined ? newId() : deterministicId('mailing', request.principal!.keyId, key);
}

async function* recipientsOf(body: Readable): AsyncGenerator<Recipient> {
  let number = 0;
  for await (const lines of linesOf(body))
    for (const line of lines) {
      number++;
      yield recipientOf(parseLine(line), number);
    }
}

/** A line that is no recipient stops the stream at that line: those before it are in the mailing, and may be sent again. */
function recipientOf(value: unknown, line: number): Recipient {
  const { address, language, variables, ...others } = isObject(value) ? value : {};
  const faults = [
    ...(typeof address === 'string' ? [] : ['address: is needed']),
    ...(language === undefined || languages.includes(language as 'nl')
      ? []
      : [`language: must be one of ${languages.join(', ')}`]),
    ...(variables === undefined || isObject(variables) ? [] : ['variables: must be an object']),
    ...(jsonHoldsCitizenServiceNumber(variables) ? [`variables: ${BSN_REFUSED}`] : []),
    ...Object.keys(others).map((name) => `${name}: is not a field of a recipient`),
  ];
  if (faults.length > 0) throw validationProblem(faults.map((message) => ({ field: `line ${line}`, message })));
  return {
    address: address as string,
    ...(language !== undefined && { language: language as string }),
    ...(variables !== undefined && { variables: variables as JsonObject }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
