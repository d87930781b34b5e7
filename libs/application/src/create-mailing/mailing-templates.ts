import { Problem, validationProblem, type Clock } from '@consent-ledger/platform';
import {
  readTemplateReference,
  templateReference,
  type PolicyShelf,
  type TemplateShelf,
} from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { currentPolicy } from '../current-policy.js';
import { MailingProgress } from '../mailing-progress.js';
import { CLOCK, POLICIES, TEMPLATES } from '../ports.js';
import { TemplateCatalogue } from '../template-catalogue.js';

/** What a mailing that is asked for says of its template. */
export interface WantedTemplate {
  readonly template: string;
  readonly purpose: string;
  readonly subject?: string;
  readonly language: string;
  readonly recipients: Iterable<{ readonly language?: string }>;
}

/** Whether a mailing can be made of the template that it names, before it is created. */
@Injectable()
export class MailingTemplates {
  constructor(
    private readonly templates: TemplateCatalogue,
    private readonly progress: MailingProgress,
    @Inject(TEMPLATES) private readonly shelf: TemplateShelf,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws the problem `UNKNOWN_TEMPLATE`, `TEMPLATE_DOES_NOT_FIT` or, where a subject is missing, `VALIDATION`. */
  async require({ template, purpose, subject, language, recipients }: WantedTemplate): Promise<void> {
    // Another process may have published the version that is meant.
    if (!this.templates.names.includes(template)) await this.progress.reachHead();
    const reference = this.referenceOf(template);
    if (!reference) throw unknownTemplate(this.templates);
    this.requireFit(template, reference, purpose);
    this.requireLanguages(template, reference, [language, ...languagesOf(recipients)]);
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

  private requireLanguages(template: string, reference: string, wanted: readonly string[]): void {
    const known = this.templates.languages(reference);
    const unknown = wanted.find((language) => !known.includes(language));
    if (unknown === undefined) return;
    throw new Problem('TEMPLATE_DOES_NOT_FIT', `"${template}" is there in: ${known.join(', ')}.`, [
      { field: 'language', message: `the template is not there in "${unknown}"` },
    ]);
  }

  /** Advertising may not go out as service mail, which no opt-out stops (P1). */
  private requireFit(template: string, reference: string, purpose: string): void {
    const isCommercial = currentPolicy(this.policies, this.clock).purposes.get(purpose)?.commercial ?? true;
    if (isCommercial || this.templates.kind(reference) !== 'commercial') return;
    throw new Problem(
      'TEMPLATE_DOES_NOT_FIT',
      `"${template}" is commercial and "${purpose}" is not. Use service-notice, or an operational template of your own.`,
      [{ field: 'template', message: 'is commercial, and the purpose is operational' }],
    );
  }
}

function languagesOf(recipients: WantedTemplate['recipients']): string[] {
  return [...recipients].flatMap(({ language }) => language ?? []);
}

function unknownTemplate({ names }: TemplateCatalogue): Problem {
  const detail = `The service itself has: ${names.join(', ')}. Those that were published are under GET /v1/templates.`;
  return new Problem('UNKNOWN_TEMPLATE', detail, [{ field: 'template', message: 'is not a template of this service' }]);
}
