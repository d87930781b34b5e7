import {
  PreviewTemplateQuery,
  PublishTemplateCommand,
  ShowTemplateQuery,
  ShowTemplatesQuery,
  type TemplateDraft,
} from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LARGEST_DOCUMENT, LargestBody } from '../http/largest-body.decorator.js';
import { RequireScope, RequireScopeInBrowser } from '../security/scope.decorator.js';
import { TemplatePage } from './template-page.js';
import {
  PreviewPageDto,
  TemplateDraftPreviewDto,
  TemplateDto,
  TemplatePreviewDto,
  TemplateVersionDto,
} from './template.dto.js';

/** `preview` is a path of its own. */
const TEMPLATE_ID = /^(?!preview$)[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/;

/** Templates as data: published in versions, looked at before anybody gets them. */
@Controller('v1/templates')
export class TemplatesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
    private readonly page: TemplatePage,
  ) {}

  @Get()
  @RequireScope('templates', 'mail')
  list() {
    return this.queries.execute(new ShowTemplatesQuery());
  }

  @Post('preview')
  @LargestBody(LARGEST_DOCUMENT)
  @HttpCode(200)
  @RequireScope('templates')
  previewDraft(@Body() { language, variables, ...dto }: TemplateDraftPreviewDto) {
    return this.queries.execute(new PreviewTemplateQuery({ draft: draftOf(dto) }, language, variables));
  }

  @Get(':id')
  @RequireScope('templates', 'mail')
  show(@Param('id') id: string, @Query() { version }: TemplateVersionDto) {
    return this.queries.execute(new ShowTemplateQuery(id, versionOf(version)));
  }

  @Post(':id')
  @LargestBody(LARGEST_DOCUMENT)
  @RequireScope('templates')
  async publish(
    @Param('id') id: string,
    @Body() dto: TemplateDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (!TEMPLATE_ID.test(id))
      throw validationProblem([{ field: 'id', message: 'must be 1 to 48 of a-z, 0-9 and dashes, and not "preview"' }]);
    const actor = { kind: 'agent', id: request.principal!.keyId } as const;
    const command = new PublishTemplateCommand(id, draftOf(dto), actor, request.id);
    const { isNew, published } = await this.commands.execute(command);
    void reply.status(isNew ? 201 : 200);
    return published;
  }

  @Post(':id/preview')
  @HttpCode(200)
  @RequireScope('templates', 'mail')
  preview(@Param('id') templateId: string, @Body() { language, version, variables }: TemplatePreviewDto) {
    return this.queries.execute(new PreviewTemplateQuery({ templateId, version }, language, variables));
  }

  @Get(':id/preview')
  @RequireScopeInBrowser('templates', 'mail')
  @Header('Cache-Control', 'no-store')
  async previewPage(
    @Param('id') templateId: string,
    @Query() { language, version }: PreviewPageDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const template = await this.queries.execute(new ShowTemplateQuery(templateId, versionOf(version)));
    const last = await this.queries.execute(new ShowTemplateQuery(templateId, undefined));
    const subject = { templateId, version: template.version };
    const preview = await this.queries.execute(new PreviewTemplateQuery(subject, language));
    void reply.headers(this.page.headers);
    return this.page.render({ template, preview, lastVersion: last.version });
  }
}

function versionOf(version: string | undefined): number | undefined {
  return version === undefined ? undefined : Number(version);
}

/** What the body says and no more: what is absent from it is absent from the log. */
function draftOf({ kind, languages, sample }: TemplateDto): TemplateDraft {
  const parts = Object.entries(languages).filter(([, part]) => part !== undefined);
  return {
    kind,
    languages: Object.fromEntries(parts.map(([language, part]) => [language, { ...part }])),
    ...(sample !== undefined && { sample: { ...sample } }),
  };
}
