import { readFile } from 'node:fs/promises';
import type { components } from '@consent-ledger/client';
import { sourceKinds, type Basis, type ContactEventType, type Reason } from '@consent-ledger/consent';
import { scopes, type ProblemCode } from '@consent-ledger/platform';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

type Node = Record<string, unknown>;

interface Operation {
  readonly operationId: string;
  readonly security?: readonly Node[];
  readonly 'x-scope'?: string | readonly string[];
}

type Schemas = components['schemas'];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const methods = ['get', 'post', 'put', 'patch', 'delete'];

describe('the OpenAPI document', () => {
  let document: { readonly paths: Record<string, Node>; readonly components: { readonly schemas: Node } };
  let nodes: readonly [pointer: string, node: Node][];
  let operations: readonly [name: string, operation: Operation][];
  let ajv: Ajv2020;

  beforeAll(async () => {
    document = parse(await readFile(new URL('../../apps/api/openapi/openapi.yaml', import.meta.url), 'utf8')) as never;
    nodes = [...nodesOf(document, '#')];
    operations = Object.entries(document.paths).flatMap(([path, item]) =>
      methods
        .filter((method) => method in item)
        .map((method) => [`${method} ${path}`, item[method] as Operation] as const),
    ) as never;
    ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
    (addFormats as unknown as typeof addFormats.default)(ajv);
    ajv.addVocabulary(['components']);
    ajv.addSchema({ $id: 'api:document', components: document.components }, undefined, false, false);
  });

  const validatorOf = (schema: Node) => ajv.compile(absolute(schema) as Node);
  const schema = (name: string) => validatorOf({ $ref: `#/components/schemas/${name}` });

  it('points nowhere that does not exist', () => {
    const targets = nodes.flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []));
    const known = new Set(nodes.map(([pointer]) => pointer));
    expect(targets.length).toBeGreaterThan(100);
    expect(targets.filter((target) => !known.has(target))).toStrictEqual([]);
  });

  it('names every component that it defines', () => {
    const named = new Set(nodes.map(([, { $ref }]) => $ref));
    const defined = Object.entries(document.components).flatMap(([kind, parts]) =>
      kind === 'securitySchemes' ? [] : Object.keys(parts).map((name) => `#/components/${kind}/${name}`),
    );
    expect(defined.filter((pointer) => !named.has(pointer))).toStrictEqual([]);
  });

  it('has only schemas that compile', () => {
    for (const name of Object.keys(document.components.schemas)) expect(schema(name)).toBeInstanceOf(Function);
  });

  it('closes every object that is not a map', () => {
    const objects = nodes.filter(([, node]) => node['type'] === 'object');
    const open = objects.filter(([, node]) => !('additionalProperties' in node)).map(([pointer]) => pointer);
    expect(objects.length).toBeGreaterThan(30);
    expect(open).toStrictEqual([]);
  });

  it('has examples that fit their schemas', () => {
    const media = nodes.filter(([, node]) => 'schema' in node && 'examples' in node);
    expect(media.length).toBeGreaterThan(20);
    for (const [pointer, node] of media) {
      const validate = validatorOf(node['schema'] as Node);
      for (const [name, { value }] of Object.entries(node['examples'] as Record<string, { value: unknown }>)) {
        validate(value);
        expect([pointer, name, validate.errors]).toStrictEqual([pointer, name, null]);
      }
    }
  });

  it('names each operation once', () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('asks for a scope that exists, for any key, or for none at all on the pages of recipients and for health', () => {
    const access = operations.map(([name, operation]) => [name, accessTo(operation)] as const);
    const open = access.filter(([, needed]) => needed === 'open').map(([name]) => name);
    expect(
      open.every((name) => / \/((u|confirm|reconsent|preferences|health)\/|(subscribe|preferences)$)/.test(name)),
    ).toBe(true);
    expect(open.length).toBe(14);
    const anyKey = access.filter(([, needed]) => needed === 'any key').map(([name]) => name);
    expect(anyKey).toStrictEqual(['get /docs', 'get /openapi.json']);
    const needed = new Set(access.flatMap(([, scope]) => scope));
    expect(needed).toStrictEqual(new Set(['open', 'any key', ...scopes]));
  });

  it('speaks the words of the domain', () => {
    const words = {
      reasons: true satisfies Same<Schemas['Reason'], Reason>,
      bases: true satisfies Same<Schemas['Basis'], Basis | null>,
      eventTypes: true satisfies Same<Schemas['ContactEventType'], ContactEventType>,
      problemCodes: true satisfies Same<Schemas['ProblemCode'], ProblemCode>,
    };
    expect(Object.values(words).every(Boolean)).toBe(true);
    const { SourceKind } = document.components.schemas as { SourceKind: { enum: string[] } };
    expect(SourceKind.enum).toStrictEqual([...sourceKinds]);
  });

  const contactId = 'mfrggzdfmztwq2lknnwg23tpoa';
  const address = 'jan@example.com';
  const source = { kind: 'crm' };
  it.each([
    ['EligibilityRequest', { address, purpose: 'newsletter' }, true],
    ['EligibilityRequest', { contactId, purpose: 'newsletter', at: '2026-01-01T00:00:00+01:00' }, true],
    ['EligibilityRequest', { purpose: 'newsletter' }, false],
    ['EligibilityRequest', { address, contactId, purpose: 'newsletter' }, false],
    ['EligibilityRequest', { address }, false],
    ['EligibilityRequest', { address, purpose: 'newsletter', reason: 'CONSENT' }, false],
    ['EligibilityRequest', { address, purpose: 'newsletter', at: '2026-01-01' }, false],
    ['EligibilityRequest', { address, purpose: 'newsletter', consistency: 'eventual' }, false],
    ['EligibilityRequest', { address, purpose: 'newsletter', minPosition: 1.5 }, false],
    ['EligibilityRequest', { contactId: 'UPPER', purpose: 'newsletter' }, false],
    ['BatchRequest', { purpose: 'newsletter', addresses: Array.from({ length: 10_000 }, () => address) }, true],
    ['BatchRequest', { purpose: 'newsletter', addresses: Array.from({ length: 10_001 }, () => address) }, false],
    ['OptOut', { address, purposes: 'all', source }, true],
    ['OptOut', { address, purposes: ['newsletter'], source }, true],
    ['OptOut', { address, purposes: 'newsletter', source }, false],
    ['OptOut', { address, purposes: [], source }, false],
    ['Relationship', { address, kind: 'customer-started', optOutOffered: true, source }, true],
    ['Relationship', { address, kind: 'purchase', optOutOffered: true, source }, false],
    ['Deliverability', { address, kind: 'bounced', permanent: true, source }, true],
    ['Deliverability', { address, kind: 'complained', permanent: true, source }, false],
    ['Restriction', { address, restricted: false, source }, true],
    ['Restriction', { address, restricted: true, source }, false],
    ['UnsubscribeForm', { 'List-Unsubscribe': 'One-Click' }, true],
    ['UnsubscribeForm', { 'List-Unsubscribe': 'one-click' }, false],
  ])('%s: %j fits: %s', (name, body, fits) => {
    expect(schema(name)(body)).toBe(fits);
  });
});

function accessTo({ security, 'x-scope': scope }: Operation): string | readonly string[] {
  if (security?.length === 0) return 'open';
  return scope ?? 'any key';
}

function* nodesOf(value: unknown, pointer: string): Generator<[string, Node]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [pointer, value as Node];
  for (const [key, part] of Object.entries(value))
    if (key !== 'value') yield* nodesOf(part, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

/** The schema with its references made to point into the whole document. */
function absolute(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(absolute);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    key === '$ref' && typeof part === 'string' ? `api:document${part}` : absolute(part),
  ]);
  return Object.fromEntries(entries);
}
