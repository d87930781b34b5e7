import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { readConsentRequest } from './consent-request.js';
import { refusedMessage } from './refused-message.js';
import { contract } from './schemas.js';
import { topicsOf } from './topics.js';

const directory = new URL('../../contracts/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, directory), 'utf8');
const fixtures = readdirSync(new URL('fixtures/', directory));
const schemas = readdirSync(directory).filter((name) => name.endsWith('.schema.json'));

describe('the contracts', () => {
  it('each have messages as they were first published', () => {
    const used = schemas.filter((name) => fixtures.some((file) => file.startsWith(name.replace('.schema.json', '.'))));
    expect(used).toStrictEqual(schemas);
  });

  it.each(fixtures)('still take %s', (file) => {
    const name = schemas.find((schema) => file.startsWith(schema.replace('.schema.json', '.')))!;
    const validate = contract(name.replace('.schema.json', ''));
    expect({ valid: validate(JSON.parse(read(`fixtures/${file}`))), errors: validate.errors }).toStrictEqual({
      valid: true,
      errors: null,
    });
  });

  it('are those of the AsyncAPI document, under the names of the topics', () => {
    const document = parse(read('asyncapi.yaml'));
    const addresses = Object.values<any>(document.channels).map(({ address }) => address);
    const { relay, ...topics } = topicsOf();
    expect(addresses).not.toContain(relay);
    expect(Object.values(topics)).toEqual(expect.arrayContaining(addresses));
    const payloads = Object.values<any>(document.components.messages).map(({ payload }) => payload.$ref);
    expect(payloads.filter((file) => !existsSync(new URL(file, directory)))).toStrictEqual([]);
    expect(payloads.map((file) => file.slice(2)).sort()).toStrictEqual(schemas.sort());
  });
});

describe('a request', () => {
  const request = JSON.parse(read('fixtures/consent.requests.v1.opt-out.json'));
  const refusal = (value: unknown) => readConsentRequest(JSON.stringify(value));

  it.each([
    ['without an id', { ...request, id: undefined }],
    ['of a type that is not known', { ...request, type: 'consent-ledger.Erase' }],
    ['with a field that is not known', { ...request, data: { ...request.data, colour: 'red' } }],
    ['about nobody', { ...request, data: { ...request.data, contactId: undefined } }],
    ['about two', { ...request, data: { ...request.data, address: 'a@example.org' } }],
    ['that the scheduler made', { ...request, data: { ...request.data, source: { kind: 'scheduler' } } }],
    ['of no object', ['a']],
    ['of nothing', null],
  ])('%s is refused', (_, value) => {
    expect(refusal(value)).toMatchObject({ refused: { code: 'VALIDATION' } });
  });

  it('to opt in is refused without a date: it could undo an opt-out that was made while it waited (P4)', () => {
    const optIn = JSON.parse(read('fixtures/consent.requests.v1.opt-in.json'));
    const undated = { ...optIn, time: undefined };
    expect(refusal(undated)).toMatchObject({ refused: { code: 'VALIDATION' } });
    const occurredAt = '2026-03-01T12:00:00Z';
    expect(refusal({ ...undated, data: { ...optIn.data, occurredAt } })).toHaveProperty('request');
    expect(refusal({ ...request, time: undefined })).toHaveProperty('request');
  });

  it('with a citizen service number is refused, and the number is not told (P9)', () => {
    const source = { kind: 'customer-service', reference: 'bsn 111222333' };
    const refused = refusal({ ...request, data: { ...request.data, source } });
    expect(refused).toStrictEqual({ refused: { code: 'VALIDATION', fields: ['data.source.reference'] }, id: 'a-2' });
  });

  it.each([
    ['', 'NOT_JSON'],
    ['{"id":', 'NOT_JSON'],
    [undefined, 'EMPTY'],
  ])('that cannot be read (%j) is refused', (text, code) => {
    expect(readConsentRequest(text)).toStrictEqual({ refused: { code } });
  });
});

describe('what is refused', () => {
  const place = { topic: 'consent.requests.v1', partition: 0, offset: '7', key: undefined, value: undefined };
  const told = (id: string) => {
    const message = JSON.parse(refusedMessage(place, { code: 'VALIDATION' }, { id, at: 0 }).value!);
    expect(contract('refused.v1')(message)).toBe(true);
    return message.data.requestId;
  };

  it.each([
    '5b1c9c3e-6f0c-4f5e-9d52-0a6a6e6f5a01',
    '5B1C9C3E-6F0C-4F5E-9D52-0A6A6E6F5A01',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  ])('is told with the id %s, which was made up', (id) => {
    expect(told(id)).toBe(id);
  });

  it.each([
    'anna@example.org',
    'anna-de-vries',
    'anna_devries_1970',
    '0612345678',
    'a-7',
    'annadevriesvanbergenopzoom',
  ])('is not told with the id %s, which may be a name (P11)', (id) => {
    expect(told(id)).toBeUndefined();
  });
});
