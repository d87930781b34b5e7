import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEventStoreDbServer, type EventStoreDbServer } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_STREAM, RevisionConflict } from './event-store.js';
import { LogRefused } from './eventstoredb/errors.js';
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

  it('tells of every append what it took, and of one that failed whether the log or the append was at fault', async () => {
    server = await startEventStoreDbServer();
    const heard: unknown[] = [];
    store = await openEventStore({
      url: server.connectionString,
      path: '',
      streamPrefixes: ['contact-'],
      onCommit: ({ seconds, ...stats }) => heard.push({ ...stats, timed: seconds > 0 }),
      onFailed: (cause) => heard.push((cause as { code: string }).code),
    });
    await store.append('contact-a', NO_STREAM, [event]);
    await expect(store.append('contact-a', 7, [{ ...event, id: randomUUID() }])).rejects.toThrow(RevisionConflict);
    await store.appendEach([{ streamId: 'contact-b', expected: NO_STREAM, events: [{ ...event, id: randomUUID() }] }]);
    server.failNextAppends('access-denied');
    await expect(store.append('contact-c', NO_STREAM, [event])).rejects.toThrow(LogRefused);
    expect(heard).toStrictEqual([
      { appends: 1, events: 1, timed: true },
      { appends: 1, events: 1, timed: true },
      'LOG_REFUSED',
    ]);
  });
});
