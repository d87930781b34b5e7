import {
  CheckIdentityCommand,
  DiscloseCommand,
  ExtendRequestCommand,
  FulfilRequestCommand,
  ReceiveRequestCommand,
  RefuseRequestCommand,
  ShowRequestQuery,
  ShowRequestsQuery,
  type RequestAct,
  type RequestRecorded,
} from '@consent-ledger/application';
import { Problem } from '@consent-ledger/platform';
import { Body, Controller, Get, Header, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf, expectedRevisionOf, Facts } from '../http/facts.js';
import { RequireScope } from '../security/scope.decorator.js';
import { reportHeaders, ReportPage } from './report-page.js';
import {
  DisclosureDto,
  ExtensionDto,
  FulfilmentDto,
  IdentityDto,
  RefusalDto,
  RequestDto,
  RequestsDto,
} from './requests.dto.js';

const LISTED = 200;
/** A request's id is a UUID: whatever else stands in the path names none, and is not looked for in the log. */
const REQUEST_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Requests of data subjects: received, who asks established, extended, granted or refused, and what left (P9). */
@Controller('v1/requests')
@RequireScope('requests')
export class RequestsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly facts: Facts,
    private readonly page: ReportPage,
  ) {}

  @Post()
  async receive(
    @Body() dto: RequestDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { kind, note, restrict = false } = dto;
    const wanted = { kind, restrict, ...(note !== undefined && { note }) };
    return answer(reply, await this.commands.execute(new ReceiveRequestCommand(this.facts.of(dto, request), wanted)));
  }

  @Get()
  @Header('Cache-Control', 'no-store')
  list(@Query() { status = 'all', limit }: RequestsDto) {
    return this.queries.execute(new ShowRequestsQuery(status, limit === undefined ? LISTED : Number(limit)));
  }

  @Get(':id')
  @Header('Cache-Control', 'no-store')
  async show(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply) {
    const shown = await this.queries.execute(new ShowRequestQuery(valid(id)));
    void reply.header('ETag', `"${shown.revision}"`);
    return shown;
  }

  @Post(':id/identity')
  async checkIdentity(
    @Param('id') id: string,
    @Body() { method, note }: IdentityDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.commands.execute(new CheckIdentityCommand(actOn(id, request), method, note)));
  }

  @Post(':id/extension')
  async extend(
    @Param('id') id: string,
    @Body() { reason }: ExtensionDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.commands.execute(new ExtendRequestCommand(actOn(id, request), reason)));
  }

  @Post(':id/fulfilment')
  async fulfil(
    @Param('id') id: string,
    @Body() { address }: FulfilmentDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const named = address === undefined ? undefined : this.facts.nameOf(address);
    return answer(reply, await this.commands.execute(new FulfilRequestCommand(actOn(id, request), named)));
  }

  @Post(':id/refusal')
  async refuse(
    @Param('id') id: string,
    @Body() { ground, reason }: RefusalDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return answer(reply, await this.commands.execute(new RefuseRequestCommand(actOn(id, request), ground, reason)));
  }

  /** A POST: that personal data left, and to whom, is itself on record. */
  @Post(':id/disclosures')
  async disclose(
    @Param('id') id: string,
    @Body() { language = 'nl', to }: DisclosureDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const form = wantsPage(request) ? 'html' : 'json';
    const disclosure = { form, language, ...(to !== undefined && { to }) } as const;
    const command = new DiscloseCommand(actOn(id, request), disclosure);
    const { recorded, report } = await this.commands.execute(command);
    answer(reply, recorded);
    void reply.headers(form === 'html' ? { ...reportHeaders, ...this.page.headers } : reportHeaders);
    return form === 'html' ? this.page.render(report) : report;
  }
}

function actOn(id: string, request: FastifyRequest): RequestAct {
  const source = { kind: 'customer-service' } as const;
  const expectedRevision = expectedRevisionOf(request);
  return {
    requestId: valid(id),
    source,
    actor: actorOf(request, source.kind),
    correlationId: request.id,
    ...(expectedRevision !== undefined && { expectedRevision }),
  };
}

function valid(id: string): string {
  if (REQUEST_ID.test(id)) return id;
  throw new Problem('NOT_FOUND', 'There is no request with this id. See GET /v1/requests.');
}

/** 201 with what was recorded, or 200 where nothing changed; the ETag is the revision of the request. */
function answer<R extends RequestRecorded>(reply: FastifyReply, recorded: R): R {
  void reply.status(recorded.recorded.length > 0 ? 201 : 200).header('ETag', `"${recorded.revision}"`);
  return recorded;
}

/** The first of the two forms that `Accept` names; JSON where it names neither. */
function wantsPage({ headers }: FastifyRequest): boolean {
  const [first] = /text\/html|application\/json/i.exec(headers.accept ?? '') ?? [];
  return first?.toLowerCase() === 'text/html';
}
