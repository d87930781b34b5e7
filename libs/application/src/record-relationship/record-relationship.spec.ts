import {
  anna,
  by,
  everyCondition,
  given,
  later,
  optOut,
  recordRelationship,
  startCustomer,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const started = { type: 'CustomerStarted', data: { conditions: everyCondition } } as const;
const fact = by(anna, { source: { kind: 'crm' }, actor: { kind: 'system', id: 'key-1' } });

describe('recording a relationship (P2, P6)', () => {
  it('of a customer keeps the conditions of the soft opt-in that are on record', async () => {
    const { ledger } = await given().when(startCustomer(fact)).thenRecords(started);
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', reason: 'SOFT_OPT_IN', basis: 'soft-opt-in' });
  });

  it('without a condition denies, and the answer names it', async () => {
    const { ledger } = await given()
      .when(startCustomer(fact, ['similarProducts', 'informedAtCollection']))
      .thenRecords({ type: 'CustomerStarted', data: { conditions: ['informedAtCollection', 'similarProducts'] } });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ reason: 'SOFT_OPT_IN_INCOMPLETE', missing: ['optOutOffered'] });
  });

  it('that runs already changes nothing; one with other conditions is recorded', async () => {
    await given(startCustomer(fact), later(1000)).when(startCustomer(fact)).thenRecordsNothing();
    await given(startCustomer(fact, []), later(1000)).when(startCustomer(fact)).thenRecords(started);
  });

  it('ends once, and starts again', async () => {
    const ended = recordRelationship(fact, { kind: 'customer-ended' });
    await given(startCustomer(fact), later(1000)).when(ended).thenRecords({ type: 'CustomerEnded', data: {} });
    await given(startCustomer(fact), ended, later(1000)).when(ended).thenRecordsNothing();
    await given(startCustomer(fact), ended, later(1000)).when(startCustomer(fact)).thenRecords(started);
  });

  it('of a purchase and of a contact is recorded each time, and once for one moment', async () => {
    const facts = [
      ['purchase', 'PurchaseMade'],
      ['contact', 'ContactMade'],
    ] as const;
    for (const [kind, type] of facts) {
      const occurredAt = Date.parse('2024-02-01T10:00:00Z');
      const once = recordRelationship({ ...fact, occurredAt }, { kind });
      const event = { type, data: {} };
      await given(recordRelationship(fact, { kind })).when(recordRelationship(fact, { kind })).thenRecords(event);
      await given(once).when(once).thenRecordsNothing();
    }
  });

  it('never ends an opt-out (P4)', async () => {
    const { ledger } = await given(optOut(by(anna)), later(1000))
      .when(startCustomer(fact))
      .thenRecords(started);
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', reason: 'OPTED_OUT' });
  });

  it('that is learnt of late finds its place by when it happened (law 1)', async () => {
    const ended = recordRelationship(
      { ...fact, occurredAt: Date.parse('2024-01-10T00:00:00Z') },
      { kind: 'customer-ended' },
    );
    const { ledger } = await given(startCustomer({ ...fact, occurredAt: Date.parse('2024-02-10T00:00:00Z') }))
      .when(ended)
      .thenRecords({ type: 'CustomerEnded', data: {} });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ reason: 'SOFT_OPT_IN', validUntil: null });
  });
});
