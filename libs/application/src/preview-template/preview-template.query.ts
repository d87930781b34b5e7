import type { JsonObject } from '@consent-ledger/event-store';
import { Problem, validationProblem } from '@consent-ledger/platform';
import type { TemplateShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { TEMPLATES } from '../ports.js';
import { publishedTemplate } from '../show-templates/show-templates.query.js';
import { TemplateCatalogue, type RenderedTemplate, type TemplateDraft } from '../template-catalogue.js';
import { TemplateSettings } from '../template-settings.js';

/** What is to be shown: a draft, or a version that was published (the last one when none is named). */
export type PreviewSubject =
  { readonly draft: TemplateDraft } | { readonly templateId: string; readonly version: number | undefined };

/** A template as a reader would get it, with its own sample or with other data. Nothing is recorded and nothing is sent. */
export class PreviewTemplateQuery extends Query<RenderedTemplate & { readonly language: string }> {
  constructor(
    readonly subject: PreviewSubject,
    /** The first one of the template when absent. */
    readonly language?: string,
    readonly variables?: JsonObject,
  ) {
    super();
  }
}

@QueryHandler(PreviewTemplateQuery)
export class PreviewTemplateHandler implements IQueryHandler<PreviewTemplateQuery> {
  constructor(
    @Inject(TEMPLATES) private readonly shelf: TemplateShelf,
    private readonly catalogue: TemplateCatalogue,
    private readonly settings: TemplateSettings,
  ) {}

  execute({ subject, language: wanted, variables }: PreviewTemplateQuery) {
    const template =
      'draft' in subject
        ? this.settings.contentOf(subject.draft)
        : publishedTemplate(this.shelf, subject.templateId, subject.version).content;
    const languages = Object.keys(template.languages);
    const language = wanted ?? languages[0]!;
    if (!languages.includes(language))
      throw validationProblem([{ field: 'language', message: `must be one of ${languages.join(', ')}` }]);
    const rendered = this.catalogue.preview(template, language, this.settings.current(), variables);
    if ('fault' in rendered)
      throw new Problem('INVALID_TEMPLATE', 'Give the template variables that it can be rendered with.', [
        { field: 'variables', message: rendered.fault },
      ]);
    return Promise.resolve({ language, ...rendered });
  }
}
