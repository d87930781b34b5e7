import { MessageRefused } from './message-refused.js';

/** Variables as a caller sends them: JSON. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** JSON may be nested deeper than a call stack is. */
const DEEPEST = 32;

const PROTOTYPE_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Copies variables into objects that have nothing but their own data, so that a template has nothing else to reach.
 * Throws `INVALID_VARIABLES` for what JSON cannot hold, for what nests too deep and for names that reach for a prototype;
 * the message names the path, never the value.
 */
export function ownData(variables: TemplateVariables): TemplateVariables {
  return copyObject(variables, '', 0);
}

function copy(value: unknown, path: string, depth: number): unknown {
  if (depth > DEEPEST) throw new MessageRefused('INVALID_VARIABLES', `The variables nest more than ${DEEPEST} deep.`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => copy(item, `${path}/${index}`, depth + 1));
  if (typeof value === 'object' && isPlain(value)) return copyObject(value, path, depth);
  throw new MessageRefused('INVALID_VARIABLES', `The variable ${path} must be text, a number, a list or an object.`);
}

function copyObject(object: object, path: string, depth: number): TemplateVariables {
  const own = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(object)) {
    if (PROTOTYPE_NAMES.has(name))
      throw new MessageRefused('INVALID_VARIABLES', `The variable ${path}/${name} has a name that is not allowed.`);
    if (value !== undefined) own[name] = copy(value, `${path}/${name}`, depth + 1);
  }
  return own;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
