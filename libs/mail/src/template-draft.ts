import type { PolicyDocument } from '@consent-ledger/consent';
import { faultsOfHtml } from './html-source.js';
import { MessageRefused } from './message-refused.js';
import { BOUNDS, escapeHtml, type Format } from './template-engine.js';
import type { TemplateFault } from './template-fault.js';
import { parseTemplate } from './template-language.js';
import { attributeOf, piecesOf } from './visible-html.js';
import type { TemplateVariables } from './template-variables.js';
import {
  makeTemplate,
  partialsOf,
  renderTemplate,
  type Layout,
  type LocalisedSource,
  type RenderContext,
  type TemplateKind,
  type Templates,
} from './templates.js';

/** A template as somebody sends it in, with data to show it by. Both bodies may turn out to be missing. */
export interface TemplateDraft {
  readonly kind: TemplateKind;
  readonly languages: Readonly<Record<string, Partial<LocalisedSource>>>;
  readonly sample?: TemplateVariables;
}

/** Who sends, and what stands in for the link and the name of the purpose in a language. */
export interface DraftSetting {
  readonly controller: PolicyDocument['controller'];
  readonly unsubscribeUrl: string;
  readonly stops: (language: string) => string;
}

/** What is wrong with a field of a draft. */
export interface DraftFault {
  /** Such as `languages.nl.html`. */
  readonly field: string;
  readonly message: string;
}

/** The longest that each part may be: bytes as it is written and, for a body, bytes as it is rendered; characters for a subject. */
export const DRAFT_BOUNDS = { html: 200 * 1024, text: 100 * 1024, subject: 256, sample: 64 * 1024 } as const;

/**
 * Everything for which a draft is refused: a part that is missing, too long or not the language of templates; HTML that does
 * not belong in a mail; and what its own sample shows, such as a commercial message without a way out (P4) or a sender
 * (Tw 11.7). Empty when it may be published.
 */
export function faultsOfDraft(draft: TemplateDraft, layout: Layout, setting: DraftSetting): DraftFault[] {
  const languages = Object.entries(draft.languages);
  if (languages.length === 0) return [{ field: 'languages', message: 'must hold at least one language' }];
  const sample = JSON.stringify(draft.sample ?? {});
  if (Buffer.byteLength(sample) > DRAFT_BOUNDS.sample)
    return [{ field: 'sample', message: `must be at most ${DRAFT_BOUNDS.sample} bytes` }];
  return languages.flatMap(([language, source]) => {
    const faults = faultsOfParts(language, source, layout);
    return faults.length > 0 ? faults : faultsOfRendering(draft, language, layout, setting);
  });
}

function faultsOfParts(language: string, source: Partial<LocalisedSource>, layout: Layout): DraftFault[] {
  const field = `languages.${language}`;
  if (!layout.has(`${language}.footer.html.hbs`))
    return [{ field, message: 'is a language that the layout does not know' }];
  return [
    ...faultsOfBody(`${field}.html`, source.html, 'html', Object.keys(partialsOf(layout, language, 'html'))),
    ...faultsOfBody(`${field}.text`, source.text, 'text', Object.keys(partialsOf(layout, language, 'text'))),
    ...(source.subject === undefined ? [] : faultsOfSubject(`${field}.subject`, source.subject)),
  ];
}

function faultsOfBody(
  field: string,
  source: string | undefined,
  format: Format,
  partials: readonly string[],
): DraftFault[] {
  if (source === undefined || source.trim() === '')
    return [{ field, message: 'is missing: a mail has HTML and plain text' }];
  if (Buffer.byteLength(source) > DRAFT_BOUNDS[format])
    return [{ field, message: `must be at most ${DRAFT_BOUNDS[format]} bytes` }];
  const { nodes, faults } = parseTemplate(source, partials);
  const wrong = faults.length > 0 || format === 'text' ? faults : faultsOfHtml(nodes);
  return wrong.map((fault) => told(field, fault));
}

function faultsOfSubject(field: string, subject: string): DraftFault[] {
  if (subject.trim() === '' || subject.length > DRAFT_BOUNDS.subject || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(subject))
    return [{ field, message: `must be one line of 1 to ${DRAFT_BOUNDS.subject} characters` }];
  return parseTemplate(subject, []).faults.map((fault) => told(field, fault));
}

function told(field: string, { line, message }: TemplateFault): DraftFault {
  return { field, message: `line ${line} ${message}` };
}

function faultsOfRendering(
  draft: TemplateDraft,
  language: string,
  layout: Layout,
  setting: DraftSetting,
): DraftFault[] {
  try {
    const { html } = renderDraft(draft, language, layout, setting, draft.sample ?? {});
    if (Buffer.byteLength(html) <= BOUNDS.characters) return [];
    return [{ field: `languages.${language}.html`, message: `must render to at most ${BOUNDS.characters} bytes` }];
  } catch (error) {
    if (!(error instanceof MessageRefused)) throw error;
    return [{ field: `languages.${language}`, message: `${error.message} (${error.code}, with the sample)` }];
  }
}

/** Something that a reader of a message, or their mail program, might trip over; it stops nothing. */
export interface PreviewWarning {
  readonly code: 'CLIPPED' | 'SUBJECT_MISSING' | 'IMAGE_WITHOUT_TEXT' | 'LINK_NOT_HTTPS';
  readonly message: string;
}

/** A message as somebody would get it. */
export interface TemplatePreview {
  readonly subject: string | null;
  readonly html: string;
  readonly text: string;
  /** How long the bodies are in UTF-8. */
  readonly bytes: { readonly html: number; readonly text: number };
  readonly warnings: readonly PreviewWarning[];
}

/** Renders a draft that has no faults. Throws `MessageRefused` as rendering does. */
export function previewDraft(
  draft: TemplateDraft,
  language: string,
  layout: Layout,
  setting: DraftSetting,
  variables: TemplateVariables = draft.sample ?? {},
): TemplatePreview {
  const { html, text, subject = null } = renderDraft(draft, language, layout, setting, variables);
  const bytes = { html: Buffer.byteLength(html), text: Buffer.byteLength(text) };
  return { subject, html, text, bytes, warnings: warningsOf(withoutOwnLink(html, setting), bytes.html, subject) };
}

function renderDraft(
  { kind, languages }: TemplateDraft,
  language: string,
  layout: Layout,
  { controller, unsubscribeUrl, stops }: DraftSetting,
  variables: TemplateVariables,
) {
  const { html = '', text = '', subject } = languages[language] ?? {};
  const source = languages[language] && { [language]: { html, text, ...(subject !== undefined && { subject }) } };
  const purpose: RenderContext['purpose'] =
    kind === 'commercial' ? { kind, stops: stops(language), unsubscribeUrl } : { kind };
  const template = makeTemplate('preview', { kind, languages: source ?? {} }, layout);
  return renderTemplate(template, language, { controller, purpose, variables });
}

/** The way out is the service's own, whatever it is reached by on this machine. */
function withoutOwnLink(html: string, { unsubscribeUrl }: DraftSetting): string {
  return html.replaceAll(escapeHtml(unsubscribeUrl), '');
}

/** Gmail cuts a message off here, and the way out with it. */
const GMAIL_CLIPS_AT = 102 * 1024;

function warningsOf(html: string, bytes: number, subject: string | null): PreviewWarning[] {
  const warnings: PreviewWarning[] = [];
  if (bytes >= GMAIL_CLIPS_AT)
    warnings.push({
      code: 'CLIPPED',
      message: `The HTML is ${bytes} bytes: Gmail shows the first ${GMAIL_CLIPS_AT} and hides the rest, with the unsubscribe link.`,
    });
  if (subject === null)
    warnings.push({ code: 'SUBJECT_MISSING', message: 'There is no subject: each mailing has to bring its own.' });
  const tags = [...piecesOf(html)].filter(({ kind }) => kind === 'opening');
  if (tags.some((tag) => tag.element === 'img' && attributeOf(tag, 'alt') === undefined))
    warnings.push({
      code: 'IMAGE_WITHOUT_TEXT',
      message: 'An image has no alt: whoever does not load images sees nothing.',
    });
  if (tags.some((tag) => /^\s*http:/i.test(attributeOf(tag, 'href') ?? attributeOf(tag, 'src') ?? '')))
    warnings.push({ code: 'LINK_NOT_HTTPS', message: 'A link or an image begins with http: rather than https:.' });
  return warnings;
}

/** Why a template could not be rendered; the message names no value. */
export interface PreviewFault {
  readonly fault: string;
}

/** What others may ask of the templates: which there are, what is wrong with a new one, and how it would look. */
export interface Catalogue extends Pick<Templates, 'names' | 'has' | 'kind' | 'languages' | 'hasSubject'> {
  faultsOf(draft: TemplateDraft, setting: DraftSetting): DraftFault[];
  preview(
    draft: TemplateDraft,
    language: string,
    setting: DraftSetting,
    variables?: TemplateVariables,
  ): TemplatePreview | PreviewFault;
}

/** The templates as a catalogue, in which a new one is judged by their layout. */
export function catalogueOf(templates: Templates): Catalogue {
  const { layout } = templates;
  return {
    ...templates,
    faultsOf: (draft, setting) => faultsOfDraft(draft, layout, setting),
    preview(draft, language, setting, variables) {
      try {
        return previewDraft(draft, language, layout, setting, variables);
      } catch (error) {
        if (error instanceof MessageRefused) return { fault: `${error.message} (${error.code})` };
        throw error;
      }
    },
  };
}
