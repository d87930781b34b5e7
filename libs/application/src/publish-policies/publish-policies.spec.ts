import { readFile } from 'node:fs/promises';
import type { PolicyDocument } from '@consent-ledger/consent';
import { createMemoryEventStore, NO_STREAM, START, type EventStore } from '@consent-ledger/event-store';
import { loadPolicies } from '@consent-ledger/projections';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parsePolicy } from './policy-files.js';
import { PolicyChanged, publishPolicies } from './publish-policies.js';

const clock = { now: () => Date.parse('2024-03-01T09:00:00.000Z') };

describe('publishing policies', () => {
  let store: EventStore;
  let first: PolicyDocument;
  let second: PolicyDocument;

  beforeAll(async () => {
    first = parsePolicy(await readFile('libs/consent/policies/dnp-giftcard.yaml', 'utf8'), 'dnp-giftcard.yaml');
    second = { ...first, version: 2, inForceFrom: '2024-06-01T00:00:00+02:00' };
  });
  beforeEach(() => {
    store = createMemoryEventStore();
  });

  const published = async () => (await store.readAll(START, 100)).map(({ data }) => data['document']);

  it('appends a document to the stream of its policy, with the moment it became known (law 3)', async () => {
    const position = await publishPolicies(store, clock, [first]);
    expect(await store.readStream('policy-dnp-giftcard')).toStrictEqual([
      {
        streamId: 'policy-dnp-giftcard',
        revision: 0,
        position,
        id: expect.any(String),
        type: 'PolicyPublished',
        data: { document: first },
        metadata: {
          occurredAt: '2024-03-01T09:00:00.000Z',
          recordedAt: '2024-03-01T09:00:00.000Z',
          actor: { kind: 'system' },
          source: { kind: 'scheduler' },
          correlationId: expect.any(String),
          schemaVersion: 1,
          policyVersion: 'dnp-giftcard@1',
        },
      },
    ]);
  });

  it('publishes a document once, however often it is asked to', async () => {
    await publishPolicies(store, clock, [first]);
    expect(await publishPolicies(store, clock, [first])).toBeUndefined();
    expect(await published()).toStrictEqual([first]);
  });

  it('takes a document that says the same with its names in another order', async () => {
    await publishPolicies(store, clock, [first]);
    const reordered = Object.fromEntries(Object.entries(first).reverse()) as unknown as PolicyDocument;
    expect(await publishPolicies(store, clock, [reordered])).toBeUndefined();
  });

  it('publishes two versions in the order of their versions', async () => {
    await publishPolicies(store, clock, [second, first]);
    expect(await published()).toStrictEqual([first, second]);
    const shelf = await loadPolicies(store, ['dnp-giftcard']);
    expect(shelf.history().map(({ policy }) => policy.version)).toStrictEqual([1, 2]);
  });

  it('publishes a later version beside the one that is there', async () => {
    await publishPolicies(store, clock, [first]);
    const position = await publishPolicies(store, clock, [first, second]);
    expect(position).toBe(await store.head());
    expect(await published()).toStrictEqual([first, second]);
  });

  it('publishes two policies in streams of their own', async () => {
    const other: PolicyDocument = { ...first, id: 'harbour-club' };
    await publishPolicies(store, clock, [first, other]);
    expect(await store.readStream('policy-harbour-club')).toHaveLength(1);
    expect(await store.readStream('policy-dnp-giftcard')).toHaveLength(1);
  });

  it('refuses a version whose content has changed, and says what to do', async () => {
    await publishPolicies(store, clock, [first]);
    const changed = { ...first, sameActWithin: 'PT2M' };
    const publishing = publishPolicies(store, clock, [changed]);
    await expect(publishing).rejects.toBeInstanceOf(PolicyChanged);
    await expect(publishing).rejects.toThrow(
      'Policy "dnp-giftcard" version 1 was published with another content. Give the changed policy a new version.',
    );
    expect(await published()).toStrictEqual([first]);
  });

  it('refuses a statement whose text has changed: a proof of consent names it (P3)', async () => {
    await publishPolicies(store, clock, [first]);
    const [statement, ...others] = first.statements;
    const changed = { ...first, statements: [{ ...statement!, texts: { nl: 'Ja' } }, ...others] };
    await expect(publishPolicies(store, clock, [changed])).rejects.toMatchObject({ code: 'POLICY_CHANGED' });
  });

  it('publishes once when two processes start together', async () => {
    await Promise.allSettled([publishPolicies(store, clock, [first]), publishPolicies(store, clock, [first])]);
    expect(await published()).toStrictEqual([first]);
  });

  it('lets both processes go on that start together', async () => {
    await expect(
      Promise.all([publishPolicies(store, clock, [first]), publishPolicies(store, clock, [first])]),
    ).resolves.toHaveLength(2);
  });

  it('goes on after a version that another release published', async () => {
    await store.append('policy-dnp-giftcard', NO_STREAM, [
      {
        id: 'e5a9e9a4-9d5c-4c5e-8a6e-0d3f5f0f7f11',
        type: 'PolicyPublished',
        data: { document: { ...second } as never },
        metadata: {},
      },
    ]);
    await publishPolicies(store, clock, [first]);
    expect(await published()).toStrictEqual([second, first]);
  });
});
