import { describe, expect, it } from '@jest/globals';
import { dump, handle, readModelsInMemory, recorded, type Told } from '../recorded.fixture.js';
import { apiKeyStream } from './api-key-events.js';
import { ApiKeysProjection } from './api-keys.projection.js';

const created = (keyId: string, createdAt = '2024-03-01T12:00:00.000Z'): Told => ({
  streamId: apiKeyStream(keyId),
  type: 'ApiKeyCreated',
  data: { keyId, name: `key ${keyId}`, hash: `hash of ${keyId}`, scopes: ['record', 'eligibility'], createdAt },
});
const revoked = (keyId: string): Told => ({ streamId: apiKeyStream(keyId), type: 'ApiKeyRevoked' });

function setUp() {
  const readModels = readModelsInMemory();
  return { readModels, keys: new ApiKeysProjection(readModels) };
}

describe('the API keys', () => {
  it('are found by the hash of the key', () => {
    const { readModels, keys } = setUp();
    handle(readModels, keys, recorded([created('a'), created('b')]));
    expect(keys.findByHash('hash of a')).toStrictEqual({
      keyId: 'a',
      name: 'key a',
      scopes: new Set(['record', 'eligibility']),
    });
    expect(keys.findByHash('hash of c')).toBeUndefined();
  });

  it('are not found once revoked, and stay listed', () => {
    const { readModels, keys } = setUp();
    handle(readModels, keys, recorded([created('a'), created('b', '2024-02-01T12:00:00.000Z'), revoked('a')]));
    expect(keys.findByHash('hash of a')).toBeUndefined();
    expect(keys.list().map(({ keyId, revoked, createdAt }) => [keyId, revoked, createdAt])).toStrictEqual([
      ['b', false, '2024-02-01T12:00:00.000Z'],
      ['a', true, '2024-03-01T12:00:00.000Z'],
    ]);
  });

  it.each([
    ['ApiKeyCreated', [created('a')]],
    ['ApiKeyRevoked', [created('a'), revoked('a')]],
  ])('are idempotent if run twice: %s', (_, told) => {
    const { readModels, keys } = setUp();
    const events = recorded(told);
    handle(readModels, keys, events);
    const once = dump(readModels);
    for (const event of events) handle(readModels, keys, [event]);
    expect(dump(readModels)).toBe(once);
  });

  it('are known again when the file is opened again, and none once it is cleared', () => {
    const { readModels, keys } = setUp();
    handle(readModels, keys, recorded([created('a')]));
    expect(new ApiKeysProjection(readModels).findByHash('hash of a')).toBeDefined();
    readModels.reset(keys);
    expect(keys.list()).toStrictEqual([]);
    expect(keys.findByHash('hash of a')).toBeUndefined();
  });

  it('leave the events of other streams alone, and refuse an unknown one of their own', () => {
    const { readModels, keys } = setUp();
    handle(readModels, keys, recorded([{ streamId: 'contact-a', type: 'ApiKeyCreated' }]));
    expect(keys.list()).toStrictEqual([]);
    expect(() => handle(readModels, keys, recorded([{ ...revoked('a'), type: 'ApiKeyLost' }]))).toThrow(
      'Unknown event of an API key: "ApiKeyLost"',
    );
  });
});
