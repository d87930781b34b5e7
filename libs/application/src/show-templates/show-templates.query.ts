import { Problem, toRfc3339 } from '@consent-ledger/platform';
import type { PublishedTemplate, TemplateContent, TemplateShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { TEMPLATES } from '../ports.js';
import { TemplateCatalogue } from '../template-catalogue.js';

/** A template that a mailing may name; one of the service itself has no version. */
export interface ListedTemplateAnswer {
  readonly id: string;
  readonly kind: TemplateContent['kind'];
  readonly languages: readonly string[];
  readonly version?: number;
  readonly publishedAt?: string;
}

/** Every template that a mailing may name: those of the service itself, then the last version of each that was published. */
export class ShowTemplatesQuery extends Query<readonly ListedTemplateAnswer[]> {}

@QueryHandler(ShowTemplatesQuery)
export class ShowTemplatesHandler implements IQueryHandler<ShowTemplatesQuery> {
  constructor(
    @Inject(TEMPLATES) private readonly shelf: TemplateShelf,
    private readonly catalogue: TemplateCatalogue,
  ) {}

  execute() {
    const own = this.catalogue.names.map((id) => ({
      id,
      kind: this.catalogue.kind(id),
      languages: this.catalogue.languages(id),
    }));
    const published = this.shelf.list().map(({ id, kind, version, languages, publishedAt }) => ({
      id,
      kind,
      languages,
      version,
      publishedAt: toRfc3339(publishedAt),
    }));
    return Promise.resolve([...own, ...published]);
  }
}

export interface TemplateAnswer extends TemplateContent {
  readonly id: string;
  readonly version: number;
  readonly publishedAt: string;
}

/** A version of a template that was published, or its last one. Throws `NOT_FOUND`. */
export class ShowTemplateQuery extends Query<TemplateAnswer> {
  constructor(
    readonly templateId: string,
    readonly version: number | undefined,
  ) {
    super();
  }
}

@QueryHandler(ShowTemplateQuery)
export class ShowTemplateHandler implements IQueryHandler<ShowTemplateQuery> {
  constructor(@Inject(TEMPLATES) private readonly shelf: TemplateShelf) {}

  execute({ templateId, version }: ShowTemplateQuery) {
    const { id, version: found, publishedAt, content } = publishedTemplate(this.shelf, templateId, version);
    return Promise.resolve({ id, version: found, publishedAt: toRfc3339(publishedAt), ...content });
  }
}

/** Throws `NOT_FOUND` for a template or a version that was never published. */
export function publishedTemplate(shelf: TemplateShelf, id: string, version: number | undefined): PublishedTemplate {
  const found = shelf.find(id, version);
  if (found) return found;
  throw new Problem('NOT_FOUND', 'No such template or version was published. See GET /v1/templates.');
}
