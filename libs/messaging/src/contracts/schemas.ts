import { readFileSync } from 'node:fs';
import {
  holdsCitizenServiceNumber,
  jsonHoldsCitizenServiceNumber,
  userAgentHoldsCitizenServiceNumber,
} from '@consent-ledger/consent';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

const ajv = new Ajv2020({
  allErrors: true,
  // Conditions speak of properties that are declared beside them.
  strictTypes: false,
  strictRequired: false,
  formats: {
    instant: isInstant,
    // No citizen service number is taken (P9).
    'free-text': (text: string) => !holdsCitizenServiceNumber(text),
    'user-agent': (text: string) => !userAgentHoldsCitizenServiceNumber(text),
  },
});

/** Wherever JSON of any shape is taken (P9). Other readers of the contract may pass over this keyword. */
ajv.addKeyword({
  keyword: 'holdsNoCitizenServiceNumber',
  validate: (_: unknown, value: unknown) => !jsonHoldsCitizenServiceNumber(value),
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
