import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageRefused } from './message-refused.js';
import {
  createTemplates,
  makeTemplate,
  type Layout,
  type LocalisedSource,
  type TemplateKind,
  type Templates,
  type TemplateSource,
} from './templates.js';

const SHIPPED = fileURLToPath(new URL('../templates/', import.meta.url));
const LAYOUT = 'layout';

/** What the service sends by itself, whosever the other templates are. */
const OF_THE_SERVICE = ['confirm-opt-in', 'preference-link', 'reconsent', 'reconsent-reminder'];

/**
 * Loads a folder of templates (by default the shipped ones): `<template>/<language>.html.hbs` and `.text.hbs`, an optional
 * `.subject`, and `template.json` with the kind. The shipped ones stand in for a layout, or a part of it, that the folder
 * lacks, and for what the service sends by itself: each of those templates, and each language of one. Throws
 * `MessageRefused` with `INVALID_TEMPLATE` that names the file.
 */
export async function loadTemplates(directory: string = SHIPPED): Promise<Templates> {
  const folders = await foldersIn(directory);
  const own = folders.filter((name) => name !== LAYOUT);
  const layout = await readLayouts(folders.includes(LAYOUT) ? [SHIPPED, directory] : [SHIPPED]);
  const shipped = new Map(await Promise.all(OF_THE_SERVICE.map((name) => readNamed(SHIPPED, name))));
  const sources = new Map(await Promise.all(own.map((name) => readNamed(directory, name))));
  const standIns = [...shipped].flatMap(([name, source]) => missing(name, source, sources.get(name)));
  for (const [name, source] of shipped) sources.set(name, completed(sources.get(name) ?? source, source));
  const loaded = [...sources]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, source]) => makeTemplate(name, source, layout));
  return createTemplates({ loaded: new Map(loaded.map((template) => [template.name, template])), standIns, layout });
}

/** What of a shipped template is not there in the operator's words. */
function missing(name: string, shipped: TemplateSource, own: TemplateSource | undefined): string[] {
  if (!own) return [name];
  return Object.keys(shipped.languages)
    .filter((language) => !Object.hasOwn(own.languages, language))
    .map((language) => `${name}/${language}`);
}

function completed(own: TemplateSource, shipped: TemplateSource): TemplateSource {
  return { kind: own.kind, languages: { ...shipped.languages, ...own.languages } };
}

async function readNamed(parent: string, name: string): Promise<readonly [string, TemplateSource]> {
  const directory = join(parent, name);
  const files = await readdir(directory);
  const languages = files.flatMap((file) => /^(.+)\.html\.hbs$/.exec(file)?.[1] ?? []);
  if (languages.length === 0) throw invalid(`${name}/`, 'holds no <language>.html.hbs');
  const kind = readKind(`${name}/template.json`, await read(directory, 'template.json', name));
  const localised = await Promise.all(
    languages.map(async (language) => [language, await readLocalised(directory, name, language, files)] as const),
  );
  return [name, { kind, languages: Object.fromEntries(localised) }];
}

async function readLocalised(
  directory: string,
  name: string,
  language: string,
  files: readonly string[],
): Promise<LocalisedSource> {
  const subject = files.includes(`${language}.subject`) ? await read(directory, `${language}.subject`, name) : '';
  return {
    html: await read(directory, `${language}.html.hbs`, name),
    text: await read(directory, `${language}.text.hbs`, name),
    ...(subject.trim() !== '' && { subject: subject.trim() }),
  };
}

/** The parts of the layout; those of a later folder go before those of an earlier one. */
async function readLayouts(directories: readonly string[]): Promise<Layout> {
  const layouts = await Promise.all(directories.map((directory) => readLayout(join(directory, LAYOUT))));
  return new Map(layouts.flatMap((layout) => [...layout]));
}

async function readLayout(folder: string): Promise<Layout> {
  const files = await readdir(folder);
  return new Map(await Promise.all(files.map(async (file) => [file, await read(folder, file, LAYOUT)] as const)));
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
