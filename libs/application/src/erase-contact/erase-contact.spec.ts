import { toRfc3339 } from '@consent-ledger/platform';
import {
  anna,
  bram,
  by,
  createMailing,
  createTestLedger,
  erase,
  given,
  instant,
  later,
  openPartOf,
  optIn,
  optOut,
  placeLegalHold,
  recordRelationship,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { RectifyAddress } from '../rectify-address/rectify-address.js';
import { SettleDue } from '../settle-due/settle-due.js';
import { ShowHistoryQuery } from '../show-history/show-history.query.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const TEN_YEARS = 10 * 366 * 86_400_000;

const erased = { type: 'PersonalDataErased', data: { reason: 'request' } } as const;

/** An erasure of which the process dies between the key and the event. */
async function dieBeforeTheErasure(ledger: TestLedger) {
  ledger.store.beforeAppend(async () => {
    if ((await ledger.vault.find(anna.contactId)) === undefined) throw new Error('the process died');
  }, 2);
  await expect(ledger.execute(erase(by(anna)))).rejects.toThrow('the process died');
  ledger.store.beforeAppend(async () => undefined, 0);
}

async function newsletter(ledger: TestLedger) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
  return preferences[0]!.reason;
}

async function personalOf(ledger: TestLedger) {
  const { events } = await ledger.ask(new ShowHistoryQuery(anna.contactId));
  return events.map(({ type, personal }) => [type, personal]);
}

describe('erasing a contact (P7)', () => {
  it('leaves nothing readable of the person, and no key', async () => {
    const { ledger, stored } = await given(optIn(by(anna)), optOut(by(anna), 'all'), later(1000))
      .when(erase(by(anna, { source: { kind: 'customer-service', reference: 'ticket-7' } })))
      .thenRecords(erased);
    expect(stored[0]!.data).not.toHaveProperty('sealed');
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    expect(await personalOf(ledger)).toStrictEqual([
      ['OptedIn', 'erased'],
      ['OptedOut', 'erased'],
      ['PersonalDataErased', null],
    ]);
    expect(await newsletter(ledger)).toBe('ERASED');
  });

  it('destroys the key before it says so', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const typesAtDestruction: string[] = [];
    const destroy = ledger.vault.destroy.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'destroy').mockImplementation(async (contactId, keyId) => {
      typesAtDestruction.push(...(await ledger.eventsOf(contactId)).map(({ type }) => type));
      return destroy(contactId, keyId);
    });
    await ledger.execute(erase(by(anna)));
    expect(typesAtDestruction).toStrictEqual(['OptedIn', 'OptedOut']);
  });

  it('says nothing when the key could not be destroyed', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    jest.spyOn(ledger.vault, 'destroy').mockRejectedValueOnce(new Error('the vault is locked'));
    await expect(ledger.execute(erase(by(anna)))).rejects.toThrow('the vault is locked');
    expect((await personalOf(ledger)).map(([type]) => type)).toStrictEqual(['OptedIn', 'OptedOut']);
  });

  it('that crashed between the key and the event is completed by asking again, without a new key', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await dieBeforeTheErasure(ledger);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();

    await ledger.execute(erase(by(anna)));
    expect(await newsletter(ledger)).toBe('ERASED');
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('that was cut short leaves the person opted out: nothing is mailed to them until it is asked for again (P4)', async () => {
    for (const known of [optIn(by(anna)), startCustomer(by(anna))]) {
      const ledger = await createTestLedger();
      await ledger.execute(known);
      await dieBeforeTheErasure(ledger);
      expect(await newsletter(ledger)).toBe('OPTED_OUT');
    }
  });

  it('takes the revision that the caller saw, although it opts them out first', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(erase(by(anna, { expectedRevision: 0 })));
    const events = await ledger.eventsOf(anna.contactId);
    expect(events.slice(1).map(openPartOf)).toStrictEqual([{ type: 'OptedOut', data: { purposes: 'all' } }, erased]);
  });

  it('repeated by the same key opts nobody out who came back', async () => {
    const ledger = await createTestLedger();
    const command = erase(by(anna, { idempotencyKey: 'erasure-1' }));
    for (const one of [command, optIn(by(anna)), command]) await ledger.execute(one);
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('reaches the addresses that the person had before and has now, and leaves each of them opted out (P9)', async () => {
    for (const named of [anna, bram]) {
      const ledger = await createTestLedger();
      await ledger.execute(optIn(by(anna)));
      await ledger.app.get(RectifyAddress).rectify(by(anna), bram);
      await ledger.execute(erase(by(named)));
      for (const { contactId } of [anna, bram]) {
        expect(await ledger.vault.find(contactId)).toBeUndefined();
        const { preferences } = await ledger.ask(new ShowPreferencesQuery(contactId));
        expect(preferences[0]!.reason).toBe('ERASED');
      }
      const { recorded } = await ledger.execute(erase(by(named)));
      expect(recorded).toStrictEqual([]);
    }
  });

  it('leaves an address alone that somebody else gave since it was left (P9)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.app.get(RectifyAddress).rectify(by(anna), bram);
    ledger.clock.advance(1000);
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(erase(by(bram)));
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('also takes the key of somebody who wrote while it was under way', async () => {
    const ledger = await createTestLedger();
    for (const command of [optIn(by(anna)), optOut(by(anna), 'all')]) await ledger.execute(command);
    ledger.store.beforeAppend(() => ledger.execute(optOut(by(anna))));
    await ledger.execute(erase(by(anna)));
    expect(await personalOf(ledger)).toStrictEqual([
      ['OptedIn', 'erased'],
      ['OptedOut', 'erased'],
      ['OptedOut', 'erased'],
      ['PersonalDataErased', null],
    ]);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('whose key is gone is recorded although a legal hold came between (P7)', async () => {
    const ledger = await createTestLedger();
    for (const command of [optIn(by(anna)), optOut(by(anna), 'all')]) await ledger.execute(command);
    ledger.store.beforeAppend(async () => ledger.execute(placeLegalHold(by(anna))));
    await ledger.execute(erase(by(anna)));
    expect((await personalOf(ledger)).map(([type]) => type)).toStrictEqual([
      'OptedIn',
      'OptedOut',
      'LegalHoldPlaced',
      'PersonalDataErased',
    ]);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('by retention whose key is gone is recorded although a purchase came between, which is kept (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(TEN_YEARS);
    await ledger.app.get(SettleDue).settle(anna.contactId, instant('2029-03-01T00:00:00Z'));
    ledger.store.beforeAppend(() =>
      ledger.lay(anna.contactId, { type: 'PurchaseMade', data: {}, occurredAt: '2029-04-02T00:00:00.000Z' }),
    );
    await expect(ledger.execute(erase(by(anna), 'retention'))).rejects.toMatchObject({ code: 'RETENTION_NOT_ENDED' });
    const events = await ledger.eventsOf(anna.contactId);
    expect(events.slice(-2).map(({ type }) => type)).toStrictEqual(['PurchaseMade', 'PersonalDataErased']);
  });

  it('begins again when somebody comes back before the key is destroyed, and takes no key that it did not judge', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(TEN_YEARS);
    const destroy = ledger.vault.destroy.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'destroy').mockImplementationOnce(async (contactId, keyId) => {
      await ledger.app.get(SettleDue).settle(contactId, ledger.clock.now());
      await ledger.execute(optIn(by(anna)));
      return destroy(contactId, keyId);
    });
    await expect(ledger.execute(erase(by(anna), 'retention'))).rejects.toMatchObject({ code: 'RETENTION_NOT_ENDED' });
    expect((await personalOf(ledger)).at(-1)).toStrictEqual(['OptedIn', { address: 'anna@example.org' }]);
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('leaves no key behind that a message got between the key and the event', async () => {
    const ledger = await createTestLedger();
    for (const command of [optIn(by(anna)), optOut(by(anna), 'all')]) await ledger.execute(command);
    await ledger.execute(createMailing());
    const recipients = [{ address: anna.address }];
    ledger.store.beforeAppend(() => ledger.app.get(AddRecipients).add('spring', recipients, 'a-request'));
    await ledger.execute(erase(by(anna)));
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('is recorded for somebody never heard of at their request, and not by retention', async () => {
    await given()
      .when(erase(by(anna)))
      .thenRecords(erased);
    await given()
      .when(erase(by(anna), 'retention'))
      .thenRecordsNothing();
  });

  it('is recorded once while nothing comes after', async () => {
    const { ledger } = await given(optIn(by(anna)), erase(by(anna)), later(1000))
      .when(erase(by(anna)))
      .thenRecordsNothing();
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('asked for again takes what was sealed since for a message that was kept back', async () => {
    const { ledger } = await given(optIn(by(anna)), erase(by(anna)), createMailing(), async ({ app }) =>
      app.get(AddRecipients).add('spring', [{ address: anna.address }], 'a-request'),
    )
      .when(erase(by(anna)))
      .thenRecordsNothing();
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('by retention leaves the key of a stranger to whom a service mail is under way', async () => {
    const { ledger } = await given(createMailing({ purpose: 'service' }), async ({ app }) =>
      app.get(AddRecipients).add('spring', [{ address: anna.address }], 'a-request'),
    )
      .when(erase(by(anna), 'retention'))
      .thenRecordsNothing();
    expect(await ledger.vault.find(anna.contactId)).toBeDefined();
  });

  it('at request counts as an opt-out, also when the contact comes back as a customer; by retention it does not', async () => {
    const atRequest = await given(optIn(by(anna)), erase(by(anna)), later(1000))
      .when(startCustomer(by(anna)))
      .thenRecords({
        type: 'CustomerStarted',
        data: { conditions: ['informedAtCollection', 'optOutOffered', 'similarProducts'] },
      });
    expect(await newsletter(atRequest.ledger)).toBe('OPTED_OUT');

    const byRetention = await given(optIn(by(anna)), later(TEN_YEARS), erase(by(anna), 'retention'), later(1000))
      .when(recordRelationship(by(anna), { kind: 'purchase' }))
      .thenRecords({ type: 'PurchaseMade', data: {} });
    expect(await newsletter(byRetention.ledger)).toBe('NO_CONSENT');
  });

  it('gives a contact that comes back a new key, and opens nothing of before', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const old = await ledger.vault.find(anna.contactId);
    await ledger.execute(erase(by(anna)));
    await ledger.execute(optIn(by(anna)));
    const recent = await ledger.vault.find(anna.contactId);
    expect(recent!.id).not.toBe(old!.id);
    expect(await personalOf(ledger)).toStrictEqual([
      ['OptedIn', 'erased'],
      ['OptedOut', null],
      ['PersonalDataErased', null],
      ['OptedIn', { address: 'anna@example.org' }],
    ]);
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('by retention occurs when the last ground ended and is recorded when the key went, with the grounds', async () => {
    const lapse = '2027-03-31T11:00:00.000Z';
    const end = '2029-03-31T11:00:00.000Z';
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(TEN_YEARS);
    await ledger.execute(erase(by(anna), 'retention'));
    const erased = (await ledger.eventsOf(anna.contactId)).at(-1)!;
    expect(openPartOf(erased)).toStrictEqual({
      type: 'PersonalDataErased',
      data: {
        reason: 'retention',
        grounds: [
          { ground: 'consent', purpose: 'newsletter', endedAt: lapse },
          { ground: 'consent-proof', purpose: 'newsletter', endedAt: end },
        ],
      },
    });
    expect(erased.metadata).toMatchObject({ occurredAt: end, recordedAt: toRfc3339(ledger.clock.now()) });
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    expect(await newsletter(ledger)).toBe('ERASED');
  });

  it('by retention is refused while a ground holds, and names it; the key stays', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await expect(ledger.execute(erase(by(anna), 'retention'))).rejects.toMatchObject({
      code: 'RETENTION_NOT_ENDED',
      errors: [
        { field: 'reason', message: 'consent for newsletter until 2027-03-31T11:00:00.000Z' },
        { field: 'reason', message: 'consent-proof for newsletter until 2029-03-31T11:00:00.000Z' },
      ],
    });
    expect(await ledger.vault.find(anna.contactId)).toBeDefined();
  });

  it('leaves nothing to seal of what occurred before and is told after it', async () => {
    const { ledger, stored } = await given(optIn(by(anna)), later(1000), erase(by(anna)), later(1000))
      .when(optOut(by(anna, { occurredAt: instant(START_OF_STORY) })))
      .thenRecords({ type: 'OptedOut', data: { purposes: ['newsletter'] } });
    expect(stored[0]!.data).not.toHaveProperty('sealed');
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    await ledger.execute(optOut(by(anna), ['event-invitation']));
    expect(await ledger.vault.find(anna.contactId)).toBeDefined();
  });

  it('repeated by the same key leaves a contact that came back alone', async () => {
    const ledger = await createTestLedger();
    const command = erase(by(anna, { idempotencyKey: 'erasure-1' }));
    const first = await ledger.execute(command);
    await ledger.execute(optIn(by(anna)));
    expect(await ledger.execute(command)).toStrictEqual(first);
    expect(await ledger.vault.find(anna.contactId)).toBeDefined();
    expect(await newsletter(ledger)).toBe('CONSENT');
  });
});
