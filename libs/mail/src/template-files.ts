import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageRefused } from './message-refused.js';
import {
  createTemplates,
  makeTemplate,
  type Layout,
  type LocalisedSource,
  type Template,
  type TemplateKind,
  type Templates,
} from './templates.js';

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
  return createTemplates(new Map(loaded.map((template) => [template.name, template])), layout);
}

async function loadTemplate(directory: string, name: string, layout: Layout): Promise<Template> {
  const files = await readdir(directory);
  const languages = files.flatMap((file) => /^(.+)\.html\.hbs$/.exec(file)?.[1] ?? []);
  if (languages.length === 0) throw invalid(`${name}/`, 'holds no <language>.html.hbs');
  const kind = readKind(`${name}/template.json`, await read(directory, 'template.json', name));
  const localised = await Promise.all(
    languages.map(async (language) => [language, await readLocalised(directory, name, language, files)] as const),
  );
  return makeTemplate(name, { kind, languages: Object.fromEntries(localised) }, layout);
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

async function readLayout(directory: string): Promise<Layout> {
  const folder = join(directory, LAYOUT);
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
