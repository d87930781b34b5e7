import type { PolicyDocument } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import type { FieldError } from '@consent-ledger/platform';
import type { TemplateContent } from '@consent-ledger/projections';

/** A template as it is sent in: a body may turn out to be missing. */
export interface TemplateDraft extends Omit<TemplateContent, 'languages'> {
  readonly languages: Readonly<Record<string, Partial<TemplateContent['languages'][string]>>>;
}

/** Who sends, and what stands in for the link and the name of the purpose in a language, while nobody gets the message. */
export interface TemplateSetting {
  readonly controller: PolicyDocument['controller'];
  readonly unsubscribeUrl: string;
  readonly stops: (language: string) => string;
}

/** A message as somebody would get it. */
export interface RenderedTemplate {
  readonly subject: string | null;
  readonly html: string;
  readonly text: string;
  /** How long the bodies are in UTF-8. */
  readonly bytes: { readonly html: number; readonly text: number };
  /** What a reader or their mail program might trip over. */
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

/** Why a template could not be rendered; the message names no value. */
export interface RenderingFault {
  readonly fault: string;
}

/** The templates: those that a mailing may name, and what can be made of one. The app that knows templates brings it. */
export abstract class TemplateCatalogue {
  /** Those that the service was started with. */
  abstract readonly names: readonly string[];
  /** Whether a message can be made of this: a name of those, or `id@version` of one that was published. */
  abstract has(reference: string): boolean;
  /** Whether what the template says is commercial; an operational message may not be made of it. */
  abstract kind(reference: string): 'commercial' | 'operational';
  abstract languages(reference: string): readonly string[];
  /** Whether it has a subject of its own in every language. */
  abstract hasSubject(reference: string): boolean;
  /** Everything for which a template may not be published; empty when it may. */
  abstract faultsOf(draft: TemplateDraft, setting: TemplateSetting): readonly FieldError[];
  /** Renders a template that has no faults, as far as the variables fit it. */
  abstract preview(
    draft: TemplateDraft,
    language: string,
    setting: TemplateSetting,
    variables: JsonObject | undefined,
  ): RenderedTemplate | RenderingFault;
}
