import {
  anna,
  bram,
  by,
  createTestLedger,
  erase,
  optIn,
  optOut,
  signupForm,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import { TakeBackImport } from '../take-back-import/take-back-import.js';
import { ImportContacts, type ImportRequest, type ImportWatcher } from './import-contacts.js';
import { importStream } from './import-events.js';
import { ImportRepository } from './import-repository.js';

const { id, version, language } = signupForm;
const request: ImportRequest = {
  importId: 'spring',
  preset: 'mailchimp',
  purposes: ['newsletter'],
  statement: { id, version, language },
};
const origin = { actor: { kind: 'system' as const, id: 'crm-key' }, correlationId: 'a-request' };
const header = 'Email Address,Status,OPTIN_TIME,UNSUB_TIME\n';
const subscribed = (address: string, since = '2023-02-03 04:05:06') => `${address},subscribed,${since},\n`;
const unsubscribed = (address: string, since = '2023-08-01 12:00:00') => `${address},unsubscribed,,${since}\n`;

function fileOf(text: string, size = 1000) {
  const bytes = Buffer.from(text);
  return (async function* () {
    for (let start = 0; start < bytes.length; start += size)
      yield await Promise.resolve(bytes.subarray(start, start + size));
  })();
}

function importing(ledger: TestLedger, rows: string, changes: Partial<ImportRequest> = {}, watcher?: ImportWatcher) {
  return ledger.app.get(ImportContacts).run(fileOf(header + rows), { ...request, ...changes }, origin, watcher);
}

function trying(ledger: TestLedger, rows: string, changes: Partial<ImportRequest> = {}) {
  return ledger.app.get(ImportContacts).dryRun(fileOf(header + rows), { ...request, ...changes }, origin);
}

function takingBack(ledger: TestLedger, importId = 'spring') {
  return ledger.app.get(TakeBackImport).run(importId, origin);
}

async function newsletter(ledger: TestLedger, contactId = anna.contactId) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(contactId));
  return preferences[0]!.reason;
}

async function typesOf(ledger: TestLedger, contactId = anna.contactId) {
  return (await ledger.eventsOf(contactId)).map(({ type }) => type);
}

describe('an import', () => {
  it('records what the file says, as of then, with its statement and where it came from (P3)', async () => {
    const ledger = await createTestLedger();
    const report = await importing(ledger, subscribed(anna.address), { reference: 'Mailchimp, list 7' });
    expect(report).toMatchObject({ rows: 1, recorded: 1, unchanged: 0, refusedRows: 0, refused: [] });
    expect(report.events).toStrictEqual({ OptedIn: 1 });

    const [event] = await ledger.eventsOf(anna.contactId);
    expect(event).toMatchObject({
      type: 'OptedIn',
      data: { purposes: ['newsletter'], statement: signupForm, actOf: 'reported' },
      metadata: {
        occurredAt: '2023-02-03T04:05:06.000Z',
        recordedAt: '2024-03-01T12:00:00.000Z',
        importId: 'spring',
        source: { kind: 'import' },
        actor: origin.actor,
      },
    });
    const place = { streamId: event!.streamId, eventId: event!.id };
    expect(await ledger.personalData.open(anna.contactId, place, event!.data['sealed'] as string)).toStrictEqual({
      address: anna.address,
      reference: 'Mailchimp, list 7',
    });
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('never puts an opt-in over an opt-out or a complaint, and says so (P4)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna)));
    const report = await importing(ledger, subscribed(anna.address, '2024-03-01 11:59:59') + subscribed(bram.address));
    expect(report).toMatchObject({ rows: 2, recorded: 1, refusedRows: 1, refused: [{ line: 2, code: 'OPTED_OUT' }] });
    expect(await typesOf(ledger)).toStrictEqual(['OptedOut']);
  });

  it('records opt-outs also of whom the service never heard (P4)', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, unsubscribed(anna.address), { statement: undefined, purposes: [] } as never);
    expect(await newsletter(ledger)).toBe('OPTED_OUT');
  });

  it('takes the rows of one person in their order (P4)', async () => {
    const ledger = await createTestLedger();
    const rows = unsubscribed(anna.address) + subscribed(anna.address.toUpperCase(), '2023-09-01 00:00:00');
    expect(await importing(ledger, rows)).toMatchObject({ recorded: 1, refusedRows: 1 });
  });

  it('keeps the opt-out of an erased person, who stays erased (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(erase(by(anna)));
    await importing(ledger, unsubscribed(anna.address) + subscribed(anna.address));
    expect(await newsletter(ledger)).toBe('ERASED');
  });

  it('records nothing when it is repeated, whatever the import, the order and the rest of the file', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, subscribed(anna.address) + unsubscribed(bram.address));
    const before = [await ledger.eventsOf(anna.contactId), await ledger.eventsOf(bram.contactId)];
    ledger.clock.advance(86_400_000);
    const report = await importing(
      ledger,
      unsubscribed(bram.address) + subscribed('new@example.org') + subscribed(anna.address),
      { importId: 'summer' },
    );
    expect(report).toMatchObject({ rows: 3, recorded: 1, unchanged: 2 });
    expect([await ledger.eventsOf(anna.contactId), await ledger.eventsOf(bram.contactId)]).toStrictEqual(before);
  });

  it('records an opt-out without a date once, however often the file comes (P4)', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, unsubscribed(anna.address, ''));
    ledger.clock.advance(86_400_000);
    await importing(ledger, unsubscribed(anna.address, ''));
    expect(await typesOf(ledger)).toStrictEqual(['OptedOut']);
  });

  it('says what it was in a stream of its own, without anything of a person', async () => {
    const ledger = await createTestLedger();
    const { sha256 } = await importing(ledger, subscribed(anna.address), { reference: 'from Jan' });
    const recorded = await ledger.store.readStream(importStream('spring'));
    expect(recorded.map(({ type }) => type)).toStrictEqual(['ImportStarted', 'ImportFinished']);
    expect(JSON.stringify(recorded)).not.toMatch(/Jan|anna/);
    const { record } = await ledger.app.get(ImportRepository).find('spring');
    expect(record).toMatchObject({
      importId: 'spring',
      state: 'finished',
      preset: 'mailchimp',
      options: { purposes: ['newsletter'], optOutOf: 'all', timeZone: 'UTC', statement: { id: 'signup-form' } },
      finished: { rows: 1, recorded: 1, sha256 },
    });
  });

  it.each<[string, Partial<ImportRequest>, string]>([
    ['a purpose that the policy lacks (P10)', { purposes: ['horoscope'] }, 'UNKNOWN_PURPOSE'],
    ['a statement that the policy lacks (P3)', { statement: { id, version: 9, language } }, 'UNKNOWN_STATEMENT'],
    ['a time zone that is none', { timeZone: 'Mars/Olympus' }, 'VALIDATION'],
    ['a delimiter of two characters', { delimiter: '::' }, 'VALIDATION'],
    ['a header without addresses', { columns: { address: 'E-mail' } }, 'VALIDATION'],
  ])('with %s is refused before anything is recorded', async (_, changes, code) => {
    const ledger = await createTestLedger();
    const head = await ledger.store.head();
    await expect(importing(ledger, subscribed(anna.address), changes)).rejects.toMatchObject({ code });
    expect(await ledger.store.head()).toBe(head);
  });

  it('that cannot be read beyond a line keeps what stands before it, and is completed by the mended file', async () => {
    const ledger = await createTestLedger();
    await expect(importing(ledger, `${subscribed(anna.address)}"${subscribed(bram.address)}`)).rejects.toMatchObject({
      code: 'VALIDATION',
      detail: expect.stringContaining('recorded as import spring'),
      errors: [{ field: 'line 3' }],
    });
    expect(await newsletter(ledger)).toBe('CONSENT');
    const { record } = await ledger.app.get(ImportRepository).find('spring');
    expect(record.state).toBe('unfinished');
    const mended = await importing(ledger, subscribed(anna.address) + subscribed(bram.address));
    expect(mended).toMatchObject({ recorded: 1, unchanged: 1 });
  });

  it('tells how far it is, and every refusal with its row, however many', async () => {
    const ledger = await createTestLedger();
    const rows = Array.from({ length: 1100 }, (_, n) => `nobody-${n},subscribed,2023-01-01,\n`).join('');
    const seen: number[] = [];
    const cells: string[] = [];
    const report = await importing(
      ledger,
      rows,
      {},
      {
        onProgress: ({ rows: done }) => seen.push(done),
        onRefused: (_, row) => cells.push(row[0]!),
      },
    );
    expect(report).toMatchObject({ rows: 1100, refusedRows: 1100 });
    expect(report.refused).toHaveLength(1000);
    expect(cells).toHaveLength(1100);
    expect(cells.at(-1)).toBe('nobody-1099');
    expect(seen.at(-1)).toBe(1100);
  });

  it('stops between rows when it is told to, and goes on when it is repeated', async () => {
    const ledger = await createTestLedger();
    const rows = Array.from({ length: 12_000 }, (_, n) => subscribed(`reader-${n}@example.org`)).join('');
    const stop = new AbortController();
    await expect(
      importing(ledger, rows, {}, { signal: stop.signal, onProgress: () => stop.abort(new Error('Enough.')) }),
    ).rejects.toThrow('Enough.');
    const rest = await importing(ledger, rows);
    expect(rest.recorded).toBeLessThan(12_000);
    expect(rest.recorded + rest.unchanged).toBe(12_000);
    expect(rest.recorded).toBeGreaterThan(0);
  });

  it('records the rows of one contact in their order, also where they are far apart in the file (P4)', async () => {
    const ledger = await createTestLedger();
    const readers = Array.from({ length: 16_384 }, (_, n) => `reader-${n}@example.org`);
    const optOuts = readers.map((address) => `${address},unsubscribed,2023-05-01,\n`).join('');
    const again = readers.slice(0, 2000).map((address) => subscribed(address));

    const report = await importing(ledger, optOuts + again.join(''));

    expect(report).toMatchObject({ rows: 18_384, recorded: 16_384, events: { OptedOut: 16_384 } });
    expect(report.refused.map(({ line }) => line)).toStrictEqual(again.slice(0, 1000).map((_, at) => 16_386 + at));
  });
});

describe('a dry run', () => {
  it('tells what the import will tell, and records nothing, nor makes a key', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(bram)));
    const rows =
      subscribed(anna.address) +
      subscribed(anna.address) +
      subscribed(bram.address) +
      unsubscribed('eva@example.org') +
      subscribed('eva@example.org') +
      subscribed('nobody');
    const head = await ledger.store.head();
    const { dryRun, position, ...tried } = await trying(ledger, rows);
    expect([dryRun, position]).toStrictEqual([true, head]);
    expect(await ledger.store.head()).toBe(head);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    expect(tried).toMatchObject({ rows: 6, recorded: 2, unchanged: 1, refusedRows: 3 });
    expect(await importing(ledger, rows)).toMatchObject(tried);
  });
});

it('an import gives nobody again a consent that time has ended, and says so of each row (P5)', async () => {
  const ledger = await createTestLedger();
  await ledger.lay(anna.contactId, {
    type: 'OptedIn',
    data: { purposes: ['newsletter'], statement: signupForm, actOf: 'person' },
    occurredAt: '2020-01-01T00:00:00.000Z',
  });
  await importing(ledger, subscribed(bram.address, '2019-01-01'), { importId: 'winter' });
  const report = await importing(ledger, subscribed(anna.address) + subscribed(bram.address));
  expect(report).toMatchObject({
    recorded: 0,
    refused: [
      { line: 2, code: 'CONSENT_ENDED' },
      { line: 3, code: 'CONSENT_ENDED' },
    ],
  });
  expect(await newsletter(ledger)).toBe('CONSENT_LAPSED');
  expect(await newsletter(ledger, bram.contactId)).toBe('CONSENT_LAPSED');
});

describe('taking an import back', () => {
  it('makes its opt-ins count no longer, for every contact', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, subscribed(anna.address) + subscribed(bram.address));
    expect(await takingBack(ledger)).toMatchObject({ importId: 'spring', contacts: 2, optIns: 2, kept: {} });
    expect(await newsletter(ledger)).toBe('NO_CONSENT');
    expect(await newsletter(ledger, bram.contactId)).toBe('NO_CONSENT');
    const event = (await ledger.eventsOf(anna.contactId)).at(-1)!;
    expect(event).toMatchObject({ type: 'OptInTakenBack', metadata: { importId: 'spring' } });
    expect(event.data).not.toHaveProperty('sealed');
    const { record } = await ledger.app.get(ImportRepository).find('spring');
    expect(record).toMatchObject({ state: 'taken-back', takenBack: { contacts: 2, optIns: 2 } });
  });

  it('lets stand again what stood without it: the report of another import', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, subscribed(anna.address, '2023-06-01'), { importId: 'winter' });
    expect(await newsletter(ledger)).toBe('CONSENT');
    await importing(ledger, subscribed(anna.address, '2019-01-01'));
    expect(await newsletter(ledger)).toBe('CONSENT_LAPSED');
    await takingBack(ledger);
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('keeps its opt-outs, and says how many (P4, law 2)', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, `${unsubscribed(anna.address) + subscribed(bram.address)}eva@example.org,cleaned,,\n`);
    expect(await takingBack(ledger)).toMatchObject({ optIns: 1, kept: { OptedOut: 1, MailBounced: 1 } });
    expect(await newsletter(ledger)).toBe('OPTED_OUT');
  });

  it('reaches the address that the person named in place of the one that was imported (P9)', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, subscribed(anna.address));
    const [reported] = await ledger.eventsOf(anna.contactId);
    const at = '2024-03-01T12:00:01.000Z';
    await ledger.lay(anna.contactId, { type: 'AddressRectified', data: { to: bram.contactId }, occurredAt: at });
    const consent = { eventId: reported!.id, type: 'OptedIn', at, purpose: 'newsletter', actOf: 'reported' } as const;
    const data = { from: anna.contactId, consents: [consent], optOuts: [] };
    await ledger.lay(bram.contactId, { type: 'PreferencesCarriedOver', data, occurredAt: at });
    ledger.clock.advance(2_000);
    expect(await newsletter(ledger, bram.contactId)).toBe('CONSENT');
    expect(await takingBack(ledger)).toMatchObject({ contacts: 1, optIns: 1 });
    expect(await newsletter(ledger, bram.contactId)).toBe('NO_CONSENT');
  });

  it('takes back nothing twice, nothing of another import, and nothing that the person did since', async () => {
    const ledger = await createTestLedger();
    await importing(ledger, subscribed(anna.address));
    await importing(ledger, subscribed(bram.address), { importId: 'other' });
    await ledger.execute(optIn(by(anna)));
    await takingBack(ledger);
    expect(await takingBack(ledger)).toMatchObject({ contacts: 0, optIns: 0 });
    expect(await newsletter(ledger)).toBe('CONSENT');
    expect(await newsletter(ledger, bram.contactId)).toBe('CONSENT');
  });

  it('lets the same file be imported again, and taken back again', async () => {
    const ledger = await createTestLedger();
    for (let round = 0; round < 3; round++) {
      expect(await importing(ledger, subscribed(anna.address))).toMatchObject({ recorded: 1 });
      expect(await newsletter(ledger)).toBe('CONSENT');
      expect(await takingBack(ledger)).toMatchObject({ optIns: 1 });
      expect(await newsletter(ledger)).toBe('NO_CONSENT');
    }
  });

  it('takes back an import that was cut off', async () => {
    const ledger = await createTestLedger();
    await expect(importing(ledger, `${subscribed(anna.address)}"x`)).rejects.toThrow();
    expect(await takingBack(ledger)).toMatchObject({ optIns: 1 });
  });

  it('is not possible for one that never started', async () => {
    await expect(takingBack(await createTestLedger())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
