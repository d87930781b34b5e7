import { readFile } from 'node:fs/promises';
import { policySpans, type PolicyDocument } from '@consent-ledger/consent';
import { createMemoryEventStore, NO_STREAM, START, type EventStore } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { loadPolicies } from '@consent-ledger/projections';
import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parsePolicy } from './policy-files.js';
import { PublicationRefused, publishPolicies, publishPolicy } from './publish-policies.js';

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
    await expect(publishing).rejects.toBeInstanceOf(PublicationRefused);
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

  it('refuses a version that comes after a later one', async () => {
    await publishPolicies(store, clock, [second]);
    const publishing = publishPolicies(store, clock, [first]);
    await expect(publishing).rejects.toMatchObject({ code: 'POLICY_VERSION_NOT_GREATER' });
    await expect(publishing).rejects.toThrow(
      'Policy "dnp-giftcard" version 1 comes after version 2, which was published before. Give it a greater version.',
    );
    expect(await published()).toStrictEqual([second]);
  });

  it('refuses one of two that are published at once under one version with different content', async () => {
    const changed = { ...first, sameActWithin: 'PT2M' };
    const outcomes = await Promise.allSettled([
      publishPolicies(store, clock, [first]),
      publishPolicies(store, clock, [changed]),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toStrictEqual(['fulfilled', 'rejected']);
    expect(await published()).toHaveLength(1);
  });

  it('lets a new version of the policy show a statement in one more language, for other purposes (P3)', async () => {
    await publishPolicies(store, clock, [first]);
    const [statement, ...others] = first.statements;
    const texts = { ...statement!.texts, de: 'Ja' };
    const hashes = { ...statement!.hashes, de: 'cc'.repeat(32) };
    const grown = { ...second, statements: [{ ...statement!, covers: [], texts, hashes }, ...others] };
    await expect(publishPolicy(store, clock, grown)).resolves.toMatchObject({ isNew: true });
  });

  it('refuses another text under the old version of a statement: proofs of consent name it (P3)', async () => {
    await publishPolicies(store, clock, [first]);
    const [statement, ...others] = first.statements;
    const reworded = { ...statement!, hashes: { ...statement!.hashes, nl: 'dd'.repeat(32) } };
    const publishing = publishPolicy(store, clock, { ...second, statements: [reworded, ...others] });
    await expect(publishing).rejects.toMatchObject({ code: 'STATEMENT_CHANGED' });
    await expect(publishing).rejects.toThrow('statement "signup-form" version 1');
  });
});

describe('a policy in force from before an earlier version of it', () => {
  const october = '2026-10-01T00:00:00+02:00';
  const january = '2027-01-01T00:00:00+01:00';
  let store: EventStore;
  let version: (number: number, inForceFrom: string) => PolicyDocument;

  beforeEach(async () => {
    const text = await readFile('libs/consent/policies/dnp-giftcard.yaml', 'utf8');
    const first = parsePolicy(text, 'dnp-giftcard.yaml');
    version = (number, inForceFrom) => ({ ...first, version: number, inForceFrom });
    store = createMemoryEventStore();
    await publishPolicies(store, clock, [first, version(2, january)]);
  });
  /** The first stretch of time is the one before them all, which the first of them judges too. */
  const versionsInForce = async () => {
    const shelf = await loadPolicies(store, ['dnp-giftcard']);
    const spans = policySpans(shelf.history()).slice(1);
    return spans.map(({ policy }) => policy.version);
  };

  it('is refused: the earlier one would be in force after it, and the message says what to do', async () => {
    const publishing = publishPolicy(store, clock, version(3, october));
    await expect(publishing).rejects.toMatchObject({ code: 'POLICY_OVERTAKEN' });
    await expect(publishing).rejects.toThrow(`only until ${january}: version 2, published before`);
    await expect(publishing).rejects.toThrow(`Let inForceFrom be ${january} or later`);
    expect(await versionsInForce()).toStrictEqual([1, 2]);
  });

  it('is refused on a first start as well, before anybody is known', async () => {
    const empty = createMemoryEventStore();
    const documents = [version(1, january), version(2, october)];
    await expect(publishPolicies(empty, clock, documents)).rejects.toMatchObject({ code: 'POLICY_OVERTAKEN' });
  });

  it('takes its place when it is in force from the same instant, however that is written', async () => {
    await publishPolicy(store, clock, version(3, '2026-12-31T23:00:00Z'));
    expect(await versionsInForce()).toStrictEqual([1, 3]);
  });

  it('brings a change forward when it is forced, once the version that waited is replaced', async () => {
    const reason = 'The change cannot wait until January.';
    await publishPolicy(store, clock, version(3, january));
    const { forced } = await publishPolicy(store, clock, version(4, october), { force: true, reason });
    expect([forced, await versionsInForce()]).toStrictEqual([true, [1, 4, 3]]);
    await expect(publishPolicy(store, clock, version(5, october), { force: true })).rejects.toMatchObject({
      code: 'POLICY_OVERTAKEN',
    });
  });

  it('is published when the version after it is of another policy', async () => {
    const other = { ...version(3, october), id: 'harbour-club' };
    expect(await publishPolicy(store, clock, other)).toMatchObject({ isNew: true });
  });
});

describe('a policy in force from a moment that has passed', () => {
  const now = Date.parse('2024-03-01T09:00:00.000Z');
  let store: EventStore;
  let first: PolicyDocument;

  beforeAll(async () => {
    first = parsePolicy(await readFile('libs/consent/policies/dnp-giftcard.yaml', 'utf8'), 'dnp-giftcard.yaml');
  });
  beforeEach(async () => {
    store = createMemoryEventStore();
    await publishPolicy(store, clock, first);
  });

  const inForceFrom = (instant: number): PolicyDocument => ({
    ...first,
    version: 2,
    inForceFrom: new Date(instant).toISOString(),
  });
  const append = (streamId: string, type: string) =>
    store.append(streamId, NO_STREAM, [{ id: newId(), type, data: {}, metadata: {} }]);
  const knowSomebody = () => append('contact-mfrggzdfmztwq2lknnwg23tpoa', 'OptedOut');

  it('may be published while nothing is known of anybody, also by a first start that was interrupted', async () => {
    await append('api-key-a1', 'ApiKeyCreated');
    const { forced, isNew } = await publishPolicy(store, clock, inForceFrom(now - 1));
    expect({ forced, isNew }).toStrictEqual({ forced: undefined, isNew: true });
  });

  it.each([
    ['a contact', 'contact-mfrggzdfmztwq2lknnwg23tpoa', 'OptedOut'],
    ['a delivery, whose verdict is recorded', 'delivery-1', 'DeliverySuppressed'],
  ])('is refused once the log knows %s (law 3)', async (_what, streamId, type) => {
    await append(streamId, type);
    const publishing = publishPolicy(store, clock, inForceFrom(now - 1));
    await expect(publishing).rejects.toMatchObject({ code: 'POLICY_IN_FORCE_IN_PAST' });
    await expect(publishing).rejects.toThrow(/2024-03-01T08:59:59\.999Z, which has passed.*--force --reason/);
    expect(await store.readStream('policy-dnp-giftcard')).toHaveLength(1);
  });

  it('is refused where so much is in the log that contacts may lie beyond its first events', async () => {
    for (let index = 0; index < 100; index++) await append(`api-key-${index}`, 'ApiKeyCreated');
    await expect(publishPolicy(store, clock, inForceFrom(now - 1))).rejects.toMatchObject({
      code: 'POLICY_IN_FORCE_IN_PAST',
    });
  });

  it('is refused before the last publication too, when the clock was set back', async () => {
    await knowSomebody();
    const earlier = { now: () => now - 3_600_000 };
    await expect(publishPolicy(store, earlier, inForceFrom(now - 1))).rejects.toMatchObject({
      code: 'POLICY_IN_FORCE_IN_PAST',
    });
  });

  it('is published when it is in force from this very instant', async () => {
    await knowSomebody();
    expect(await publishPolicy(store, clock, inForceFrom(now))).toMatchObject({ isNew: true });
  });

  it('is published when it is forced, which is recorded with the reason', async () => {
    await knowSomebody();
    const actor = { kind: 'agent', id: 'a-key' } as const;
    const reason = 'Decided in January, forgotten until now.';
    const options = { force: true, reason, actor, correlationId: 'a-request' };
    expect(await publishPolicy(store, clock, inForceFrom(now - 1), options)).toMatchObject({ forced: true, reason });
    const [, event] = await store.readStream('policy-dnp-giftcard');
    expect(event).toMatchObject({
      data: { document: { version: 2 }, forced: true, reason },
      metadata: { actor, correlationId: 'a-request' },
    });
  });

  it('is not forced without a reason', async () => {
    await knowSomebody();
    await expect(publishPolicy(store, clock, inForceFrom(now - 1), { force: true })).rejects.toMatchObject({
      code: 'POLICY_IN_FORCE_IN_PAST',
    });
  });

  it('is on record as forced only where a rule stood against it', async () => {
    await knowSomebody();
    await publishPolicy(store, clock, inForceFrom(now + 1), { force: true, reason: 'To be sure.' });
    const [, event] = await store.readStream('policy-dnp-giftcard');
    expect(event!.data).toStrictEqual({ document: inForceFrom(now + 1), reason: 'To be sure.' });
  });

  it('cannot be forced past what is published: a version stays what it is', async () => {
    const forced = { force: true, reason: 'Because.' };
    await expect(publishPolicy(store, clock, { ...first, sameActWithin: 'PT2M' }, forced)).rejects.toMatchObject({
      code: 'POLICY_CHANGED',
    });
  });
});
