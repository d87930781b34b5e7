import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { NO_STREAM } from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { createRecordingLogger, type RecordingLogger } from '@consent-ledger/testing';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { somebody } from '../http/given.js';
import { optIn, verdictOf } from '../mail/steps.js';
import { signedPath } from '../recipients/pages.js';
import { openLogOf } from '../support/engines.js';
import { eventually, startService, type Reply, type TestService } from '../support/service.js';

/** The ways in which an opt-out comes; each answers for the address that it is about. */
const ways = ['one click', 'the page', 'POST /v1/opt-outs'] as const;
type Way = (typeof ways)[number];

let service: TestService;
let logger: RecordingLogger;
const opened: Database.Database[] = [];

beforeEach(async () => {
  logger = createRecordingLogger();
  service = await startService({ logger });
});
afterEach(async () => {
  for (const db of opened.splice(0)) db.close();
  await service.stop();
});

/** A connection of another program to one of the service's files. */
function otherProgram(file: 'log.sqlite' | 'vault.sqlite'): Database.Database {
  const db = new Database(join(service.directory, file));
  opened.push(db);
  return db;
}

/** Somebody who agreed to newsletters, and the link that stops them. */
async function reader(): Promise<{ address: string; path: string }> {
  const address = somebody();
  const contactId = await optIn(service, address);
  const path = await signedPath(service, { kind: 'unsubscribe', contactId, purpose: 'newsletter', mailing: 'spring' });
  return { address, path };
}

function optOutBy(way: Way, { address, path }: { address: string; path: string }, language = 'en'): Promise<Reply> {
  if (way === 'POST /v1/opt-outs')
    return service.post('/v1/opt-outs', { address, purposes: ['newsletter'], source: { kind: 'customer-service' } });
  const raw = way === 'one click' ? 'List-Unsubscribe=One-Click' : 'scope=one';
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Accept-Language': language };
  return service.request('POST', path, { key: null, raw, headers });
}

/** Keeps the service from writing, while all can be read. */
const hold = (db: Database.Database) => db.exec('BEGIN IMMEDIATE');
const letGo = (db: Database.Database) => db.exec('ROLLBACK');

const readiness = async () => (await service.get('/health/ready', { key: null })).body;

describe('an opt-out is accepted, and is durable (P4), while', () => {
  async function expectOptOut(way: Way, person: { address: string; path: string }): Promise<void> {
    const { status, text } = await optOutBy(way, person);
    expect([way, status]).toStrictEqual([way, way === 'POST /v1/opt-outs' ? 201 : 200]);
    if (way === 'one click') expect(text).toBe('Unsubscribed\n');
    if (way === 'the page') expect(text).toContain('You have been unsubscribed');
    expect(await verdictOf(service, person.address)).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
  }

  async function expectAccepted(): Promise<void> {
    for (const way of ways) await expectOptOut(way, await reader());
  }

  it('the projections are stopped', async () => {
    const store = await openLogOf(service.directory);
    const poison = { id: newId(), type: 'Rumour', data: {}, metadata: {} };
    await store.append(`contact-${'a'.repeat(26)}`, NO_STREAM, [poison]);
    await store.close();
    await eventually(async () => expect((await readiness()).checks.readModels).toMatch(/^stopped/));
    await expectAccepted();
  });

  it('the read models are broken', async () => {
    await overwrite('read-models.sqlite');
    await overwrite('read-models.sqlite-wal');
    const { headers } = await service.get('/v1/mailings/none');
    expect(headers.get('content-type')).toContain('problem');
    await expectAccepted();
  });

  it.each([
    ['keys', 'DROP TABLE data_keys'],
    ['list of destroyed keys', 'DROP TABLE destroyed_keys'],
    ['tables at all', 'DROP TABLE data_keys; DROP TABLE destroyed_keys'],
  ])('the key vault has no %s', async (_, broken) => {
    const people = [await reader(), await reader(), await reader()];
    otherProgram('vault.sqlite').exec(broken);
    for (const [index, way] of ways.entries()) await expectOptOut(way, people[index]!);
    expect(await readiness()).toMatchObject({ status: 'degraded', checks: { log: 'ok', writing: 'ok' } });
    expect((await readiness()).checks.keyVault).toMatch(/^the key vault cannot be read/);
  });

  it('another program holds the key vault, of somebody who has no key in it yet', async () => {
    const vault = otherProgram('vault.sqlite');
    hold(vault);
    const stranger = { address: somebody(), path: '' };
    await expectOptOut('POST /v1/opt-outs', stranger);
    letGo(vault);
  });

  it('the mail server is away', async () => {
    await service.restart({ SMTP_URL: 'smtp://127.0.0.1:9' });
    await expectAccepted();
  });
});

describe('a choice of which the vault lets only the opt-out be recorded', () => {
  it('is told as just that: what was switched off counts, what was switched on does not yet (P3, P4)', async () => {
    const address = somebody();
    const contactId = await optIn(service, address);
    const expiresAt = Date.now() + 3_600_000;
    const path = await signedPath(service, { kind: 'preferences', contactId, expiresAt });
    otherProgram('vault.sqlite').exec('DROP TABLE data_keys; DROP TABLE destroyed_keys');
    const raw = new URLSearchParams({
      'shown.newsletter': 'on',
      'shown.sales-contact': 'off',
      'wants.sales-contact': 'yes',
      statement: 'signup-form',
      version: '1',
      language: 'nl',
      revision: '0',
    }).toString();
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Accept-Language': 'nl' };
    const { status, text, headers: told } = await service.request('POST', path, { key: null, raw, headers });
    expect([status, Number(told.get('retry-after')) > 0]).toStrictEqual([503, true]);
    expect(text).toContain('Je afmelding is vastgelegd en geldt meteen.');
    expect(text).not.toContain('konden je keuze nu niet vastleggen');
    expect(await verdictOf(service, address)).toMatchObject({ reason: 'OPTED_OUT' });
    expect(await verdictOf(service, address, 'sales-contact')).toMatchObject({ reason: 'NO_CONSENT' });
  });
});

describe('a log that another program holds', () => {
  it.each(ways)(
    'is told by 503 and when to come back where the opt-out comes by %s, and nothing is claimed (P4)',
    async (way) => {
      const person = await reader();
      const log = otherProgram('log.sqlite');
      hold(log);
      const refused = await optOutBy(way, person, 'nl');
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      if (way === 'POST /v1/opt-outs') expect(refused.body.code).toBe('UNAVAILABLE');
      else expect(refused.text).toContain('<h1>Het is nog niet gelukt</h1>');
      expect(refused.text).not.toMatch(/Unsubscribed|afgemeld</);

      const page = await service.get(person.path, { key: null });
      expect([page.status, page.text.includes('<form')]).toStrictEqual([200, true]);
      expect(await readiness()).toMatchObject({
        status: 'degraded',
        checks: { log: 'ok', writing: 'the last write to the log was refused: SQLITE_BUSY', readModels: 'ok' },
      });

      letGo(log);
      expect(await verdictOf(service, person.address)).toMatchObject({ reason: 'CONSENT' });
      expect((await optOutBy(way, person)).status).toBeLessThan(300);
      expect(await verdictOf(service, person.address)).toMatchObject({ reason: 'OPTED_OUT' });
      expect(await readiness()).toMatchObject({ status: 'ok' });
    },
  );
});

/** Garbage in the place of all but the first page. */
async function overwrite(name: string): Promise<void> {
  const file = await open(join(service.directory, name), 'r+');
  try {
    const { size } = await file.stat();
    if (size > 8192) await file.write(Buffer.alloc(size - 8192, 0xa5), 0, size - 8192, 8192);
  } finally {
    await file.close();
  }
}
