import { readFile } from 'node:fs/promises';
import { policyInForce, type PolicyDocument } from '@consent-ledger/consent';
import { createMemoryEventStore } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { Processor } from '../processor.js';
import { append, dump, handle, noon, readModelsInMemory, recorded, type Told } from '../recorded.fixture.js';
import { PoliciesProjection } from './policies.projection.js';
import { policyStream } from './policy-events.js';
import { loadPolicies, NoPolicyPublished } from './policy-shelf.js';

const shipped = parse(
  await readFile(new URL('../../../consent/policies/dnp-giftcard.yaml', import.meta.url), 'utf8'),
) as PolicyDocument;
const first: PolicyDocument = {
  ...shipped,
  statements: shipped.statements.map((statement) => ({ ...statement, hashes: {} })),
};
const second: PolicyDocument = { ...first, version: 2, inForceFrom: '2024-06-01T00:00:00+02:00' };
const HOUR = 3_600_000;

function published(document: PolicyDocument, at = noon): Told {
  return { streamId: policyStream(document.id), type: 'PolicyPublished', data: { document }, at };
}

function setUp() {
  const readModels = readModelsInMemory();
  return { readModels, policies: new PoliciesProjection(readModels) };
}

describe('the policies projection', () => {
  it('says that nothing was published', () => {
    expect(() => setUp().policies.history()).toThrow(NoPolicyPublished);
  });

  it('knows every policy, and when it was published', () => {
    const { readModels, policies } = setUp();
    handle(readModels, policies, recorded([published(first), published(second, noon + HOUR)]));
    expect(policies.history().map(({ policy, publishedAt }) => [policy.version, publishedAt])).toStrictEqual([
      [1, noon],
      [2, noon + HOUR],
    ]);
    expect(policyInForce(policies.history(), Date.parse(second.inForceFrom), noon).version).toBe(1);
    expect(policyInForce(policies.history(), Date.parse(second.inForceFrom), noon + HOUR).version).toBe(2);
    expect(policies.find('dnp-giftcard', 2)?.document).toStrictEqual(second);
    expect(policies.find('dnp-giftcard', 3)).toBeUndefined();
    expect(policies.find('other', 1)).toBeUndefined();
  });

  it('knows which was forced, and why each was published', () => {
    const { readModels, policies } = setUp();
    const note = { forced: true, reason: 'Decided before.' } as const;
    const forced: Told = { ...published(second), data: { document: second, ...note } };
    handle(readModels, policies, recorded([published(first), forced]));
    expect(policies.history().map(({ forced, reason }) => ({ forced, reason }))).toStrictEqual([
      { forced: undefined, reason: undefined },
      note,
    ]);
  });

  it('is idempotent if run twice', () => {
    const { readModels, policies } = setUp();
    const events = recorded([published(first), published(second)]);
    handle(readModels, policies, events);
    const once = dump(readModels);
    handle(readModels, policies, events);
    expect(dump(readModels)).toBe(once);
    expect(policies.history()).toHaveLength(2);
  });

  it('keeps a version as it was published first', () => {
    const { readModels, policies } = setUp();
    handle(readModels, policies, recorded([published(first), published({ ...first, sameActWithin: 'PT9H' })]));
    expect(policies.find('dnp-giftcard', 1)?.document.sameActWithin).toBe('PT5M');
  });

  it('knows them again when the file is opened again, and none once it is cleared', () => {
    const { readModels, policies } = setUp();
    handle(readModels, policies, recorded([published(first)]));
    expect(new PoliciesProjection(readModels).find('dnp-giftcard', 1)).toBeDefined();
    readModels.reset(policies);
    expect(() => policies.history()).toThrow(NoPolicyPublished);
  });

  it('refuses a document that does not compile, and an event that is not of a policy', () => {
    const { readModels, policies } = setUp();
    expect(() => handle(readModels, policies, recorded([published({ ...first, timeZone: 'Mars/Olympus' })]))).toThrow(
      RangeError,
    );
    expect(() => handle(readModels, policies, recorded([{ ...published(first), type: 'PolicyForgotten' }]))).toThrow(
      'The event at position 0 is not one of a policy.',
    );
  });

  it('finds what is published while it runs', async () => {
    const { readModels, policies } = setUp();
    const store = createMemoryEventStore();
    const processor = new Processor({ store, readModels, projections: [policies] });
    processor.start();
    const position = await append(store, [published(first)]);
    await processor.waitFor(position, { timeoutMs: 10_000 });
    expect(policies.find('dnp-giftcard', 1)).toBeDefined();
    await processor.stop();
    await store.close();
  });
});

describe('policies read straight from the log', () => {
  it('are those of the ids asked for', async () => {
    const store = createMemoryEventStore();
    await append(store, [published(first), published({ ...first, id: 'harbour' }), published(second)]);
    const both = await loadPolicies(store, ['harbour', 'dnp-giftcard']);
    expect(both.history().map(({ policy }) => `${policy.id}@${policy.version}`)).toStrictEqual([
      'dnp-giftcard@1',
      'harbour@1',
      'dnp-giftcard@2',
    ]);
    expect((await loadPolicies(store, ['harbour'])).find('dnp-giftcard', 1)).toBeUndefined();
    const none = await loadPolicies(store, ['unheard-of']);
    expect(() => none.history()).toThrow(NoPolicyPublished);
    await store.close();
  });
});
