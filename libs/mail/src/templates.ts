import type { PolicyDocument } from '@consent-ledger/consent';
import { refuseUnlawful, type MessageBodies } from './commercial-content.js';
import { MessageRefused } from './message-refused.js';
import { compileTemplate, type Format, type Renderer } from './template-engine.js';
import { ownData, type TemplateVariables } from './template-variables.js';

export type { MessageBodies } from './commercial-content.js';
export type { TemplateVariables } from './template-variables.js';

export type TemplateKind = 'commercial' | 'operational';

/** What a message is for, as its reader is told. `stops` names the mails that the link ends, in the reader's language. */
export type RenderPurpose =
  | { readonly kind: 'commercial'; readonly stops: string; readonly unsubscribeUrl: string }
  | { readonly kind: 'operational' };

export interface RenderContext {
  readonly controller: PolicyDocument['controller'];
  readonly purpose: RenderPurpose;
  readonly variables: TemplateVariables;
}

/** A message as a template makes it; `subject` only where the template has one of its own. */
export interface RenderedMessage extends MessageBodies {
  readonly subject?: string;
}

/** A template in one language as it was written. */
export interface LocalisedSource extends MessageBodies {
  readonly subject?: string;
}

/** A template as it was written, by language tag. */
export interface TemplateSource {
  readonly kind: TemplateKind;
  readonly languages: Readonly<Record<string, LocalisedSource>>;
}

/** The layout and the footers, by their file names. */
export type Layout = ReadonlyMap<string, string>;

/** Finds what was published under a reference such as `spring@3`; `undefined` when nothing was. */
export type FindPublished = (reference: string) => TemplateSource | undefined;

/** The templates that a message can be made of: those that were loaded, by name, and those that were published, by `id@version`. */
export interface Templates {
  /** Those that were loaded. */
  readonly names: readonly string[];
  /** What is sent in the shipped words, since the folder that was loaded lacks it: `<template>`, or `<template>/<language>`. */
  readonly standIns: readonly string[];
  readonly layout: Layout;
  has(name: string): boolean;
  /** Whether what the template says is advertising. Throws `UNKNOWN_TEMPLATE`. */
  kind(name: string): TemplateKind;
  /** The languages that a template is there in. Throws `UNKNOWN_TEMPLATE`. */
  languages(name: string): readonly string[];
  /** Whether a template has a subject of its own in every language. Throws `UNKNOWN_TEMPLATE`. */
  hasSubject(name: string): boolean;
  /**
   * Renders HTML and plain text. Throws `MessageRefused`: `UNKNOWN_TEMPLATE`, `UNKNOWN_LANGUAGE`, `INVALID_VARIABLES`,
   * `TEMPLATE_OUT_OF_BOUNDS`; `COMMERCIAL_TEMPLATE` when advertising would go out as operational mail (P1);
   * `UNSUBSCRIBE_LINK_MISSING` and `SENDER_IDENTITY_MISSING` when the reader of a commercial message would not find them in
   * what was rendered (P4).
   */
  render(name: string, language: string, context: RenderContext): RenderedMessage;
  /** These templates, and beside them those that were published. */
  withPublished(find: FindPublished): Templates;
}

/** A template made ready. */
export interface Template {
  readonly name: string;
  readonly kind: TemplateKind;
  readonly languages: ReadonlyMap<string, Localised>;
}

interface Localised {
  readonly html: Renderer;
  readonly text: Renderer;
  readonly subject: Renderer | undefined;
}

/** As many published templates stay ready to be rendered. */
const KEPT_READY = 50;

/** Templates that were loaded, and the layout in which they are rendered. */
export interface LoadedTemplates extends Pick<Templates, 'standIns' | 'layout'> {
  readonly loaded: ReadonlyMap<string, Template>;
}

/** The templates that were loaded, and those that were published. */
export function createTemplates(from: LoadedTemplates, published: FindPublished = () => undefined): Templates {
  const { loaded, standIns, layout } = from;
  const ready = new Map<string, Template>();
  const find = (name: string): Template | undefined => {
    const found = loaded.get(name) ?? ready.get(name);
    if (found) return found;
    const source = published(name);
    if (!source) return undefined;
    const template = makeTemplate(name, source, layout);
    if (ready.size >= KEPT_READY) ready.delete(ready.keys().next().value!);
    ready.set(name, template);
    return template;
  };
  const template = (name: string): Template => {
    const found = find(name);
    if (found) return found;
    const known = [...loaded.keys()].join(', ');
    throw new MessageRefused('UNKNOWN_TEMPLATE', `There is no template "${name}"; there are: ${known}.`);
  };
  return {
    names: [...loaded.keys()],
    standIns,
    layout,
    has: (name) => find(name) !== undefined,
    kind: (name) => template(name).kind,
    languages: (name) => [...template(name).languages.keys()],
    hasSubject: (name) => [...template(name).languages.values()].every(({ subject }) => subject !== undefined),
    render: (name, language, context) => renderTemplate(template(name), language, context),
    withPublished: (further) => createTemplates(from, further),
  };
}

/** Makes a template ready. Throws `MessageRefused` with `INVALID_TEMPLATE` that names the part and its line. */
export function makeTemplate(name: string, { kind, languages }: TemplateSource, layout: Layout): Template {
  const localised = Object.entries(languages).map(([language, { html, text, subject }]) => {
    const make = (source: string, format: Format, partials: Readonly<Record<string, string>>) =>
      makeRenderer(`${name}/${language}.${format}.hbs`, source, format, partials);
    return [
      language,
      {
        html: make(html, 'html', partialsOf(layout, language, 'html')),
        text: make(text, 'text', partialsOf(layout, language, 'text')),
        subject: subject === undefined ? undefined : make(subject, 'text', {}),
      },
    ] as const;
  });
  return { name, kind, languages: new Map(localised) };
}

function makeRenderer(
  part: string,
  source: string,
  format: Format,
  partials: Readonly<Record<string, string>>,
): Renderer {
  try {
    return compileTemplate(source, partials, format);
  } catch (cause) {
    throw invalid(part, cause instanceof Error ? cause.message : String(cause));
  }
}

/** The partials that a template in a language may call, in the order in which they may call each other. */
export function partialsOf(layout: Layout, language: string, format: Format): Record<string, string> {
  const partial = (file: string): string => {
    const source = layout.get(file);
    if (source === undefined) throw invalid('layout', `needs layout/${file}`);
    return source;
  };
  return { footer: partial(`${language}.footer.${format}.hbs`), layout: partial(`layout.${format}.hbs`) };
}

/** Renders a template that was made ready; throws as `Templates.render` does. */
export function renderTemplate(template: Template, language: string, context: RenderContext): RenderedMessage {
  const { name, kind, languages } = template;
  const localised = languages.get(language);
  if (!localised)
    throw new MessageRefused(
      'UNKNOWN_LANGUAGE',
      `The template "${name}" is not there in "${language}"; it is in: ${[...languages.keys()].join(', ')}.`,
    );
  const { controller, purpose } = context;
  if (kind === 'commercial' && purpose.kind === 'operational')
    throw new MessageRefused(
      'COMMERCIAL_TEMPLATE',
      `The template "${name}" is advertising: send it for a commercial purpose.`,
    );

  const message = renderParts(name, localised, language, context);
  if (purpose.kind === 'commercial') refuseUnlawful(message, purpose.unsubscribeUrl, controller);
  return message;
}

function renderParts(
  name: string,
  { html, text, subject }: Localised,
  language: string,
  { controller, purpose, variables }: RenderContext,
): RenderedMessage {
  const data = ownData(variables);
  const frame = { language, controller, ...(purpose.kind === 'commercial' && purpose) };
  try {
    return {
      html: html(data, frame),
      text: tidied(text(data, frame)),
      ...(subject && { subject: onOneLine(subject(data, frame)) }),
    };
  } catch (cause) {
    if (cause instanceof MessageRefused) throw cause;
    throw new MessageRefused(
      'INVALID_VARIABLES',
      `The template "${name}" cannot be rendered: a variable is not of the kind that it expects, such as text.`,
      { cause },
    );
  }
}

/** Plain text without the gaps that absent variables leave. */
function tidied(text: string): string {
  return `${text
    .replace(/\r\n?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

function onOneLine(subject: string): string {
  return subject.replace(/\s+/g, ' ').trim();
}

function invalid(part: string, message: string): MessageRefused {
  return new MessageRefused('INVALID_TEMPLATE', `${part}: ${message}.`);
}
