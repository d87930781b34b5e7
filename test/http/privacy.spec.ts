import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger } from '@consent-ledger/platform';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logOf, mailTo, optIn as agree } from '../mail/steps.js';
import { confirmationFromMail, linkFromMail } from '../recipients/pages.js';
import { ADMIN_KEY, eventually, startService, type TestService } from '../support/service.js';
import { eventsOf, signupForm } from './given.js';

/** What tells who a person is, or describes one. None of it may be found where it does not belong. */
const person = {
  address: 'wilhelmina.van-oranje@privacy-voorbeeld.nl',
  other: 'w.geheim@elders-voorbeeld.nl',
  name: 'Wilhelmina Zonderling',
  ip: '203.0.113.77',
  userAgent: 'NetscapeNavigator/4.79',
  url: 'https://www.cadeaugemak.nl/aanmelden?lead=8812736',
  note: 'belde over de scheiding van haar buren',
  recordingRef: 'opname-55128',
  reference: 'dossier-771298',
  reason: 'bezwaar vanwege een ziekte',
};

/** What the service may write in a log line beside its level, time and message. */
const loggable = [
  'method',
  'route',
  'status',
  'milliseconds',
  'correlationId',
  'keyId',
  'app',
  'port',
  'position',
  'error',
];

describe('personal data', () => {
  const log: string[] = [];
  const answers: { status: number; headers: string; text: string }[] = [];
  const tokens: string[] = [];
  let service: TestService;

  beforeAll(async () => {
    service = await startService({ logger: createLogger('debug', { write: (line) => void log.push(line) }) });
    await live();
    await fail();
  });
  afterAll(() => service.stop());

  /** A request past the harness, so that paths and bodies may be as wrong as they come. */
  async function send(method: string, path: string, body?: object | string, headers: Record<string, string> = {}) {
    const response = await fetch(new URL(path, service.url), {
      method,
      headers: { Authorization: `Bearer ${ADMIN_KEY}`, 'Content-Type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const sent = JSON.stringify([...response.headers]);
    answers.push({ status: response.status, headers: sent, text: await response.text() });
  }

  /** A life on record: everything about a person that the service takes. */
  async function live(): Promise<void> {
    const { address, other, name, ip, userAgent, url, note, recordingRef, reference, reason } = person;
    const source = { kind: 'phone', reference };
    const evidence = { ip, userAgent, url, note, recordingRef };
    const purposes = ['newsletter', 'event-invitation'];
    const key = { 'Idempotency-Key': `opt-in of ${address}` };
    await send('POST', '/v1/opt-ins', { address, purposes, statement: signupForm, source, evidence }, key);
    await send('POST', '/v1/opt-outs', { address, purposes: ['event-invitation'], source });
    await send('POST', '/v1/relationships', { address, kind: 'customer-started', source });
    await send('POST', '/v1/deliverability', { address, kind: 'deliverable', source });
    await send('POST', '/v1/restrictions', { address: other, restricted: true, reason, source });
    await send('POST', '/v1/eligibility', { address, purpose: 'newsletter' });
    await send('POST', '/v1/eligibility/batch', { purpose: 'newsletter', addresses: [address, other, name] });
    const mailing = { purpose: 'newsletter', template: 'newsletter', subject: 'Lente', variables: { title: 'Lente' } };
    await send('POST', '/v1/mailings', { ...mailing, recipients: [{ address, variables: { name } }] });
    await mailTo(service, address);
    await agree(service, other);

    const unsubscribe = await linkFromMail(service, 'derde@privacy-voorbeeld.nl');
    const confirm = await confirmationFromMail(service, 'vierde@privacy-voorbeeld.nl');
    for (const link of [unsubscribe, confirm]) {
      tokens.push(link.split('/').at(-1)!);
      const form = { 'Content-Type': 'application/x-www-form-urlencoded', Authorization: '' };
      await send('GET', link);
      await send('GET', `${link}x`);
      await send('POST', link, 'scope=all', form);
      await send('POST', `${link}x`, 'scope=all', form);
    }
  }

  /** The same person in every place where a caller may put one by mistake. */
  async function fail(): Promise<void> {
    const { address, name } = person;
    const encoded = encodeURIComponent(address);
    const fact = { address, purposes: 'all', source: { kind: 'phone' } };
    await send('POST', '/v1/opt-outs', { ...fact, address: `${address} ${name}` });
    await send('POST', '/v1/opt-outs', { ...fact, [address]: true });
    await send('POST', '/v1/opt-outs', { ...fact, source: { kind: address, [address]: name } });
    await send('POST', '/v1/opt-outs', { ...fact, purposes: [address] });
    await send('POST', '/v1/opt-outs', { ...fact, occurredAt: address });
    await send('POST', '/v1/opt-outs', `{"address": "${address}"`);
    await send('POST', '/v1/opt-outs', `address=${encoded}`, { 'Content-Type': 'text/plain' });
    await send('POST', '/v1/opt-outs', fact, { 'If-Match': address });
    await send('POST', '/v1/opt-outs', fact, { 'Idempotency-Key': '' });
    await send('POST', '/v1/opt-outs', fact, { 'X-Correlation-Id': address });
    await send('POST', '/v1/opt-outs', fact, { Authorization: `Bearer ${address}` });
    await send('POST', '/v1/opt-ins', { ...fact, purposes: ['newsletter'], statement: { ...signupForm, id: address } });
    await send('POST', '/v1/eligibility', { address, purpose: address });
    await send('POST', '/v1/eligibility', { address, [address]: 1, purpose: 'newsletter' });
    await send('POST', `/v1/eligibility/batch?purpose=${encoded}`, `"${address}"\n`, {
      'Content-Type': 'application/x-ndjson',
    });
    await send('GET', `/v1/contacts/${encoded}/preferences`);
    await send('GET', `/v1/contacts/${'a'.repeat(26)}/history?at=${encoded}&${encoded}=1`);
    await send('POST', `/v1/contacts/${'a'.repeat(26)}/replay`, {
      purpose: 'newsletter',
      at: '2026-01-01T00:00:00Z',
      policy: { id: address, version: 1 },
    });
    await send('POST', '/v1/mailings', { id: address, purpose: address, template: address, subject: 'Lente' });
    await send('POST', '/v1/mailings', { purpose: 'newsletter', template: address, subject: 'Lente' });
    await send('GET', `/v1/mailings/${encoded}`);
    await send('GET', `/${encoded}?address=${encoded}`);
    await send('DELETE', `/v1/opt-ins/${encoded}`);
    await send('GET', `/u/${encoded}%E0`);
    await send('GET', `/docs/${encoded}`);
  }

  const secrets = () => [...Object.values(person), ...tokens, ADMIN_KEY, 'derde@', 'vierde@'];

  /** What was found of the person in a text, also where it is written in upper case, encoded or quoted. */
  function found(text: string): string[] {
    const low = text.toLowerCase();
    const forms = (secret: string) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];
    return secrets().filter((secret) => forms(secret).some((form) => low.includes(form.toLowerCase())));
  }

  it('the requests were as many and as wrong as they were meant to be', () => {
    const count = (from: number) => answers.filter(({ status }) => status >= from && status < from + 100).length;
    expect([count(200), count(400), count(500)]).toStrictEqual([13, 28, 0]);
    expect(found(`x ${person.address.toUpperCase()} x`)).toStrictEqual([person.address]);
  });

  it('stands in no line of the log, whose fields are known, at the level that tells the most', async () => {
    const lines = log.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ msg }) => msg === 'Answered').length).toBeGreaterThanOrEqual(answers.length);
    for (const line of lines) {
      const { level: _level, time: _time, msg: _msg, ...fields } = line;
      expect(Object.keys(fields).filter((name) => !loggable.includes(name))).toStrictEqual([]);
      expect([line, found(JSON.stringify(line))]).toStrictEqual([line, []]);
    }
  });

  it('stands in the body of no error', () => {
    const errors = answers.filter(({ status }) => status >= 400);
    for (const { text } of errors) expect([text, found(text)]).toStrictEqual([text, []]);
  });

  it('stands in no page of a recipient', () => {
    const pages = answers.filter(({ text }) => text.startsWith('<!doctype html>'));
    expect(pages).toHaveLength(9);
    for (const { text } of pages) expect(found(text)).toStrictEqual([]);
  });

  it('stands in no header of an answer', () => {
    for (const { headers } of answers) expect([headers, found(headers)]).toStrictEqual([headers, []]);
  });

  it('stands in no metric', async () => {
    const { text } = await service.get('/metrics');
    expect(text).toContain('consent_ledger_http_request_seconds');
    expect(found(text)).toStrictEqual([]);
  });

  it('stands in no name of a file', async () => {
    const names = await readdir(service.directory, { recursive: true });
    expect(names.filter((name) => name.endsWith('.eml')).length).toBeGreaterThanOrEqual(3);
    for (const name of names) expect(found(name)).toStrictEqual([]);
  });

  it('stands in the open in no event of the log', async () => {
    const events = await logOf(service);
    expect(events.map(({ type }) => type)).toContain('OptedIn');
    for (const event of events) expect([event.type, found(JSON.stringify(event))]).toStrictEqual([event.type, []]);
  });

  it('stands in no file but the mails and the sealed part of events, and there it can be read again', async () => {
    const files = (await readdir(service.directory)).filter((name) => name !== 'outbox');
    expect(files).toEqual(
      expect.arrayContaining(['log.sqlite', 'log.sqlite-wal', 'read-models.sqlite', 'vault.sqlite']),
    );
    for (const file of files) {
      const bytes = await readFile(join(service.directory, file));
      expect([file, found(bytes.toString('latin1'))]).toStrictEqual([file, []]);
    }
    const { address, ip, userAgent, url, note, recordingRef, reference } = person;
    const [first] = await eventsOf(service, address);
    expect(first.personal).toStrictEqual({ address, reference, evidence: { ip, userAgent, url, note, recordingRef } });
  });

  it('is gone from every file once the person is erased, and the verdict stays', async () => {
    const { address } = person;
    const erased = await service.post('/v1/erasures', {
      address,
      reason: 'request',
      source: { kind: 'customer-service', reference: person.reference },
    });
    expect(erased.status).toBe(201);
    const events = await eventsOf(service, address);
    expect(new Set(events.map(({ personal }) => personal))).toStrictEqual(new Set(['erased', null]));
    await eventually(async () => {
      const { body } = await service.post('/v1/eligibility', { address, purpose: 'newsletter' });
      expect(body).toMatchObject({ eligible: false, reason: 'ERASED' });
    });
    for (const file of (await readdir(service.directory)).filter((name) => name !== 'outbox'))
      expect(found((await readFile(join(service.directory, file))).toString('latin1'))).toStrictEqual([]);
  });
});
