import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

type Node = Record<string, unknown>;

const document = JSON.parse(readFileSync(join(process.env['TEST_RUN_DIR']!, 'openapi.json'), 'utf8')) as Node;
// That its schemas are schemas, test/architecture/openapi.spec.ts sees: for every spec again it takes long.
const ajv = new Ajv2020({ strict: false, allErrors: true, meta: false, validateSchema: false });
(formats as unknown as (ajv: Ajv2020) => void)(ajv);
ajv.addSchema(document, 'openapi');
const compiled = new Map<string, ValidateFunction>();

export interface Answer {
  readonly method: string;
  /** The path without its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** What is wrong with an answer by the service's own OpenAPI document; empty when it keeps to it. */
export function faultsByOpenApi({ method, path, status, contentType, text }: Answer): string[] {
  const template = templateOf(path);
  if (!template) return [`${path} is not in the document`];
  const place = ['paths', template, method.toLowerCase(), 'responses', String(status)];
  const response = at(place);
  if (!response) return [`${method} ${template} answers ${status}, which is not in the document`];
  const content = at([...response.place, 'content']);
  if (!content) return text === '' ? [] : [`${method} ${template} ${status} has a body that is not in the document`];
  const type = contentType.split(';')[0]!.trim();
  const media = at([...content.place, type]);
  if (!media) return [`${method} ${template} ${status} is ${type}, which is not in the document`];
  if (!type.endsWith('json') || type.endsWith('ndjson')) return [];
  return faultsOf([...media.place, 'schema'], text).map((fault) => `${method} ${template} ${status}: ${fault}`);
}

/** Every route of the document with its operation. */
export function operations(): { method: string; path: string; operation: Node }[] {
  return Object.entries(document['paths'] as Record<string, Node>).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ['get', 'post', 'put', 'delete', 'patch'].includes(method))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation: operation as Node })),
  );
}

function templateOf(path: string): string | undefined {
  const templates = Object.keys(document['paths'] as Node).sort((a, b) => variables(a) - variables(b));
  return templates.find((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path));
}

function variables(template: string): number {
  return template.split('{').length;
}

function at(place: string[]): { node: Node; place: string[] } | undefined {
  let node: unknown = document;
  for (const step of place) node = (node as Node | undefined)?.[step];
  if (node === undefined) return undefined;
  const reference = (node as Node)['$ref'];
  if (typeof reference !== 'string') return { node: node as Node, place };
  return at(reference.slice(2).split('/').map(unescapePointer));
}

function faultsOf(place: string[], text: string): string[] {
  const pointer = place.map(escapePointer).join('/');
  let validate = compiled.get(pointer);
  if (!validate) compiled.set(pointer, (validate = ajv.compile({ $ref: `openapi#/${pointer}` })));
  if (validate(JSON.parse(text))) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

function escapePointer(step: string): string {
  return encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function unescapePointer(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
