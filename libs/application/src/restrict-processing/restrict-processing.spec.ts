import { anna, by, given, later, optIn, restrict, type TestLedger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const restricted = { type: 'ProcessingRestricted', data: {} } as const;

async function reasons(ledger: TestLedger) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
  return Object.fromEntries(preferences.map(({ purpose, reason }) => [purpose, reason]));
}

describe('restricting processing (P9)', () => {
  it('stops every mail until it is lifted', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000))
      .when(restrict(by(anna)))
      .thenRecords(restricted);
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'RESTRICTED', service: 'RESTRICTED' });
    await ledger.execute(restrict(by(anna), false));
    expect(await reasons(ledger)).toMatchObject({ newsletter: 'CONSENT', service: 'SERVICE' });
  });

  it('is recorded once while it stands, and lifted only where it stands', async () => {
    await given(restrict(by(anna)), later(1000))
      .when(restrict(by(anna)))
      .thenRecordsNothing();
    await given()
      .when(restrict(by(anna), false))
      .thenRecordsNothing();
    await given(restrict(by(anna)), restrict(by(anna), false))
      .when(restrict(by(anna), false))
      .thenRecordsNothing();
    await given(restrict(by(anna)), restrict(by(anna), false))
      .when(restrict(by(anna)))
      .thenRecords(restricted);
  });

  it('seals the reason', async () => {
    const { ledger, stored } = await given()
      .when(restrict(by(anna), true, 'Anna disputes her date of birth'))
      .thenRecords(restricted);
    const [{ streamId, id, data }] = stored as [(typeof stored)[0]];
    expect(JSON.stringify(stored)).not.toContain('disputes');
    const opened = await ledger.personalData.open(anna.contactId, { streamId, eventId: id }, data['sealed'] as string);
    expect(opened).toStrictEqual({ address: 'anna@example.org', reason: 'Anna disputes her date of birth' });
  });
});
