import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_STREAM } from './event-store.js';
import { openEventStore, type ConnectedEventStore } from './open-event-store.js';

const event = { id: '5a1d7e52-6c1f-4c0e-9b0a-111111111111', type: 'Made', data: {}, metadata: {} };

describe('openEventStore', () => {
  let directory: string;
  let server: EventStoreDbServer | undefined;
  let store: ConnectedEventStore | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'open-event-store-'));
  });
  afterEach(async () => {
    await store?.close();
    await server?.stop();
    [store, server] = [undefined, undefined];
    await rm(directory, { recursive: true });
  });
  const open = (url?: string) =>
    openEventStore({ url, path: join(directory, 'log.sqlite'), streamPrefixes: ['contact-'] });

  it('keeps the log in a file where no server is named, which is always connected', async () => {
    store = await open();
    expect(store.connection()).toBe('connected');
    await store.append('contact-a', NO_STREAM, [event]);
    await store.close();
    store = await open();
    expect(await store.readStream('contact-a')).toHaveLength(1);
  });

  it('keeps the log on the server that is named, and tells when it does not answer', async () => {
    server = await startEventStoreDbServer();
    store = await open(server.connectionString);
    expect(store.connection()).toBe('connecting');
    await store.append('contact-a', NO_STREAM, [event]);
    expect(store.connection()).toBe('connected');
    expect(server.log.stream('contact-a')).toHaveLength(1);
    await server.goAway();
    await expect(store.head()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(store.connection()).toBe('connecting');
  });
});
