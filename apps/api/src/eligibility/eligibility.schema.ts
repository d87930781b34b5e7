import { Ajv2020 } from 'ajv/dist/2020.js';
import type { FieldError } from '@consent-ledger/platform';
import { parseInstant } from '../http/instant.decorator.js';

/** A question as it is asked over HTTP. */
export interface EligibilityRequest {
  readonly address?: string;
  readonly contactId?: string;
  readonly purpose: string;
  readonly at?: string;
  readonly knownAt?: string;
  readonly consistency?: 'projected' | 'strong';
  readonly minPosition?: number;
}

export interface BatchRequest {
  readonly purpose: string;
  readonly addresses: readonly unknown[];
  readonly minPosition?: number;
}

const purpose = { type: 'string', minLength: 1, maxLength: 64 };
const instant = { type: 'string', format: 'instant' };
const position = { type: 'integer', minimum: -1 };

/**
 * The two hot routes are checked by compiled schemas: class-validator was seen to cost more than the verdict itself
 * (docs/adr).
 */
const ajv = new Ajv2020({ allErrors: true, formats: { instant: (text: string) => parseInstant(text) !== undefined } });

const isQuestion = ajv.compile<EligibilityRequest>({
  type: 'object',
  properties: {
    address: { type: 'string', maxLength: 320 },
    contactId: { type: 'string', pattern: '^[a-z2-7]{26}$' },
    purpose,
    at: instant,
    knownAt: instant,
    consistency: { enum: ['projected', 'strong'] },
    minPosition: position,
  },
  required: ['purpose'],
  additionalProperties: false,
});

/** At most so many addresses in one call; more go by NDJSON. */
export const BATCH_LIMIT = 10_000;

const isBatch = ajv.compile<BatchRequest>({
  type: 'object',
  properties: { purpose, addresses: { type: 'array', maxItems: BATCH_LIMIT }, minPosition: position },
  required: ['purpose', 'addresses'],
  additionalProperties: false,
});

/** The body as a question, or what is wrong with each of its fields. */
export function readQuestion(body: unknown): EligibilityRequest | FieldError[] {
  if (isQuestion(body)) return body;
  return [...faultsOf(isQuestion.errors), ...contactFaults(body)];
}

/** The body as a batch, or what is wrong with each of its fields. */
export function readBatch(body: unknown): BatchRequest | FieldError[] {
  return isBatch(body) ? body : faultsOf(isBatch.errors);
}

/** So that every fault is told at once; whom a valid question is about, the controller finds out. */
function contactFaults(body: unknown): FieldError[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  if ('address' in body !== 'contactId' in body) return [];
  return [{ field: 'address', message: 'give either address or contactId' }];
}

function faultsOf(errors: typeof ajv.errors): FieldError[] {
  return (errors ?? []).map(({ instancePath, keyword, params, message }) => {
    const path = instancePath.slice(1).replaceAll('/', '.');
    if (keyword === 'additionalProperties')
      return { field: String(params['additionalProperty']), message: 'is not a field of this request' };
    if (keyword === 'required') return { field: String(params['missingProperty']), message: 'is needed' };
    if (keyword === 'format') return { field: path, message: 'must be an RFC 3339 instant with an offset' };
    if (keyword === 'enum')
      return { field: path, message: `must be one of ${(params['allowedValues'] as string[]).join(', ')}` };
    return { field: path || 'body', message: message ?? 'is not valid' };
  });
}
