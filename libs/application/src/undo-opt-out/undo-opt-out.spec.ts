import {
  anna,
  bram,
  by,
  given,
  later,
  openPartOf,
  optIn,
  optOut,
  undoOptOut,
  type Step,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

async function lastOptOut({ eventsOf }: TestLedger): Promise<string> {
  const optOuts = (await eventsOf(anna.contactId)).filter(({ type }) => type === 'OptedOut');
  return optOuts.at(-1)!.id;
}

const undoLast: Step = async (ledger) => ledger.execute(undoOptOut(by(anna), await lastOptOut(ledger)));

async function verdicts(ledger: TestLedger) {
  const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
  return Object.fromEntries(preferences.map(({ purpose, ...verdict }) => [purpose, verdict]));
}

describe('undoing an opt-out (P4)', () => {
  it('brings back the consent that stood before, with its own clock', async () => {
    const optOutId = '0190a3a2-0000-7000-8000-000000000001';
    const { ledger } = await given(optIn(by(anna)), ({ lay }) =>
      lay(anna.contactId, {
        id: optOutId,
        type: 'OptedOut',
        data: { purposes: 'all' },
        occurredAt: '2024-03-01T12:30:00Z',
      }),
    )
      .when(undoOptOut(by(anna), optOutId))
      .thenRecords({ type: 'OptOutUndone', data: { optOutId } });
    const { newsletter } = await verdicts(ledger);
    expect(newsletter).toMatchObject({ reason: 'CONSENT', validUntil: '2027-03-31T11:00:00.000Z' });
  });

  it('brings back the opt-out that stood before', async () => {
    const { ledger, stored } = await given(optOut(by(anna)), later(1000), optOut(by(anna), 'all'), undoLast)
      .when(optOut(by(anna), 'all'))
      .thenRecords({ type: 'OptedOut', data: { purposes: 'all' } });
    await ledger.execute(undoOptOut(by(anna), stored[0]!.id));
    expect(await verdicts(ledger)).toMatchObject({
      newsletter: { reason: 'OPTED_OUT' },
      'sales-contact': { reason: 'NO_CONSENT' },
    });
  });

  it('is done once, and the second time answers where the contact is', async () => {
    const { ledger, answer } = await given(optOut(by(anna)), undoLast)
      .when(async (before) => undoOptOut(by(anna), await lastOptOut(before)))
      .thenRecordsNothing();
    expect(answer).toMatchObject({ revision: 1, position: await ledger.store.head() });
    expect((await ledger.eventsOf(anna.contactId)).map(openPartOf).at(-1)).toMatchObject({ type: 'OptOutUndone' });
  });

  it('does nothing for an opt-out that was never made, or that another contact made', async () => {
    await given()
      .when(undoOptOut(by(anna), 'none'))
      .thenRecordsNothing();
    await given(optOut(by(anna)))
      .when(async (ledger) => undoOptOut(by(bram), await lastOptOut(ledger)))
      .thenRecordsNothing();
  });
});
