import Handlebars from 'handlebars';

/** A template made ready: own data and the sender's data in, text out. */
export type Renderer = (variables: object, frame: object) => string;

export type Format = 'html' | 'text';

const HELPERS = { firstOf, httpUrl, paragraphs };

/**
 * Compiles a template with its partials in an engine of its own. Throws on a template that does not parse or that calls a
 * helper which does not exist.
 */
export function compileTemplate(source: string, partials: Readonly<Record<string, string>>, format: Format): Renderer {
  const engine = Handlebars.create();
  engine.registerHelper(HELPERS);
  engine.unregisterHelper('log');
  const options: CompileOptions = {
    knownHelpers: { firstOf: true, httpUrl: true, paragraphs: true },
    knownHelpersOnly: true,
    noEscape: format === 'text',
    preventIndent: true,
  };
  for (const partial of [source, ...Object.values(partials)]) engine.precompile(partial, options);
  const compiled = Object.fromEntries(
    Object.entries(partials).map(([name, partial]) => [name, engine.compile(partial, options)]),
  );
  const template = engine.compile(source, options);
  return (variables, frame) =>
    template(variables, {
      data: frame,
      partials: compiled,
      allowProtoPropertiesByDefault: false,
      allowProtoMethodsByDefault: false,
    });
}

/** Escapes text the way templates do. */
export function escapeHtml(text: string): string {
  return Handlebars.escapeExpression(text);
}

/** The first argument that is there; a template gives its own words last. */
function firstOf(...values: unknown[]): unknown {
  return values.slice(0, -1).find((value) => value !== undefined && value !== null && value !== '');
}

/** The URL when it is http or https, else nothing: no other scheme ever stands in a link. */
function httpUrl(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  const { protocol } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? url : undefined;
}

/** The paragraphs of a text, which blank lines part. */
function paragraphs(text: unknown): string[] {
  if (typeof text !== 'string') return [];
  return text
    .split(/\r?\n[ \t]*\r?\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
}
