import {
  anna,
  by,
  createTestLedger,
  erase,
  given,
  later,
  optIn,
  placeLegalHold,
  restrict,
  settled,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { SettleDue } from '../settle-due/settle-due.js';

const placed = { type: 'LegalHoldPlaced', data: {} } as const;
const lifted = { type: 'LegalHoldLifted', data: {} } as const;

describe('a legal hold (P7)', () => {
  it('is recorded once while it stands, and lifted only where it stands', async () => {
    await given(optIn(by(anna)), later(1000))
      .when(placeLegalHold(by(anna)))
      .thenRecords(placed);
    await given(placeLegalHold(by(anna)), later(1000))
      .when(placeLegalHold(by(anna)))
      .thenRecordsNothing();
    await given()
      .when(placeLegalHold(by(anna), false))
      .thenRecordsNothing();
    await given(placeLegalHold(by(anna)))
      .when(placeLegalHold(by(anna), false))
      .thenRecords(lifted);
  });

  it.each([
    ['hold', placeLegalHold],
    ['restriction', restrict],
  ])('or a %s that is placed when retention had ended, and nothing ran, keeps the data (P7, P9)', async (_, place) => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    await ledger.execute(place(by(anna)));
    expect(await ledger.vault.find(anna.contactId)).toBeDefined();
    await ledger.app.get(SettleDue).settle(anna.contactId, ledger.clock.now());
    const types = (await ledger.eventsOf(anna.contactId)).map(({ type }) => type);
    expect(types).toContain('ConsentLapsed');
    expect(types).not.toContain('PersonalDataErased');
  });

  it('seals the reason', async () => {
    const { ledger, stored } = await given()
      .when(placeLegalHold(by(anna), true, 'Anna sues over a gift card'))
      .thenRecords(placed);
    const [{ streamId, id, data }] = stored as [(typeof stored)[0]];
    expect(JSON.stringify(stored)).not.toContain('sues');
    const opened = await ledger.personalData.open(anna.contactId, { streamId, eventId: id }, data['sealed'] as string);
    expect(opened).toStrictEqual({ address: 'anna@example.org', reason: 'Anna sues over a gift card' });
  });

  it.each(['request', 'retention'] as const)(
    'refuses an erasure for %s and leaves the key, until it is lifted',
    async (reason) => {
      const ledger = await given(optIn(by(anna)), placeLegalHold(by(anna)), later(20 * 365 * 86_400_000), settled(anna))
        .when(erase(by(anna), reason))
        .thenRefuses('LEGAL_HOLD');
      expect(await ledger.vault.find(anna.contactId)).toBeDefined();
      await ledger.execute(placeLegalHold(by(anna), false));
      await ledger.execute(erase(by(anna), reason));
      expect((await ledger.eventsOf(anna.contactId)).at(-1)).toMatchObject({ type: 'PersonalDataErased' });
      expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    },
  );
});
