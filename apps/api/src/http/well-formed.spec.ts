import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptInDto } from '../opt-ins/opt-in.dto.js';
import { OptOutDto } from '../opt-outs/opt-out.dto.js';
import { validation } from './validation.js';
import { isWellFormed } from './well-formed.decorator.js';

const optIn = {
  address: 'anna.jansen@example.org',
  purposes: ['newsletter', 'event-invitation'],
  statement: { id: 'signup-form', version: 1, language: 'nl' },
  source: { kind: 'web-form', reference: 'form-7' },
  evidence: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0', url: 'https://shop.example/sign-up' },
};
const optOut = { address: 'anna.jansen@example.org', purposes: 'all', source: { kind: 'mailto' } };

/** What somebody may put where a value of a request belongs. */
const anything = fc.oneof(
  fc.constantFrom(null, '', ' ', 0, -1, 1.5, 1e21, true, [], {}, 'all', ['all'], ['nl', 'nl'], '\uFE0F', '🙂', '🙂🙂'),
  fc.constantFrom('111222333', 'bsn 1112.22.333', 'Chrome/111222333', 'Mozilla/5.0 111222333'),
  fc.constantFrom('2026-01-31T12:00:00Z', '2026-02-30T12:00:00Z', '2026-01-31', 'double', 'phone', 'rumour'),
  fc
    .constantFrom(1, 2, 35, 36, 64, 65, 160, 161, 256, 257, 320, 321, 512, 513, 1024, 1025, 2048, 2049, 4096, 4097)
    .chain((length) => fc.constantFrom('x'.repeat(length), '🙂'.repeat(length))),
  fc.jsonValue(),
);
const change = fc.record({
  path: fc.constantFrom(
    ...['address', 'contactId', 'occurredAt', 'purposes', 'confirmation', 'preTicked', 'toString', 'source.extra'],
    ...['statement', 'statement.id', 'statement.version', 'statement.language', 'source', 'source.kind'],
    ...['source.reference', 'evidence', 'evidence.ip', 'evidence.note', 'evidence.recordingRef', 'evidence.browser'],
    'evidence.userAgent',
  ),
  value: fc.option(anything, { nil: undefined }),
});

/** The body as JSON brings it, with what the path names replaced, or left out where there is no value. */
function changed(body: object, { path, value }: { path: string; value: unknown }): object {
  const copy = structuredClone(body) as Record<string, unknown>;
  const [first, second] = path.split('.') as [string, string?];
  const held = copy[first];
  if (second === undefined) copy[first] = value;
  else if (typeof held === 'object' && held !== null) (held as Record<string, unknown>)[second] = value;
  return JSON.parse(JSON.stringify(copy)) as object;
}

/** Whether the DTO's own decorators take a body; a second body beside it keeps the short way out of it. */
async function isTakenByDto(dto: new () => object, body: object): Promise<boolean> {
  const judged = class extends dto {};
  return Promise.resolve(validation.transform(body, { type: 'body', metatype: judged })).then(
    () => true,
    () => false,
  );
}

describe.each([
  ['an opt-in', OptInDto, optIn],
  ['an opt-out', OptOutDto, optOut],
])('The compiled schema of %s', (_, dto, body) => {
  it('takes the request as it mostly comes, and hands it on as it is', () => {
    expect(isWellFormed(dto, body)).toBe(true);
    expect(validation.transform(body, { type: 'body', metatype: dto })).toBe(body);
  });

  it('takes nothing that the DTO refuses, whatever is in its place', async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 3 }), async (changes) => {
        const request = changes.reduce(changed, body);
        if (!isWellFormed(dto, request)) return;
        taken += 1;
        expect(await isTakenByDto(dto, request)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(100);
  });

  it('leaves to the DTO what it refuses itself', async () => {
    const long = changed(body, { path: 'address', value: `${'a'.repeat(60)}@${'b'.repeat(120)}.example` });
    expect(isWellFormed(dto, long)).toBe(false);
    expect(await isTakenByDto(dto, long)).toBe(true);
  });
});
