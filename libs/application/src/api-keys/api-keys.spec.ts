import { createMemoryEventStore, type EventStore } from '@consent-ledger/event-store';
import { hashApiKey, scopes } from '@consent-ledger/platform';
import { ApiKeysProjection, openReadModels, rebuild, type ReadModels } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeys } from './api-keys.js';

const clock = { now: () => Date.parse('2024-03-01T09:00:00.000Z') };

describe('API keys', () => {
  let store: EventStore;
  let readModels: ReadModels;
  let projection: ApiKeysProjection;
  let keys: ApiKeys;

  beforeEach(() => {
    store = createMemoryEventStore();
    readModels = openReadModels(':memory:');
    projection = new ApiKeysProjection(readModels);
    keys = new ApiKeys(store, clock, projection, undefined);
  });
  afterEach(() => readModels.close());

  const project = () => rebuild({ store, readModels, projections: [projection] }, { resume: true });

  it('recognises a key that was made, with its scopes', async () => {
    const { keyId, key } = await keys.create('crm', ['record', 'eligibility']);
    await project();
    expect(keys.recognise(key)).toMatchObject({ keyId, scopes: new Set(['record', 'eligibility']) });
  });

  it('does not recognise a key that is almost the same, empty, or the hash of one', async () => {
    const { key } = await keys.create('crm', ['record']);
    await project();
    expect([`${key}a`, key.slice(0, -1), '', hashApiKey(key)].map((other) => keys.recognise(other))).toStrictEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('makes another key and id each time', async () => {
    const [one, other] = [await keys.create('crm', ['record']), await keys.create('crm', ['record'])];
    expect(one.key).not.toBe(other.key);
    expect(one.keyId).not.toBe(other.keyId);
  });

  it("are begun with the administrator's, made once whatever number of processes start at once", async () => {
    const started = Array.from({ length: 3 }, () => new ApiKeys(store, clock, projection, undefined));
    const made = (await Promise.all(started.map((each) => each.createFirst()))).filter((first) => first !== undefined);
    expect(made).toHaveLength(1);
    await project();
    expect(keys.recognise(made[0]!.key)).toMatchObject({ scopes: new Set(scopes) });
    expect(await keys.createFirst()).toBeUndefined();
    await keys.revoke(made[0]!.keyId);
    await project();
    const again = await keys.createFirst();
    await project();
    expect(keys.recognise(again!.key)).toMatchObject({ scopes: new Set(scopes) });
  });

  it('records the hash of a key and not the key', async () => {
    const { keyId, key, position } = await keys.create('crm', ['mail']);
    expect(await store.readStream(`api-key-${keyId}`)).toMatchObject([
      {
        type: 'ApiKeyCreated',
        position,
        data: { keyId, name: 'crm', hash: hashApiKey(key), scopes: ['mail'], createdAt: '2024-03-01T09:00:00.000Z' },
      },
    ]);
    expect(JSON.stringify(await store.readAll(-1, 10))).not.toContain(key);
  });

  it.each([
    { wanted: ['mail', 'everything'], says: /^Unknown or no scopes: everything\. The scopes are: record, / },
    { wanted: [], says: /^Unknown or no scopes: \(none\)\./ },
  ])('refuses the scopes $wanted', async ({ wanted, says }) => {
    await expect(keys.create('crm', wanted)).rejects.toThrow(RangeError);
    await expect(keys.create('crm', wanted)).rejects.toThrow(says);
    expect(await store.head()).toBe(-1);
  });

  it('ends a key once, and does not recognise it any more', async () => {
    const { keyId, key } = await keys.create('crm', ['record']);
    expect(await keys.revoke(keyId)).toBe(await store.head());
    expect(await keys.revoke(keyId)).toBeUndefined();
    await project();
    expect(keys.recognise(key)).toBeUndefined();
    expect((await store.readStream(`api-key-${keyId}`)).map(({ type }) => type)).toStrictEqual([
      'ApiKeyCreated',
      'ApiKeyRevoked',
    ]);
  });

  it('does not end a key that was never made', async () => {
    expect(await keys.revoke('ffffffff')).toBeUndefined();
    expect(await store.head()).toBe(-1);
  });

  it('ends one key and leaves the others', async () => {
    const [one, other] = [await keys.create('crm', ['record']), await keys.create('mailer', ['mail'])];
    await keys.revoke(one.keyId);
    await project();
    expect(keys.recognise(other.key)).toBeDefined();
    expect(
      keys
        .list()
        .map(({ name, revoked }) => [name, revoked])
        .sort(),
    ).toStrictEqual([
      ['crm', true],
      ['mailer', false],
    ]);
  });

  it('lists no hash and no key', async () => {
    const { key } = await keys.create('crm', ['record']);
    await project();
    const listed = JSON.stringify(keys.list());
    expect(listed).not.toContain(key);
    expect(listed).not.toContain(hashApiKey(key));
  });

  it('is empty while nobody could use the service: without a key, and when each was revoked', async () => {
    expect(keys.isEmpty).toBe(true);
    const { keyId } = await keys.create('crm', ['record']);
    await project();
    expect(keys.isEmpty).toBe(false);
    await keys.revoke(keyId);
    await project();
    expect(keys.isEmpty).toBe(true);
  });

  describe('with an administrator key in the configuration', () => {
    beforeEach(() => {
      keys = new ApiKeys(store, clock, projection, 'the-configured-key');
    });

    it('recognises it with every scope, and keeps it out of the log', () => {
      expect(keys.recognise('the-configured-key')).toStrictEqual({ keyId: 'administrator', scopes: new Set(scopes) });
      expect(keys.isEmpty).toBe(false);
      expect(keys.list()).toStrictEqual([]);
    });

    it('recognises no other key by it', () => {
      expect(keys.recognise('the-configured-kez')).toBeUndefined();
      expect(keys.recognise('')).toBeUndefined();
    });

    it('cannot end it: the configuration does', async () => {
      expect(await keys.revoke('administrator')).toBeUndefined();
      expect(keys.recognise('the-configured-key')).toBeDefined();
    });
  });
});
