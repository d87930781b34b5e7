import { readFileSync } from 'node:fs';
import { holdsCitizenServiceNumber } from '@consent-ledger/consent';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
/** A product with its version, as a user agent names its parts (RFC 9110 §10.1.5); a version may be of any length. */
const PRODUCT_VERSION = /[\w!#$%&'*+.^`|~-]*[A-Za-z][\w!#$%&'*+.^`|~-]*\/[\d._]+/g;

const ajv = new Ajv2020({
  allErrors: true,
  // Conditions speak of properties that are declared beside them.
  strictTypes: false,
  strictRequired: false,
  formats: {
    instant: isInstant,
    // No citizen service number is taken (P9).
    'free-text': (text: string) => !holdsCitizenServiceNumber(text),
    'user-agent': (text: string) => !holdsCitizenServiceNumber(text.replace(PRODUCT_VERSION, ';')),
  },
});

/** Wherever JSON of any shape is taken (P9). Other readers of the contract may pass over this keyword. */
ajv.addKeyword({
  keyword: 'holdsNoCitizenServiceNumber',
  validate: (_: unknown, value: unknown) => !holdsNumber(value),
});

/** The contract of a message, compiled. `name` is that of its file. */
export function contract(name: string): ValidateFunction {
  const file = new URL(`../../contracts/${name}.schema.json`, import.meta.url);
  return ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
}

/** The names of the fields that are not right, as they stand in the contract; never what stands in them. */
export function faultyFields({ errors }: ValidateFunction): string[] {
  const paths = (errors ?? []).map(({ instancePath }) => instancePath.slice(1).replaceAll('/', '.'));
  return [...new Set(paths)].filter((path) => path !== '');
}

function isInstant(text: string): boolean {
  return RFC_3339.test(text) && !Number.isNaN(Date.parse(text));
}

/** Also among the names of fields, however deep. */
function holdsNumber(value: unknown): boolean {
  const waiting = [value];
  while (waiting.length > 0) {
    const part = waiting.pop();
    if (typeof part === 'string' || typeof part === 'number') {
      if (holdsCitizenServiceNumber(String(part))) return true;
    } else if (Array.isArray(part)) waiting.push(...(part as unknown[]));
    else if (typeof part === 'object' && part !== null)
      waiting.push(...Object.keys(part), ...(Object.values(part) as unknown[]));
  }
  return false;
}
