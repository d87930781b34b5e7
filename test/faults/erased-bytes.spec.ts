import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { dataFiles } from '@consent-ledger/platform';
import { openSqliteKeyVault } from '@consent-ledger/privacy';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { completed, startMailing } from '../mail/steps.js';
import { cleanUp, newDirectory, startBuilt, type BuiltService } from './built-service.js';
import { filesUnder, formsFound, formsOf } from './raw-bytes.js';

/** A process starts, and a mailing goes out, on a machine that may be busy. */
jest.setTimeout(120_000);

afterEach(cleanUp);

const address = 'zwaantje.kwakernaat@uniek-voorbeeld.example';

/** What tells who this person is, or describes them; each stands in something that the service was sent. */
const told = {
  address,
  localPart: 'zwaantje.kwakernaat',
  domain: 'uniek-voorbeeld.example',
  name: 'Zwaantje Kwakernaat-Müller',
  ip: '203.0.113.94',
  userAgent: 'NetscapeNavigator/4.79 (Amiga)',
  url: 'https://winkel.example/aanmelden?lead=kwartel-88',
  note: 'belde over de scheiding van haar "buren"',
  recordingRef: 'opname-patrijs-55128',
  reference: 'dossier-wulp-771298',
  restriction: 'bezwaar vanwege een ziekte',
  hold: 'geschil over een cadeaukaart',
  order: 'bestelling grutto 4711',
};

const HOUR = 3_600_000;
const yesterday = Date.now() - 24 * HOUR;
/** Long enough ago for every ground but the hold to have ended (P7). */
const longAgo = Date.parse('2012-03-01T12:00:00Z');

/** A life on record: all that the service takes of a person. A legal hold keeps the data until the test lets it go. */
async function live(service: BuiltService, since = yesterday): Promise<string> {
  const occurredAt = new Date(since).toISOString();
  const later = new Date(since + HOUR).toISOString();
  const { ip, userAgent, url, note, recordingRef, reference, restriction, hold, name, order } = told;
  const source = { kind: 'phone', reference };
  await post(service, '/v1/legal-holds', { address, held: true, reason: hold, source, occurredAt });
  await post(service, '/v1/opt-ins', {
    ...{ address, occurredAt, source, purposes: ['newsletter'], evidence: { ip, userAgent, url, note, recordingRef } },
    statement: { id: 'signup-form', version: 1, language: 'nl' },
  });
  await post(service, '/v1/opt-outs', { address, occurredAt, purposes: ['event-invitation'], source });
  await post(service, '/v1/relationships', { address, occurredAt, kind: 'customer-started', source });
  await post(service, '/v1/relationships', {
    address,
    occurredAt: later,
    kind: 'customer-ended',
    source,
  });
  await post(service, '/v1/deliverability', { address, occurredAt, kind: 'deliverable', source });
  await post(service, '/v1/restrictions', { address, occurredAt, restricted: true, reason: restriction, source });
  const lifted = { address, occurredAt: later, restricted: false, reason: restriction, source };
  const { contactId } = await post(service, '/v1/restrictions', lifted);
  for (const [id, purpose, template] of [
    ['news', 'newsletter', 'newsletter'],
    ['order', 'service', 'service-notice'],
  ] as const) {
    const variables = { title: order, body: `Voor ${name}`, text: name };
    await startMailing(service, { id, purpose, template, recipients: [{ address, variables }] });
    await completed(service, id);
  }
  return contactId;
}

async function post(service: BuiltService, path: string, body: object) {
  const reply = await service.post(path, body);
  if (reply.status >= 300) throw new Error(`${path} answered ${reply.status}: ${reply.text}`);
  return reply.body;
}

/** The contact's key as it lies in the vault, wrapped, and as it is used. */
async function keyOf(directory: string, contactId: string): Promise<{ wrapped: Buffer; raw: Buffer }> {
  const { vault: path, secrets } = dataFiles(directory);
  const db = new Database(path, { readonly: true });
  const wrapped = db
    .prepare<[string], Buffer>('SELECT wrapped FROM data_keys WHERE contact_id = ?')
    .pluck()
    .get(contactId)!;
  db.close();
  const { masterKey } = JSON.parse(await readFile(secrets, 'utf8'));
  const vault = openSqliteKeyVault({ path, masterKeys: [{ id: 'master', secret: Buffer.from(masterKey, 'base64') }] });
  const { key } = (await vault.find(contactId))!;
  await vault.close();
  return { wrapped, raw: Buffer.from(key) };
}

/**
 * What no erasure reaches (ADR 19): a mail in the outbox is with whoever got it, and one in `inbound` says in words that no
 * machine understood whose it is.
 */
const excepted = ['outbox', 'inbound'].map((folder) => `${folder}${sep}`);

function isExcepted(name: string): boolean {
  return excepted.some((folder) => name.startsWith(folder));
}

/** The files of which one holds any of these bytes, but for those excepted. */
async function filesWith(directory: string, ...parts: readonly Buffer[]): Promise<string[]> {
  const files = [...(await filesUnder(directory))].filter(([name]) => !isExcepted(name));
  return files.filter(([, bytes]) => parts.some((part) => bytes.includes(part))).map(([name]) => name);
}

/** What is told of the person anywhere but in the files excepted, and in which form. */
async function traces(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, bytes] of await filesUnder(directory)) {
    if (isExcepted(name)) continue;
    for (const [what, text] of Object.entries(told))
      found.push(...formsFound(bytes, text).map((form) => `${what} in ${name} as ${form}`));
  }
  return found;
}

describe('the search', () => {
  it.each(Object.keys(formsOf('x')))('finds a text that is written as %s among other bytes', (form) => {
    for (const [index, written] of formsOf(told.name)[form]!.entries()) {
      const bytes = Buffer.concat([Buffer.from([0, 255, 7]), written, Buffer.from('rest')]);
      expect([form, index, formsFound(bytes, told.name)]).toStrictEqual([form, index, expect.arrayContaining([form])]);
    }
  });

  it('finds base64 wherever the text begins, and upper case', () => {
    for (const before of ['', 'a', 'ab'])
      expect(formsFound(Buffer.from(Buffer.from(`${before}${told.name}zz`).toString('base64')), told.name)).toContain(
        'base64',
      );
    expect(formsFound(Buffer.from(address.toUpperCase()), address)).toContain('utf-8');
    expect(formsFound(Buffer.from('nothing of the kind'), address)).toStrictEqual([]);
  });
});

describe('after an erasure (P7)', () => {
  it.each(['request', 'retention'])(
    'for %s no byte of the key and no trace of the person is left in any file, nor in what was logged',
    async (reason) => {
      const directory = await newDirectory();
      const service = await startBuilt(directory, { LOG_LEVEL: 'debug' });
      const contactId = await live(service, reason === 'retention' ? longAgo : yesterday);
      const { wrapped, raw } = await keyOf(directory, contactId);

      expect(await filesWith(directory, wrapped)).toContain('vault.sqlite-wal');
      expect(await filesWith(directory, raw)).toStrictEqual([]);
      const readable = async () => (await service.get(`/v1/contacts/${contactId}/history`)).body.events;
      expect(JSON.stringify(await readable())).toContain(told.note.slice(0, 20));

      const source = { kind: 'customer-service', reference: told.reference };
      await post(service, '/v1/legal-holds', { address, held: false, source });
      const { certificate } = await post(service, '/v1/erasures', { address, reason, source });
      expect(certificate).toMatchObject({ reason, keyDestroyed: true });
      expect(certificate.destroyed).toStrictEqual([
        expect.stringContaining('the key'),
        expect.stringContaining('8 events'),
        expect.stringMatching(/sealed part of \d+ messages/),
      ]);

      const names = [...(await filesUnder(directory)).keys()];
      expect(names).toEqual(
        expect.arrayContaining(['log.sqlite', 'log.sqlite-wal', 'vault.sqlite', 'read-models.sqlite', 'secrets.json']),
      );
      expect(await filesWith(directory, wrapped, raw)).toStrictEqual([]);
      expect(await traces(directory)).toStrictEqual([]);
      expect(new Set((await readable()).map(({ personal }: any) => personal))).toStrictEqual(new Set(['erased', null]));

      const { output, errors } = await service.end('SIGTERM');
      expect(await filesWith(directory, wrapped, raw)).toStrictEqual([]);
      expect(await traces(directory)).toStrictEqual([]);
      const log = Buffer.from(output + errors);
      expect(log.toString()).toContain('Answered');
      for (const text of Object.values(told)) expect([text, formsFound(log, text)]).toStrictEqual([text, []]);
    },
  );

  it('a mail in the outbox keeps what it says: it was sent, and whoever keeps an outbox empties it', async () => {
    const directory = await newDirectory();
    const service = await startBuilt(directory);
    await live(service);
    const source = { kind: 'customer-service' };
    await post(service, '/v1/legal-holds', { address, held: false, source });
    await post(service, '/v1/erasures', { address, reason: 'request', source });
    const mails = [...(await filesUnder(join(directory, 'outbox')))].filter(([name]) => name.endsWith('.eml'));
    expect(mails).toHaveLength(2);
    for (const [, bytes] of mails) expect(formsFound(bytes, address)).toContain('utf-8');
  });
});
