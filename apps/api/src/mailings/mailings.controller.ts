import {
  AddRecipients,
  CLOCK,
  CreateMailingCommand,
  MailingProgress,
  POLICIES,
  ShowMailingQuery,
  TemplateCatalogue,
  TEMPLATES,
  type AddedRecipients,
  type Recipient,
} from '@consent-ledger/application';
import { policyInForce } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import { deterministicId, newId, Problem, validationProblem, type Clock } from '@consent-ledger/platform';
import {
  readTemplateReference,
  templateReference,
  type PolicyShelf,
  type TemplateShelf,
} from '@consent-ledger/projections';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { LARGEST_BATCH, LargestBody } from '../http/largest-body.decorator.js';
import { Takes } from '../http/media-type.guard.js';
import { BSN_REFUSED, holdsBsn } from '../http/free-text.decorator.js';
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
    private readonly templates: TemplateCatalogue,
    private readonly progress: MailingProgress,
    @Inject(TEMPLATES) private readonly shelf: TemplateShelf,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Post()
  @HttpCode(202)
  @LargestBody(LARGEST_BATCH)
  async create(@Body() dto: MailingDto, @Req() request: FastifyRequest) {
    const { purpose, template, subject, language = 'nl', variables = {} } = dto;
    const mailingId = dto.id ?? mailingIdFor(request);
    // Another process may have published the version that is meant.
    if (!this.templates.names.includes(template)) await this.progress.reachHead();
    this.requireTemplate(dto);
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

  private requireTemplate({ template, purpose, subject, language = 'nl', recipients = [] }: MailingDto): void {
    const reference = this.referenceOf(template);
    if (!reference) throw unknownTemplate(this.templates);
    this.requireFit(template, reference, purpose);
    const known = this.templates.languages(reference);
    const unknown = [language, ...recipients.flatMap((one) => one.language ?? [])].find((one) => !known.includes(one));
    if (unknown !== undefined)
      throw new Problem('TEMPLATE_DOES_NOT_FIT', `"${template}" is there in: ${known.join(', ')}.`, [
        { field: 'language', message: `the template is not there in "${unknown}"` },
      ]);
    if (subject === undefined && !this.templates.hasSubject(reference))
      throw validationProblem([{ field: 'subject', message: 'is needed: the template has none of its own' }]);
  }

  /** The template that a name without a version stands for now. */
  private referenceOf(name: string): string | undefined {
    if (this.templates.names.includes(name)) return name;
    const last = this.shelf.find(name);
    const reference = last ? templateReference(last.id, last.version) : name;
    return readTemplateReference(reference) && this.templates.has(reference) ? reference : undefined;
  }

  /** Advertising may not go out as service mail, which no opt-out stops (P1). */
  private requireFit(template: string, reference: string, purpose: string): void {
    const now = this.clock.now();
    const isCommercial = policyInForce(this.policies.history(), now, now).purposes.get(purpose)?.commercial ?? true;
    if (isCommercial || this.templates.kind(reference) !== 'commercial') return;
    throw new Problem(
      'TEMPLATE_DOES_NOT_FIT',
      `"${template}" is commercial and "${purpose}" is not. Use service-notice, or an operational template of your own.`,
      [{ field: 'template', message: 'is commercial, and the purpose is operational' }],
    );
  }
}

function unknownTemplate({ names }: TemplateCatalogue): Problem {
  const detail = `The service itself has: ${names.join(', ')}. Those that were published are under GET /v1/templates.`;
  return new Problem('UNKNOWN_TEMPLATE', detail, [{ field: 'template', message: 'is not a template of this service' }]);
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
    ...(holdsBsn(variables) ? [`variables: ${BSN_REFUSED}`] : []),
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
