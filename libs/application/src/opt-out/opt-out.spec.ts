import { anna, bram, by, given, later, optIn, optOut, signupForm, startCustomer } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const MINUTES = 5 * 60_000;
const newsletter = { type: 'OptedOut', data: { purposes: ['newsletter'] } } as const;

describe('opting out (P4)', () => {
  it('is recorded for one purpose, for some and for all, also of somebody never heard of', async () => {
    await given()
      .when(optOut(by(anna)))
      .thenRecords(newsletter);
    await given()
      .when(optOut(by(anna), ['newsletter', 'sales-contact']))
      .thenRecords({ type: 'OptedOut', data: { purposes: ['newsletter', 'sales-contact'] } });
    await given()
      .when(optOut(by(anna), 'all'))
      .thenRecords({ type: 'OptedOut', data: { purposes: 'all' } });
  });

  it('beats consent and soft opt-in for that purpose, and touches no other', async () => {
    const { ledger } = await given(
      optIn(by(anna), { purposes: ['newsletter', 'sales-contact'] }),
      startCustomer(by(anna)),
    )
      .when(optOut(by(anna)))
      .thenRecords(newsletter);
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(Object.fromEntries(preferences.map(({ purpose, reason }) => [purpose, reason]))).toStrictEqual({
      newsletter: 'OPTED_OUT',
      'event-invitation': 'SOFT_OPT_IN',
      'personalised-message': 'NO_CONSENT',
      'sales-contact': 'CONSENT',
      service: 'SERVICE',
    });
  });

  it('sent twice is recorded once, and a new objection minutes later is recorded', async () => {
    await given(optOut(by(anna)), later(MINUTES - 1))
      .when(optOut(by(anna)))
      .thenRecordsNothing();
    await given(optOut(by(anna)), later(MINUTES))
      .when(optOut(by(anna)))
      .thenRecords(newsletter);
  });

  it('that happened before the opt-in on record is kept, and leaves the consent standing (law 1)', async () => {
    const early = Date.parse('2024-02-01T10:00:00.000Z');
    const { ledger, stored } = await given(optIn(by(anna)))
      .when(optOut(by(anna, { occurredAt: early })))
      .thenRecords(newsletter);
    expect(stored[0]!.metadata).toMatchObject({
      occurredAt: '2024-02-01T10:00:00.000Z',
      recordedAt: '2024-03-01T12:00:00.001Z',
    });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', reason: 'CONSENT' });
  });

  it('concerns nobody else', async () => {
    const { ledger } = await given(optIn(by(bram)))
      .when(optOut(by(anna), 'all'))
      .thenRecords({ type: 'OptedOut', data: { purposes: 'all' } });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(bram.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', eligible: true });
  });

  it('is refused for a purpose that the policy lacks, and for service mail (P10, P1)', async () => {
    await given()
      .when(optOut(by(anna), ['advertising']))
      .thenRefuses('UNKNOWN_PURPOSE');
    await given()
      .when(optOut(by(anna), ['service']))
      .thenRefuses('PURPOSE_NOT_COMMERCIAL');
  });

  it('seals the ticket that it was recorded under, and keeps who recorded it', async () => {
    const { ledger, stored } = await given()
      .when(
        optOut(
          by(anna, {
            source: { kind: 'customer-service', reference: 'ticket 7 of Anna' },
            actor: { kind: 'agent', id: 'key-1' },
          }),
        ),
      )
      .thenRecords(newsletter);
    const [{ streamId, id, data, metadata }] = stored as [(typeof stored)[0]];
    expect(metadata).toMatchObject({
      source: { kind: 'customer-service' },
      actor: { kind: 'agent', id: 'key-1' },
      policyVersion: 'dnp-giftcard@1',
    });
    const opened = await ledger.personalData.open(anna.contactId, { streamId, eventId: id }, data['sealed'] as string);
    expect(opened).toStrictEqual({ address: 'anna@example.org', reference: 'ticket 7 of Anna' });
  });

  it('ended by a later opt-in of the person stays ended', async () => {
    const { ledger } = await given(optOut(by(anna)))
      .when(optIn(by(anna)))
      .thenRecords({ type: 'OptedIn', data: { purposes: ['newsletter'], statement: signupForm, actOf: 'person' } });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', eligible: true });
  });
});
