import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { topicsOf } from '@consent-ledger/messaging';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { createGate, recipientsOf, startMailServer, type MailServer } from '../mail/mail-server.js';
import { completed, optIn, optOut, startMailing, verdictOf } from '../mail/steps.js';
import { ADMIN_KEY, eventually } from '../support/service.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { describeDistributed, startDistributedProfile, type DistributedProfile } from './distributed-profile.js';
import { peakOf } from './process-memory.js';
import { grouped, ReplayedLog } from './replayed-log.js';
import { openSlowLink, type SlowLink } from './slow-link.js';

/** Processes start, and wait for who is slow, on a machine that may be busy. */
jest.setTimeout(240_000);

/** How much more memory a service may need for somebody who does not read, in MiB. */
const MOST_GROWTH = 250;
/** Questions of others in which a reader's turn would have come. */
const OTHERS = 100;
/** What the log sends an api for as much of an export as the system holds, and more than it sends one that asks nothing but how far it is. */
const [LEAST_CARRIED, MOST_CARRIED] = [6_000_000, 32_768];
const MIB = 1024 * 1024;
const RECIPIENTS = Array.from({ length: 60 }, (_, number) => `post${number}@example.nl`);
/** With long addresses seven megabytes of an export: the system by itself holds four of a connection. */
const CONTACTS = 6_000;
const IMPORTED_AT_ONCE = 2_000;
const DOMAIN = `${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(60)}.example.nl`;

const people = (name: string, count: number) =>
  Array.from({ length: count }, (_, number) => `${name}${number}@example.nl`);

describeDistributed('the processes of the distributed profile', () => {
  let profile: DistributedProfile;
  let mail: MailServer;
  let link: SlowLink;
  let api: BuiltService;
  let worker: BuiltService;
  let mailer: BuiltService;
  let peaks: readonly number[];

  beforeAll(async () => {
    [profile, mail] = await Promise.all([startDistributedProfile(), startMailServer()]);
    const environment = { ...profile.environment, SMTP_URL: mail.url, MAIL_RETRY_SECONDS: '0.05' };
    link = await openSlowLink(profile.log.port);
    const overLink = { ...environment, EVENT_STORE_URL: `esdb://127.0.0.1:${link.port}?tls=false` };
    api = await startBuilt(await newDirectory(), overLink, 'api');
    worker = await startBuilt(await newDirectory(), environment, 'worker');
    mailer = await startBuilt(await newDirectory(), environment, 'mailer');
  });
  afterAll(async () => {
    await cleanUp();
    await Promise.all([link.close(), mail.close(), profile.stop()]);
  });
  beforeEach(() => measure());

  async function measure(): Promise<void> {
    peaks = await Promise.all([api, worker, mailer].map(peakOf));
  }

  async function expectServed(address: string): Promise<void> {
    await optIn(api, address);
    expect(await verdictOf(api, address)).toMatchObject({ reason: 'CONSENT' });
    await optOut(api, address);
    expect(await verdictOf(api, address)).toMatchObject({ reason: 'OPTED_OUT' });
    for (const service of [api, worker, mailer])
      await eventually(async () => expect((await service.get('/health/ready')).body.status).toBe('ok'), 30);
  }

  async function expectBounded(): Promise<void> {
    for (const [at, service] of [api, worker, mailer].entries())
      expect((await peakOf(service)) - peaks[at]!).toBeLessThan(MOST_GROWTH);
  }

  /** Throws where `progress` moves by more than `most` while the api answers others: it does not wait for who is slow. */
  async function expectWaiting(progress: () => number, most = 0): Promise<void> {
    const before = progress();
    for (let question = 0; question < OTHERS; question += 1) {
      const { status } = await api.post('/v1/eligibility', { address: 'iemand@example.nl', purpose: 'newsletter' });
      expect(status).toBe(200);
    }
    expect(progress() - before).toBeLessThanOrEqual(most);
  }

  /** How many times a route was answered to the end. */
  async function answered(route: string): Promise<number> {
    const { text } = await api.get('/metrics');
    const name = 'consent_ledger_http_request_seconds_count';
    const line = text.split('\n').find((one) => one.startsWith(name) && one.includes(`route="${route}"`));
    return line ? Number(line.split(' ').at(-1)) : 0;
  }

  /** Sent again, it records what it did not come to. */
  async function importContacts(first: number): Promise<void> {
    const row = (_: unknown, number: number) => `kaart${first + number}@${DOMAIN},2025-02-03 04:05:06,\n`;
    const rows = Array.from({ length: IMPORTED_AT_ONCE }, row);
    const query = 'preset=mailchimp&purposes=newsletter&statement=signup-form@1:nl';
    const { status } = await fetch(new URL(`/v1/imports?${query}`, api.url), {
      method: 'POST',
      headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'text/csv' },
      body: `Email Address,OPTIN_TIME,UNSUB_TIME\n${rows.join('')}`,
    });
    expect(status).toBe(200);
  }

  async function sendRequest(head: string): Promise<Socket> {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const headers = [`Host: ${hostname}`, `Authorization: Bearer ${ADMIN_KEY}`, 'Connection: close'];
    socket.pause();
    socket.write(`${head}\r\n${headers.join('\r\n')}\r\n\r\n`);
    return socket;
  }

  async function restOf(socket: Socket): Promise<string> {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    socket.resume();
    await once(socket, 'end');
    // The sizes of chunks stand between them.
    return text.replace(/\r\n[0-9a-f]+\r\n/g, '');
  }

  it('publish and answer on while a consumer of facts hangs, and show how far it is behind (P11)', async () => {
    const { events } = topicsOf(profile.prefix);
    const { wire } = profile;
    await optIn(api, 'eerste@example.nl');
    const crm = await wire.hang('crm', events);
    const leaving = people('crm', 40);
    await Promise.all(leaving.map((address) => optIn(api, address)));
    await Promise.all(leaving.map((address) => optOut(api, address)));
    await expectServed('na-crm@example.nl');
    const replayed = await ReplayedLog.read(profile.environment);
    const facts = replayed.events.filter(({ streamId }) => streamId.startsWith('contact-'));
    expect((await wire.read(events, facts.length)).length).toBe(facts.length);

    const behind = async () => {
      const { consumers } = (await api.get('/v1/consumers')).body;
      return consumers.find(({ consumer }: { consumer: string }) => consumer === 'crm')?.behind as number;
    };
    await eventually(async () => expect(await behind()).toBeGreaterThanOrEqual(facts.length - 1), 30);
    await eventually(async () => {
      const { text } = await api.get('/metrics');
      expect(text).toMatch(/^consent_ledger_consumer_behind\{consumer="crm",topic="[^"]+"\} [1-9]/m);
    }, 30);
    const told = await behind();

    crm.goOn();
    await eventually(() => expect(crm.taken.length).toBeGreaterThanOrEqual(facts.length), 60);
    const taken = grouped(crm.taken, ({ key }) => `contact-${key}`);
    for (const [streamId, recorded] of grouped(facts, (fact) => fact.streamId))
      expect(taken.get(streamId)?.map(({ body }) => body.id)).toStrictEqual(recorded.map(({ id }) => id));
    await eventually(async () => expect(await behind()).toBeLessThan(told - facts.length / 2), 30);
    await expectBounded();
  });

  it('go on while a mail server answers nobody, and then send to none who left meanwhile (P4)', async () => {
    await Promise.all(RECIPIENTS.map((address) => optIn(api, address)));
    const gate = createGate();
    mail.behave({ message: () => gate.opened });
    await startMailing(api, { id: 'spring', recipients: RECIPIENTS.map((address) => ({ address })) });
    await eventually(() => expect(mail.asked.length).toBeGreaterThan(1), 60);
    const begun = () => new Set(mail.asked.map(({ address }) => address));
    const leaving = RECIPIENTS.filter((address) => !begun().has(address)).slice(0, 30);
    await Promise.all(leaving.map((address) => optOut(api, address)));
    await expectServed('na-post@example.nl');
    expect(mail.taken).toStrictEqual([]);

    gate.open();
    const counts = await completed(api, 'spring', 90);
    const reached = recipientsOf(mail.taken);
    expect(reached).toHaveLength(new Set(reached).size);
    // A message that was handed to the server before they left may still be taken by it.
    const late = leaving.filter((address) => reached.includes(address));
    expect(late.length).toBeLessThanOrEqual(4);
    expect(counts).toMatchObject({ failed: 0, pending: 0, suppressed: { OPTED_OUT: leaving.length - late.length } });
    await expectBounded();
  });

  it('keep little for who asks for verdicts by the line and does not read them, and read on when they do (P4)', async () => {
    await optIn(api, 'lijst@example.nl');
    const socket = await sendRequest(
      'POST /v1/eligibility/batch?purpose=newsletter HTTP/1.1\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked',
    );
    const lines = '"lijst@example.nl"\n'.repeat(4_000);
    const chunk = `${lines.length.toString(16)}\r\n${lines}\r\n`;
    let chunks = 0;
    await eventually(async () => {
      if (socket.writableLength === 0) chunks += 1;
      if (socket.writableLength === 0) socket.write(chunk);
      await expectWaiting(() => socket.bytesWritten);
      expect(socket.writableLength).toBeGreaterThan(0);
    }, 60);
    expect(socket.bytesWritten).toBeLessThan(32 * MIB);
    await expectServed('na-lijst@example.nl');
    await expectBounded();
    expect(await answered('/v1/eligibility/batch')).toBe(0);

    socket.write('0\r\n\r\n');
    const text = await restOf(socket);
    expect(text.split('"reason":"CONSENT"')).toHaveLength(chunks * 4_000 + 1);
  });

  it('keep little for who asks for the export and does not read it, and write what stands once they do (P4)', async () => {
    for (let first = 0; first < CONTACTS; first += IMPORTED_AT_ONCE) await eventually(() => importContacts(first), 60);
    const latest = 'laatste@example.nl';
    await optIn(api, latest);
    await measure();

    const before = link.carried();
    const socket = await sendRequest('GET /v1/export HTTP/1.1');
    await eventually(() => {
      expect(link.carried() - before).toBeGreaterThan(LEAST_CARRIED);
      return expectWaiting(link.carried, MOST_CARRIED);
    }, 90);
    await optOut(api, latest);
    await expectServed('na-kaart@example.nl');
    await expectBounded();
    expect(await answered('/v1/export')).toBe(0);

    const text = await restOf(socket);
    expect(text.split(`@${DOMAIN},`).length - 1).toBeGreaterThanOrEqual(CONTACTS);
    const row = text.split('\n').find((line) => line.startsWith(latest) && line.includes(',newsletter,'));
    // It was looked up when the reader came to it, and not before.
    expect(row).toContain('OPTED_OUT');
    await eventually(async () => expect(await answered('/v1/export')).toBe(1));
  });
});
