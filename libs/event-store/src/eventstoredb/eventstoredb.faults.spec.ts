import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as nextLook } from 'node:timers/promises';
import {
  selfSignedCertificate,
  startEventStoreDbServer,
  type AppendFault,
  type EventStoreDbServer,
} from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NO_STREAM, START, type Batch, type NewEvent, type Position, type RecordedEvent } from '../event-store.js';
import type { EventStoreDb, EventStoreDbOptions } from './eventstoredb-event-store.js';
import { openEventStoreDb } from './open-eventstoredb.js';

const STREAM = 'contact-1';

describe('a log on EventStoreDB', () => {
  let server: EventStoreDbServer;
  let beside: EventStoreDbServer | undefined;
  const opened: EventStoreDb[] = [];

  beforeEach(async () => {
    server = await startEventStoreDbServer();
  });
  afterEach(async () => {
    server.releaseReads();
    await Promise.all(opened.splice(0).map((store) => store.close()));
    await beside?.stop();
    await server.stop();
  });

  async function open(options: Partial<EventStoreDbOptions> = {}): Promise<EventStoreDb> {
    const { connectionString } = server;
    const store = await openEventStoreDb({ connectionString, streamPrefixes: ['contact-', 'mailing-'], ...options });
    opened.push(store);
    return store;
  }

  describe('whose server does not say what became of an append', () => {
    it.each<{ fault: AppendFault; what: string }>([
      { fault: 'cut-before-writing', what: 'the connection is cut before it was written' },
      { fault: 'cut-after-writing', what: 'the connection is cut after it was written' },
      { fault: 'timeout-after-writing', what: 'the server gave up waiting for its own answer' },
      { fault: 'busy', what: 'the server was too busy' },
      { fault: 'no-answer', what: 'no answer comes' },
    ])('writes it once and answers its place when $what', async ({ fault }) => {
      const store = await open({ answerTimeoutMs: 100 });
      const events = [event(), event()];
      server.failNextAppends(fault, fault);

      const appended = await store.append(STREAM, NO_STREAM, events);

      const recorded = await store.readStream(STREAM);
      expect(recorded.map(({ id }) => id)).toStrictEqual(events.map(({ id }) => id));
      expect(appended).toStrictEqual({ revision: 1, position: recorded[1]!.position });
    });

    it('takes no harm from an answer that comes when nobody waits for it any more', async () => {
      const store = await open({ answerTimeoutMs: 50 });
      server.failNextAppends('late-answer');
      await store.append(STREAM, NO_STREAM, [event()]);

      server.answerLate();

      expect((await store.append(STREAM, 0, [event()])).revision).toBe(1);
      expect(await store.readStream(STREAM)).toHaveLength(2);
    });

    it('says that the outcome is unknown when nobody answers in the time allowed, and finds out when asked again', async () => {
      const store = await open({ answerTimeoutMs: 20, retryForMs: 1 });
      const patient = await open();
      const events = [event()];
      server.failNextAppends('no-answer');

      await expect(store.append(STREAM, NO_STREAM, events)).rejects.toMatchObject({ code: 'APPEND_OUTCOME_UNKNOWN' });

      expect(await patient.append(STREAM, NO_STREAM, events)).toMatchObject({ revision: 0 });
      expect(await patient.readStream(STREAM)).toHaveLength(1);
    });

    it('loses and repeats nothing of a thousand appends that are under way when connections are cut', async () => {
      const store = await open();
      server.failNextAppends('cut-after-writing', 'cut-before-writing', 'cut-after-writing');
      const streams = Array.from({ length: 1000 }, (_, n) => `contact-${n}`);

      const appended = await Promise.all(streams.map((stream) => store.append(stream, NO_STREAM, [event(), event()])));

      const recorded = await store.readAll(START, 10_000);
      expect(recorded).toHaveLength(2000);
      const last = recorded.filter(({ revision }) => revision === 1);
      expect(new Set(appended.map(({ position }) => position))).toStrictEqual(
        new Set(last.map(({ position }) => position)),
      );
    });

    it('keeps the order of appends that rest on each other', async () => {
      const store = await open();
      server.failNextAppends('cut-before-writing');
      const appends = [0, 1, 2].map((n) => ({ streamId: STREAM, expected: n - 1, events: [event()] }));

      const answers = await store.appendEach(appends);

      expect(answers.map((answer) => 'revision' in answer && answer.revision)).toStrictEqual([0, 1, 2]);
    });

    it('answers a conflict when another writer came in between', async () => {
      const [store, other] = [await open(), await open()];
      await other.head();
      server.failNextAppends('busy');
      const appending = store.append(STREAM, NO_STREAM, [event()]);
      await other.append(STREAM, NO_STREAM, [event()]).catch(() => undefined);
      const settled = await appending.then(
        () => 'written',
        (error: { code: string }) => error.code,
      );

      expect(['written', 'REVISION_CONFLICT']).toContain(settled);
      expect(await store.readStream(STREAM)).toHaveLength(1);
    });

    it('reads the place of an append from its stream when the answer leaves it out', async () => {
      const store = await open();
      server.failNextAppends('no-position');

      const appended = await store.append(STREAM, NO_STREAM, [event(), event()]);

      expect(appended).toStrictEqual({ revision: 1, position: (await store.readStream(STREAM))[1]!.position });
    });

    it('settles what is under way before it closes', async () => {
      const store = await open();
      server.failNextAppends('busy', 'no-position');
      const appending = store.append(STREAM, NO_STREAM, [event()]);
      await store.close();

      expect(await appending).toMatchObject({ revision: 0 });
    });
  });

  describe('whose server refuses an append', () => {
    it('tells what to do, and does not try again', async () => {
      const store = await open();
      server.failNextAppends('access-denied');

      await expect(store.append(STREAM, NO_STREAM, [event()])).rejects.toMatchObject({ code: 'LOG_REFUSED' });
      expect(await store.readStream(STREAM)).toStrictEqual([]);
    });

    it.each([1_200_000, 5_000_000])(
      'refuses %d bytes in one append, and goes on with those beside it',
      async (size) => {
        const store = await open();

        const [large, beside] = await Promise.allSettled([
          store.append(STREAM, NO_STREAM, [event('x'.repeat(size))]),
          store.append('contact-2', NO_STREAM, [event()]),
        ]);

        expect(large).toMatchObject({ status: 'rejected', reason: { code: 'APPEND_TOO_LARGE' } });
        expect(beside.status).toBe('fulfilled');
      },
    );

    it('refuses a stream that nobody would read, and prefixes that would take in the streams of the server', async () => {
      const store = await open();

      await expect(store.append('contract-1', NO_STREAM, [event()])).rejects.toThrow('contact-, mailing-');
      for (const streamPrefixes of [[], [''], ['$']])
        await expect(open({ streamPrefixes })).rejects.toThrow(RangeError);
    });

    it('says so when the server is too old to take appends in this way', async () => {
      const old = await startEventStoreDbServer({ batchAppend: false });
      const store = await open({ connectionString: old.connectionString });

      await expect(store.append(STREAM, NO_STREAM, [event()])).rejects.toMatchObject({ code: 'LOG_REFUSED' });
      await store.close();
      await old.stop();
    });
  });

  describe('that holds more than ours', () => {
    it('passes over the events of the server and of others, and has its head at its own last event', async () => {
      const store = await open();
      const { position } = await store.append(STREAM, NO_STREAM, [event(), event()]);
      for (let n = 0; n < 50; n += 1) server.log.writeOwn();
      server.log.append('order-1', 'any', [foreign('{}')]);

      expect(await store.head()).toBe(position);
      expect(await store.readAll(START, 10)).toHaveLength(2);
      expect(await store.readAll(position, 10)).toStrictEqual([]);
      const batches = store.subscribe(START, { signal: AbortSignal.timeout(20_000) })[Symbol.asyncIterator]();
      expect((await batches.next()).value).toMatchObject({ events: [{}, {}], caughtUp: true });
    });

    it('fails the read of an event that is not JSON, and names its place and nothing of what it holds', async () => {
      const store = await open();
      await store.append('contact-2', NO_STREAM, [event()]);
      server.log.append(STREAM, 'no-stream', [foreign('{"secret')]);

      const reading = store.readStream(STREAM);
      await expect(reading).rejects.toThrow(`position ${server.log.stream(STREAM)![0]!.position} is damaged`);
      await expect(reading).rejects.not.toThrow('secret');
      expect(await store.readStream('contact-2')).toHaveLength(1);
    });
  });

  describe('that is followed', () => {
    it('has one subscription, however many follow, and none when they have left', async () => {
      const store = await open();
      const stop = new AbortController();
      await store.append(STREAM, NO_STREAM, [event()]);
      const followers = Array.from({ length: 120 }, () => follow(store, START, stop.signal));
      await until(() => followers.every(({ events }) => events.length === 1));

      await store.append(STREAM, 0, [event()]);
      await until(() => followers.every(({ events }) => events.length === 2));
      expect(server.openSubscriptions()).toBe(1);

      stop.abort();
      await Promise.all(followers.map(({ ended }) => ended));
      await until(() => server.openSubscriptions() === 0);
    });

    it('throws when the connection is cut, and loses and repeats nothing for who subscribes again after what was handled', async () => {
      const store = await open();
      const stop = new AbortController();
      const following = followOnAndOn(store, stop.signal);
      for (let n = 0; n < 60; n += 1) {
        await store.append(STREAM, n - 1, [event()]);
        if (n % 20 === 10) await until(() => following.events.length === n + 1);
        if (n % 20 === 10) server.cut();
      }
      await until(() => following.events.length >= 60);

      expect(following.events).toStrictEqual(await store.readStream(STREAM));
      expect(following.drops).toBeGreaterThan(0);
      stop.abort();
      await following.ended;
    });

    it('lets a slow one fall behind the rest, and come up again without a gap', async () => {
      const store = await open({ tailCapacity: 5 });
      const stop = new AbortController();
      const quick = follow(store, START, stop.signal);
      const slow = store.subscribe(START, { signal: stop.signal, batchSize: 3 })[Symbol.asyncIterator]();
      await slow.next();

      for (let n = 0; n < 100; n += 1) await store.append(STREAM, n - 1, [event()]);
      await until(() => quick.events.length === 100);
      const caughtUp: RecordedEvent[] = [];
      while (caughtUp.length < 100) caughtUp.push(...((await slow.next()).value as Batch).events);

      expect(caughtUp).toStrictEqual(quick.events);
      expect(server.openSubscriptions()).toBe(1);
      stop.abort();
      await quick.ended;
    });

    it('counts as handled only what was handed out: an abandoned batch comes again', async () => {
      const store = await open();
      await store.append(STREAM, NO_STREAM, [event(), event(), event()]);
      let handled: Position = START;
      for await (const { events } of store.subscribe(START, { signal: AbortSignal.timeout(20_000), batchSize: 1 })) {
        if (handled !== START) break;
        handled = events[0]!.position;
      }

      const again = store.subscribe(handled, { signal: AbortSignal.timeout(20_000) })[Symbol.asyncIterator]();
      expect(((await again.next()).value as Batch).events.map(({ revision }) => revision)).toStrictEqual([1, 2]);
    });
  });

  describe('whose server is not there', () => {
    it('says "connecting" until it answers, and again when it goes away', async () => {
      const states: string[] = [];
      const store = await open({ onConnection: (state) => states.push(state), retryForMs: 1 });
      expect(store.connection()).toBe('connecting');

      await store.head();
      expect(store.connection()).toBe('connected');
      const stop = new AbortController();
      const following = follow(store, START, stop.signal);
      await until(() => server.openSubscriptions() === 1);
      stop.abort();
      await following.ended;
      await until(() => server.openSubscriptions() === 0);
      expect(store.connection()).toBe('connected');

      await server.goAway();
      await expect(store.head()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      expect(store.connection()).toBe('connecting');

      await server.comeBack();
      await until(() => answers(store));
      expect(states).toStrictEqual(['connected', 'connecting', 'connected']);
    });

    it('appends when it comes back in time', async () => {
      const store = await open();
      await store.append(STREAM, NO_STREAM, [event()]);
      await server.goAway();
      const appending = store.append(STREAM, 0, [event()]);
      await expect(store.readStream(STREAM)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      await server.comeBack();

      expect(await appending).toMatchObject({ revision: 1 });
    });

    it.each([0, 1])('does not wait for ever for a server that falls silent after %d events', async (after) => {
      const store = await open({ answerTimeoutMs: 50 });
      await store.append(STREAM, NO_STREAM, [event(), event()]);
      server.holdReads(after);

      await expect(store.readStream(STREAM)).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
      server.releaseReads();
      expect(await store.readStream(STREAM)).toHaveLength(2);
    });

    it('closes without it', async () => {
      const store = await open({ connectionString: server.connectionString.replace('esdb:', 'esdb+discover:') });
      await server.goAway();

      await store.close();
      await expect(store.head()).rejects.toThrow('closed');
      await server.comeBack();
    });
  });

  it('finds the leader of a cluster by discovery, again after it was away', async () => {
    const store = await open({ connectionString: server.connectionString.replace('esdb:', 'esdb+discover:') });
    await store.append(STREAM, NO_STREAM, [event()]);
    await server.goAway();
    const appending = store.append(STREAM, 0, [event()]);
    await server.comeBack();

    expect(await appending).toMatchObject({ revision: 1 });
  });

  it('asks the leader, also where the connection string names a node that has not heard from it (P4)', async () => {
    beside = await startEventStoreDbServer({ leader: server });
    const stop = new AbortController();
    const [store, other] = [await open(), await open({ connectionString: beside.connectionString })];
    const { position } = await store.append(STREAM, NO_STREAM, [event()]);

    expect(await other.head()).toBe(position);
    expect(await other.readStream(STREAM)).toHaveLength(1);
    expect(await other.append(STREAM, 0, [event()])).toMatchObject({ revision: 1 });
    const following = follow(other, START, stop.signal);
    await until(() => following.events.length === 2);
    stop.abort();
    await following.ended;
  });

  describe('behind TLS and a password', () => {
    let folder: string;
    let authority: string;
    let secured: EventStoreDbServer;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'eventstoredb-'));
      authority = join(folder, 'ca.crt');
      const certificate = selfSignedCertificate();
      await writeFile(authority, certificate.certificate);
      secured = await startEventStoreDbServer({ secured: { ...certificate, user: 'ledger', password: 'p@ss word' } });
    });
    afterEach(async () => {
      await secured.stop();
      await rm(folder, { recursive: true });
    });

    const reach = (user: string, options = `?tlsCAFile=${encodeURIComponent(authority)}`) =>
      open({ connectionString: `esdb://${user}@localhost:${secured.port}${options}`, retryForMs: 1 });

    it('lets in who is named in the connection string', async () => {
      const store = await reach('ledger:p%40ss%20word');
      await store.append(STREAM, NO_STREAM, [event()]);

      expect(await store.readStream(STREAM)).toHaveLength(1);
      await store.close();
    });

    it('refuses another, and is not asked again', async () => {
      const store = await reach('ledger:guess');

      await expect(store.readStream(STREAM)).rejects.toMatchObject({ code: 'LOG_REFUSED' });
      await expect(store.append(STREAM, NO_STREAM, [event()])).rejects.toMatchObject({ code: 'LOG_REFUSED' });
      await store.close();
    });

    it('is not trusted without its authority', async () => {
      const store = await reach('ledger:p%40ss%20word', '');

      await expect(store.readStream(STREAM)).rejects.toThrow(/self.signed certificate/);
      await store.close();
    });
  });

  it('leaves no connection open when it is closed', async () => {
    const store = await open();
    await store.append(STREAM, NO_STREAM, [event()]);
    const batches = store.subscribe(START, { signal: AbortSignal.timeout(20_000) })[Symbol.asyncIterator]();
    await batches.next();
    await store.close();

    await until(() => server.openConnections() === 0);
  });

  it.each([
    'postgres://user:hunter2@host',
    'esdb://user:hunter2@host:port',
    'esdb://user:hunter2@host?colour=blue',
    'esdb://user:hunter2@host?tlsVerifyCert=false',
    'esdb://user:hunter2@host?tlsCAFile=nowhere/ca.crt',
    'esdb://user:hunter2@',
  ])('refuses "%s" as a connection string, and does not tell the password', async (connectionString) => {
    const refused = await open({ connectionString }).catch((error: unknown) => error);

    expect(refused).toMatchObject({ code: 'UNUSABLE_CONNECTION_STRING' });
    expect(JSON.stringify(refused, Object.getOwnPropertyNames(refused))).not.toContain('hunter2');
  });
});

function event(text = 'ë'): NewEvent {
  return { id: randomUUID(), type: 'Happened', data: { text }, metadata: { schemaVersion: 1 } };
}

/** An event as another program might have written it. */
function foreign(text: string) {
  const bytes = new TextEncoder().encode(text);
  return { id: randomUUID(), type: 'Foreign', contentType: 'application/json', data: bytes, metadata: bytes };
}

function answers(store: EventStoreDb): Promise<boolean> {
  return store.head().then(
    () => true,
    () => false,
  );
}

interface Following {
  readonly events: RecordedEvent[];
  readonly ended: Promise<void>;
}

function follow(store: EventStoreDb, after: Position, signal: AbortSignal): Following {
  const events: RecordedEvent[] = [];
  const run = async () => {
    for await (const batch of store.subscribe(after, { signal })) events.push(...batch.events);
  };
  return { events, ended: run() };
}

/** Subscribes again after what it has handled, as a processor does. */
function followOnAndOn(store: EventStoreDb, signal: AbortSignal): Following & { readonly drops: number } {
  const events: RecordedEvent[] = [];
  const following = { events, drops: 0, ended: Promise.resolve() };
  const run = async () => {
    while (!signal.aborted)
      try {
        const after = events.at(-1)?.position ?? START;
        for await (const batch of store.subscribe(after, { signal })) events.push(...batch.events);
      } catch (error) {
        expect(error).toMatchObject({ code: 'LOG_UNAVAILABLE' });
        following.drops += 1;
      }
  };
  following.ended = run();
  return following;
}

/** Looks until it is so. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`It never came to be: ${condition.toString()}`);
    await nextLook(2);
  }
}
