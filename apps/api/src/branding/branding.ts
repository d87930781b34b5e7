import { ConfigurationError } from '@consent-ledger/platform';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Language } from '../recipients/language.js';
import { texts as shippedTexts, type PageTexts } from '../recipients/texts.js';
import { contrast, groundsOf, isColour, LEAST_CONTRAST, type Grounds } from './colour.js';
import { readLogo, type Logo } from './logo.js';
import { nearest } from './nearest.js';

/** The token by which the branding is injected. */
export const BRANDING = Symbol('Branding');

/** A thing that differs by colour scheme. */
interface ByScheme<T> {
  readonly light: T;
  readonly dark: T;
}

/** How the recipients' pages look and speak, where the company says so. */
export interface Branding {
  /** What stands on top of each page; the controller's name when absent. */
  readonly name: string | undefined;
  readonly logo: { readonly light: Logo; readonly dark: Logo | undefined } | undefined;
  readonly accent: ByScheme<string> | undefined;
  readonly texts: Readonly<Record<Language, PageTexts>>;
}

/** The pages as they ship. */
export const plainBranding: Branding = { name: undefined, logo: undefined, accent: undefined, texts: shippedTexts };

const LONGEST_NAME = 80;
const LONGEST_TEXT = 1000;

type Node = Readonly<Record<string, unknown>>;
/** Takes what is wrong: where, and what. */
type Fault = (path: string, message: string) => void;

/**
 * Reads the branding file (YAML) and the logo beside it; without a path it is the branding that ships. `styles` is the style
 * sheet whose grounds the accent must stand out from. Throws `ConfigurationError` that names every fault.
 */
export function readBranding(path: string | undefined, styles: string): Branding {
  if (path === undefined) return plainBranding;
  const faults: string[] = [];
  const fault: Fault = (place, message) => faults.push(`BRANDING_PATH: ${place} ${message}`);
  const branding = brandingOf(contentOf(path, fault), { styles, folder: dirname(path) }, fault);
  if (faults.length > 0) throw new ConfigurationError(faults);
  return branding;
}

function contentOf(path: string, fault: Fault): unknown {
  try {
    const yaml = parseDocument(readFileSync(path, 'utf8'));
    for (const { message } of yaml.errors) fault('the file', `is not YAML: ${message}`);
    return yaml.errors.length > 0 ? {} : (yaml.toJS() ?? {});
  } catch {
    fault('the file', 'cannot be read');
    return {};
  }
}

function brandingOf(
  content: unknown,
  { styles, folder }: { readonly styles: string; readonly folder: string },
  fault: Fault,
): Branding {
  const { name, logo, accent, texts } = closed(content, 'the file', ['name', 'logo', 'accent', 'texts'], fault);
  return {
    name: name === undefined ? undefined : textOf(name, 'name', LONGEST_NAME, fault),
    logo: logo === undefined ? undefined : logoOf(logo, folder, fault),
    accent: accent === undefined ? undefined : accentOf(accent, groundsOf(styles), fault),
    texts: textsOf(texts ?? {}, fault),
  };
}

function logoOf(given: unknown, folder: string, fault: Fault): Branding['logo'] {
  if (typeof given === 'string') return withLight(fileOf(given, 'logo', folder, fault), undefined);
  const { light, dark } = closed(given, 'logo', ['light', 'dark'], fault);
  const darkLogo = dark === undefined ? undefined : fileOf(dark, 'logo.dark', folder, fault);
  return withLight(fileOf(light, 'logo.light', folder, fault), darkLogo);
}

function withLight(light: Logo | undefined, dark: Logo | undefined): Branding['logo'] {
  return light && { light, dark };
}

function fileOf(name: unknown, path: string, folder: string, fault: Fault): Logo | undefined {
  if (typeof name !== 'string' || name === '' || basename(name) !== name || name.startsWith('.')) {
    fault(path, 'must be the name of a file beside this one, without a folder');
    return undefined;
  }
  try {
    const read = readLogo(readFileSync(join(folder, name)));
    if ('logo' in read) return read.logo;
    fault(path, `"${name}" ${read.fault}`);
  } catch {
    fault(path, `"${name}" cannot be read`);
  }
  return undefined;
}

function accentOf(given: unknown, grounds: Grounds, fault: Fault): Branding['accent'] {
  const { light, dark } = closed(given, 'accent', ['light', 'dark'], fault);
  const isLight = isReadable(light, 'accent.light', grounds.light, fault);
  const isDark = isReadable(dark, 'accent.dark', grounds.dark, fault);
  return isLight && isDark ? { light: light as string, dark: dark as string } : undefined;
}

function isReadable(colour: unknown, path: string, grounds: readonly string[], fault: Fault): boolean {
  if (!isColour(colour)) {
    fault(path, 'must be a colour such as "#0b5a8a", in quotes');
    return false;
  }
  const [worst] = [...grounds].sort((a, b) => contrast(colour, a) - contrast(colour, b));
  const ratio = contrast(colour, worst!);
  if (ratio >= LEAST_CONTRAST) return true;
  // Rounded down: 4.49 is too little, and must not be told as 4.5.
  const told = Math.floor(ratio * 10) / 10;
  fault(
    path,
    `${colour} has a contrast of ${told}:1 on ${worst!}, and ${LEAST_CONTRAST}:1 is the least for text (WCAG AA)`,
  );
  return false;
}

function textsOf(given: unknown, fault: Fault): Branding['texts'] {
  const { nl, en } = closed(given, 'texts', ['nl', 'en'], fault);
  return {
    nl: overridden(shippedTexts.nl, nl, 'texts.nl', fault) as unknown as PageTexts,
    en: overridden(shippedTexts.en, en, 'texts.en', fault) as unknown as PageTexts,
  };
}

/** The shipped texts with those of the file in their place. */
function overridden(shipped: Node, given: unknown, path: string, fault: Fault): Node {
  if (given === undefined) return shipped;
  const said = Object.entries(closed(given, path, Object.keys(shipped), fault)).map(([name, value]) => {
    const own = shipped[name];
    const place = `${path}.${name}`;
    if (typeof own === 'string') return [name, textOf(value, place, LONGEST_TEXT, fault)] as const;
    return [name, overridden(own as Node, value, place, fault)] as const;
  });
  return { ...shipped, ...Object.fromEntries<unknown>(said) };
}

function textOf(given: unknown, path: string, longest: number, fault: Fault): string {
  if (typeof given === 'string' && given.trim() !== '' && given.length <= longest) return given;
  fault(path, `must be a text of at most ${longest} characters`);
  return '';
}

/** An object that has no fields but these; a field that is none is told with the one that was probably meant. */
function closed(given: unknown, path: string, known: readonly string[], fault: Fault): Node {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    fault(path, `must have fields: ${known.join(', ')}`);
    return {};
  }
  const entries = Object.entries(given);
  for (const [name] of entries)
    if (!known.includes(name))
      fault(path === 'the file' ? name : `${path}.${name}`, `is not known; did you mean "${nearest(name, known)!}"?`);
  return Object.fromEntries<unknown>(entries.filter(([name]) => known.includes(name)));
}
