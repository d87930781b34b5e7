import {
  anna,
  bram,
  by,
  createTestLedger,
  erase,
  optIn,
  optOut,
  person,
  signupForm,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContactRepository } from '../contact/contact-repository.js';
import { ImportContacts, type ImportRequest } from './import-contacts.js';

const { id, version, language } = signupForm;
const request: ImportRequest = {
  importId: 'spring',
  preset: 'mailchimp',
  purposes: ['newsletter'],
  statement: { id, version, language },
  columns: { bouncedAt: 'BOUNCED', reference: 'REF' },
};
const origin = { actor: { kind: 'system' as const, id: 'crm-key' }, correlationId: 'a-request' };
const HEADER = 'Email Address,Status,OPTIN_TIME,UNSUB_TIME,BOUNCED,REF';

const people = [anna, bram, ...['eva', 'daan', 'jan', 'kees', 'fatima', 'gerrit'].map(person)];
const date = fc.constantFrom(
  '',
  '2019-03-04',
  '2023-02-03 04:05:06',
  '2023-08-01',
  '2024-03-01 12:03:00',
  '2030-01-01',
);
const row = fc
  .record({
    address: fc.constantFrom(...people.map(({ address }) => address), 'nobody'),
    status: fc.constantFrom('subscribed', 'unsubscribed', 'cleaned', 'complained', ''),
    dates: fc.tuple(date, date, fc.oneof({ weight: 4, arbitrary: fc.constant('') }, date)),
    reference: fc.constantFrom('', 'list 7'),
  })
  .map(({ address, status, dates, reference }) => [address, status, ...dates, reference].join(','));

type Before = (ledger: TestLedger, person: Person) => Promise<unknown>;
const before = fc.array(
  fc.record({
    person: fc.constantFrom(...people),
    act: fc.constantFrom<Before>(
      (ledger, person) => ledger.execute(optIn(by(person))),
      (ledger, person) => ledger.execute(optOut(by(person))),
      (ledger, person) => ledger.execute(erase(by(person))),
    ),
  }),
  { maxLength: 4 },
);

async function* fileOf(rows: readonly string[]) {
  yield await Promise.resolve(Buffer.from(`${[HEADER, ...rows].join('\n')}\n`));
}

/** Every row by itself: each contact is told to be known already. */
function oneByOne({ store }: TestLedger): void {
  store.existing = (streamIds) => Promise.resolve(new Set(streamIds));
}

/** What is on record of each person by import, with what was sealed beside it. */
async function imported(ledger: TestLedger) {
  const streams = people.map(async ({ contactId }) => {
    const events = (await ledger.eventsOf(contactId)).filter(({ metadata }) => metadata['importId'] !== undefined);
    return Promise.all(
      events.map(async ({ position: _, ...event }) => {
        const { sealed, ...data } = event.data;
        if (sealed === undefined) return event;
        const place = { streamId: event.streamId, eventId: event.id };
        return { ...event, data, sealed: await ledger.personalData.open(contactId, place, sealed as string) };
      }),
    );
  });
  return Promise.all(streams);
}

describe('rows that are recorded together', () => {
  it('leave the events, the report and the seals that they leave one by one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 14 }), before, async (rows, acts) => {
        const [together, apart] = [await createTestLedger(), await createTestLedger()];
        oneByOne(apart);
        const [left, right] = await Promise.all(
          [together, apart].map(async (ledger) => {
            for (const { act, person } of acts) await act(ledger, person);
            ledger.clock.advance(60_000);
            const { position, ...report } = await ledger.app.get(ImportContacts).run(fileOf(rows), request, origin);
            expect(position).toBe(await ledger.store.head());
            return { report, events: await imported(ledger), appends: ledger.metrics.appends };
          }),
        );
        expect(left).toStrictEqual(right);
      }),
      { numRuns: 60 },
    );
  });

  it('are decided on again, each by itself, where the person acts meanwhile (P4)', async () => {
    const ledger = await createTestLedger();
    const rows = [anna, bram].map(({ address }) => `${address},subscribed,2023-02-03,,,`);
    ledger.store.beforeAppend(async (streamId) => {
      if (streamId.includes(anna.contactId)) await ledger.execute(optOut(by(anna)));
    }, 3);

    const report = await ledger.app.get(ImportContacts).run(fileOf(rows), request, origin);

    expect(report).toMatchObject({ recorded: 1, refusedRows: 1, refused: [{ line: 2, code: 'OPTED_OUT' }] });
    expect((await ledger.eventsOf(anna.contactId)).map(({ type }) => type)).toStrictEqual(['OptedOut']);
    expect((await ledger.eventsOf(bram.contactId)).map(({ type }) => type)).toStrictEqual(['OptedIn']);
  });
});

describe('facts of new contacts', () => {
  const reported = ({ contactId, address }: Person) => ({
    fact: { contactId, address, source: { kind: 'import' as const }, ...origin },
    decide: () => ({ events: [{ type: 'MailBounced' as const, data: { permanent: true } }] }),
    eventId: () => `bounce-of-${contactId}`,
  });

  it('are left alone where something is on record, and make no key there (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(erase(by(anna)));
    const answers = await ledger.app.get(ContactRepository).recordNew([anna, bram].map(reported));
    expect(answers).toMatchObject([undefined, { revision: 0, recorded: [{ type: 'MailBounced' }] }]);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('are not appended under a key that was destroyed once they were sealed (P7)', async () => {
    const ledger = await createTestLedger();
    const { vault, personalData } = ledger;
    const answers = await ledger.app.get(ContactRepository).recordNew([anna, bram].map(reported), {
      async sealEach(unsealed) {
        const sealed = await personalData.sealEach(unsealed);
        await vault.destroy(anna.contactId, (await vault.find(anna.contactId))!.id);
        return sealed;
      },
    });
    expect(answers).toMatchObject([undefined, { revision: 0 }]);
    expect(await ledger.eventsOf(anna.contactId)).toStrictEqual([]);
  });

  it('are none of them recorded where they cannot be sealed', async () => {
    const ledger = await createTestLedger();
    const sealing = { sealEach: () => Promise.reject(new Error('the vault is gone')) };
    const recording = ledger.app.get(ContactRepository).recordNew([anna, bram].map(reported), sealing);
    await expect(recording).rejects.toThrow('the vault is gone');
    expect(await ledger.eventsOf(bram.contactId)).toStrictEqual([]);
  });
});
