import {
  anna,
  bram,
  by,
  confirmOptIn,
  createTestLedger,
  doubleOptIn,
  erase,
  given,
  later,
  optIn,
  optOut,
  recordDeliverability,
  signupForm,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const { address: _address, ...atTheLink } = by(anna);
const DAY = 86_400_000;

async function lastRequest({ eventsOf }: TestLedger): Promise<string> {
  const requests = (await eventsOf(anna.contactId)).filter(({ type }) => type === 'OptInRequested');
  return requests.at(-1)!.id;
}

const confirmLast = async (ledger: TestLedger) => confirmOptIn(atTheLink, await lastRequest(ledger));

describe('confirming an opt-in (double opt-in, P3)', () => {
  it('gives consent from the confirmation on, for what was asked', async () => {
    const requestId = '0190a3a2-0000-7000-8000-000000000001';
    const { ledger } = await given(
      ({ lay }) =>
        lay(anna.contactId, {
          id: requestId,
          type: 'OptInRequested',
          data: { purposes: ['newsletter'], statement: signupForm, actOf: 'person' },
          occurredAt: '2024-02-20T12:00:00Z',
        }),
      later(DAY),
    )
      .when(confirmOptIn(atTheLink, requestId))
      .thenRecords({
        type: 'OptInConfirmed',
        data: { purposes: ['newsletter'], statement: signupForm, requestId },
      });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ reason: 'CONSENT', validUntil: '2027-04-01T11:00:00.000Z' });
  });

  it('is taken a second time and changes nothing', async () => {
    await given(doubleOptIn(by(anna)), async (ledger) => ledger.execute(await confirmLast(ledger)))
      .when(confirmLast)
      .thenRecordsNothing();
  });

  it.each([
    ['an opt-out of that purpose', optOut(by(anna))],
    ['an opt-out of all', optOut(by(anna), 'all')],
    ['a complaint', recordDeliverability(by(anna), { kind: 'complained' })],
    ['an erasure', erase(by(anna))],
  ])('is refused after %s: the person must ask again (P4)', async (_sentence, overtaking) => {
    await given(doubleOptIn(by(anna)), later(1000), overtaking)
      .when(confirmLast)
      .thenRefuses('REQUEST_OVERTAKEN');
  });

  it('is refused once an unconfirmed request is no longer held, also when no worker has run (P7)', async () => {
    await given(doubleOptIn(by(anna)), later(27 * DAY))
      .when(confirmLast)
      .thenRecords({
        type: 'OptInConfirmed',
        data: { purposes: ['newsletter'], statement: signupForm, requestId: expect.any(String) as never },
      });
    const ledger = await createTestLedger();
    await ledger.execute(doubleOptIn(by(anna)));
    ledger.clock.advance(28 * DAY);
    await expect(ledger.execute(await confirmLast(ledger))).rejects.toMatchObject({ code: 'REQUEST_OVERTAKEN' });
    const erased = (await ledger.eventsOf(anna.contactId)).at(-1);
    expect(erased).toMatchObject({
      type: 'PersonalDataErased',
      data: { reason: 'retention', grounds: [{ ground: 'unconfirmed' }] },
    });
  });

  it('is taken after an opt-out of another purpose', async () => {
    const { stored } = await given(doubleOptIn(by(anna)), optOut(by(anna), ['sales-contact']))
      .when(confirmLast)
      .thenRecords({
        type: 'OptInConfirmed',
        data: { purposes: ['newsletter'], statement: signupForm, requestId: expect.any(String) as never },
      });
    expect(stored).toHaveLength(1);
  });

  it('is refused for what is no request that waits, and for the request of another contact', async () => {
    await given(optIn(by(anna)))
      .when(async ({ eventsOf }) => confirmOptIn(atTheLink, (await eventsOf(anna.contactId))[0]!.id))
      .thenRefuses('NO_SUCH_REQUEST');
    await given(doubleOptIn(by(anna)))
      .when(async (ledger) => confirmOptIn(by(bram), await lastRequest(ledger)))
      .thenRefuses('NO_SUCH_REQUEST');
  });
});
