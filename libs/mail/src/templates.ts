import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

/** The templates that were loaded, by name and language. */
export interface Templates {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Whether what the template says is advertising. Throws `UNKNOWN_TEMPLATE`. */
  kind(name: string): TemplateKind;
  /** The languages that a template is there in. Throws `UNKNOWN_TEMPLATE`. */
  languages(name: string): readonly string[];
  /**
   * Renders HTML and plain text. Throws `MessageRefused`: `UNKNOWN_TEMPLATE`, `UNKNOWN_LANGUAGE`, `INVALID_VARIABLES`;
   * `COMMERCIAL_TEMPLATE` when advertising would go out as operational mail (P1); `UNSUBSCRIBE_LINK_MISSING` and
   * `SENDER_IDENTITY_MISSING` when the reader of a commercial message would not find them in what was rendered (P4).
   */
  render(name: string, language: string, context: RenderContext): RenderedMessage;
}

interface Template {
  readonly name: string;
  readonly kind: TemplateKind;
  readonly languages: ReadonlyMap<string, Localised>;
}

interface Localised {
  readonly html: Renderer;
  readonly text: Renderer;
  readonly subject: string | undefined;
}

const SHIPPED = fileURLToPath(new URL('../templates/', import.meta.url));
const LAYOUT = 'layout';

/**
 * Loads a folder of templates (by default the shipped ones): `<template>/<language>.html.hbs` and `.text.hbs`, an optional
 * `.subject`, and `template.json` with the kind; the shipped layout serves a folder without a `layout` of its own. Throws
 * `MessageRefused` with `INVALID_TEMPLATE` that names the file.
 */
export async function loadTemplates(directory: string = SHIPPED): Promise<Templates> {
  const folders = await foldersIn(directory);
  const layout = await readLayout(folders.includes(LAYOUT) ? directory : SHIPPED);
  const names = folders.filter((name) => name !== LAYOUT);
  const loaded = await Promise.all(names.map((name) => loadTemplate(join(directory, name), name, layout)));
  return createTemplates(new Map(loaded.map((template) => [template.name, template])));
}

function createTemplates(loaded: ReadonlyMap<string, Template>): Templates {
  const template = (name: string): Template => {
    const found = loaded.get(name);
    if (found) return found;
    const known = [...loaded.keys()].join(', ');
    throw new MessageRefused('UNKNOWN_TEMPLATE', `There is no template "${name}"; there are: ${known}.`);
  };
  return {
    names: [...loaded.keys()],
    has: (name) => loaded.has(name),
    kind: (name) => template(name).kind,
    languages: (name) => [...template(name).languages.keys()],
    render: (name, language, context) => render(template(name), language, context),
  };
}

function render({ name, kind, languages }: Template, language: string, context: RenderContext): RenderedMessage {
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

  const bodies = renderBodies(name, localised, language, context);
  if (purpose.kind === 'commercial') refuseUnlawful(bodies, purpose.unsubscribeUrl, controller);
  return { ...bodies, ...(localised.subject !== undefined && { subject: localised.subject }) };
}

function renderBodies(
  name: string,
  { html, text }: Localised,
  language: string,
  { controller, purpose, variables }: RenderContext,
): MessageBodies {
  const data = ownData(variables);
  const frame = { language, controller, ...(purpose.kind === 'commercial' && purpose) };
  try {
    return { html: html(data, frame), text: tidied(text(data, frame)) };
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

async function loadTemplate(directory: string, name: string, layout: Layout): Promise<Template> {
  const files = await readdir(directory);
  const languages = files.flatMap((file) => /^(.+)\.html\.hbs$/.exec(file)?.[1] ?? []);
  if (languages.length === 0) throw invalid(`${name}/`, 'holds no <language>.html.hbs');
  const kind = readKind(`${name}/template.json`, await read(directory, 'template.json', name));
  const localised = await Promise.all(
    languages.map(async (language) => {
      const subject = files.includes(`${language}.subject`) ? await read(directory, `${language}.subject`, name) : '';
      return [
        language,
        {
          html: await loadRenderer(directory, name, language, 'html', layout),
          text: await loadRenderer(directory, name, language, 'text', layout),
          subject: subject.trim() || undefined,
        },
      ] as const;
    }),
  );
  return { name, kind, languages: new Map(localised) };
}

async function loadRenderer(directory: string, name: string, language: string, format: Format, layout: Layout) {
  const file = `${language}.${format}.hbs`;
  const source = await read(directory, file, name);
  try {
    return compileTemplate(source, partialsOf(layout, language, format), format);
  } catch (cause) {
    throw invalid(`${name}/${file}`, cause instanceof Error ? cause.message : String(cause));
  }
}

/** The layout's files by their names. */
type Layout = ReadonlyMap<string, string>;

async function readLayout(directory: string): Promise<Layout> {
  const folder = join(directory, LAYOUT);
  const files = await readdir(folder);
  return new Map(await Promise.all(files.map(async (file) => [file, await read(folder, file, LAYOUT)] as const)));
}

function partialsOf(layout: Layout, language: string, format: Format): Record<string, string> {
  const partial = (file: string): string => {
    const source = layout.get(file);
    if (source === undefined) throw new Error(`needs ${LAYOUT}/${file}`);
    return source;
  };
  return { footer: partial(`${language}.footer.${format}.hbs`), layout: partial(`layout.${format}.hbs`) };
}

function readKind(file: string, json: string): TemplateKind {
  const kind = kindIn(json);
  if (kind === 'commercial' || kind === 'operational') return kind;
  throw invalid(file, 'must be { "kind": "commercial" } or { "kind": "operational" }');
}

function kindIn(json: string): unknown {
  try {
    return (JSON.parse(json) as { kind?: unknown } | null)?.kind;
  } catch {
    return undefined;
  }
}

async function foldersIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function read(directory: string, file: string, template: string): Promise<string> {
  try {
    return await readFile(join(directory, file), 'utf8');
  } catch {
    throw invalid(`${template}/${file}`, 'cannot be read');
  }
}

function invalid(file: string, message: string): MessageRefused {
  return new MessageRefused('INVALID_TEMPLATE', `${file}: ${message}.`);
}
