import {
  anna,
  bram,
  by,
  createTestLedger,
  instant,
  nextPolicy,
  optIn,
  optOut,
  purposesWithout,
  START_OF_STORY,
  startCustomer,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowPreferencesQuery } from './show-preferences.query.js';

const no = { eligible: false, basis: null, validUntil: null };

describe('the preferences of a contact', () => {
  it('are every purpose of the policy with its verdict and what that rests on', async () => {
    const ledger = await createTestLedger();
    const consent = await ledger.execute(optIn(by(anna), { purposes: ['sales-contact'] }));
    const customer = await ledger.execute(startCustomer(by(anna), ['informedAtCollection', 'optOutOffered']));
    const optedOut = await ledger.execute(optOut(by(anna), ['event-invitation']));
    await ledger.execute(optIn(by(bram)));

    const evidence = (eventId: string, type: string, millisecond: number) => [
      { eventId, type, occurredAt: `2024-03-01T12:00:00.00${millisecond}Z` },
    ];
    const started = evidence(customer.recorded[0]!.eventId, 'CustomerStarted', 1);
    expect(await ledger.ask(new ShowPreferencesQuery(anna.contactId))).toStrictEqual({
      contactId: anna.contactId,
      at: '2024-03-01T12:00:00.002Z',
      position: 3,
      revision: 2,
      policy: { id: 'dnp-giftcard', version: 1 },
      preferences: [
        {
          purpose: 'newsletter',
          ...no,
          reason: 'SOFT_OPT_IN_INCOMPLETE',
          missing: ['similarProducts'],
          evidence: started,
        },
        {
          purpose: 'event-invitation',
          ...no,
          reason: 'OPTED_OUT',
          evidence: evidence(optedOut.recorded[0]!.eventId, 'OptedOut', 2),
        },
        { purpose: 'personalised-message', ...no, reason: 'NO_CONSENT', evidence: [] },
        {
          purpose: 'sales-contact',
          eligible: true,
          reason: 'CONSENT',
          basis: 'consent',
          validUntil: '2025-03-01T12:00:00.000Z',
          evidence: evidence(consent.recorded[0]!.eventId, 'OptedIn', 0),
        },
        { purpose: 'service', eligible: true, reason: 'SERVICE', basis: 'service', validUntil: null, evidence: [] },
      ],
    });
  });

  it('of somebody never heard of are all no, save service mail', async () => {
    const ledger = await createTestLedger();
    const answer = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(answer).toMatchObject({ at: START_OF_STORY, position: -1, revision: -1 });
    expect(answer.preferences.map(({ reason }) => reason)).toStrictEqual([
      'UNKNOWN_CONTACT',
      'UNKNOWN_CONTACT',
      'UNKNOWN_CONTACT',
      'UNKNOWN_CONTACT',
      'SERVICE',
    ]);
  });

  it('come from the log itself: they never lag', async () => {
    const ledger = await createTestLedger();
    await ledger.processor.stop();
    await ledger.execute(optOut(by(anna), 'all'));
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]!.reason).toBe('OPTED_OUT');
  });

  it('know the latest act also when the clock was set back', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna)));
    ledger.clock.set(instant(START_OF_STORY) - 3_600_000);
    const { at, preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(at).toBe(START_OF_STORY);
    expect(preferences[0]!.reason).toBe('OPTED_OUT');
  });

  it('are those of the policy in force now', async () => {
    const ledger = await createTestLedger();
    const changes = { purposes: purposesWithout('sales-contact', 'personalised-message'), statements: [] };
    ledger.policies.publish(nextPolicy('2024-06-01T00:00:00+02:00', changes), 0);
    ledger.clock.set('2024-05-31T22:00:00Z');
    const { policy, preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(policy.version).toBe(2);
    expect(preferences.map(({ purpose }) => purpose)).toStrictEqual(['newsletter', 'event-invitation', 'service']);
  });

  it('are those of a policy that was published after the moment to which the clock was set back', async () => {
    const ledger = await createTestLedger();
    const changes = { purposes: purposesWithout('sales-contact'), statements: [] };
    ledger.policies.publish(nextPolicy('2024-01-01T00:00:00+01:00', changes), instant(START_OF_STORY) + 3_600_000);
    const { policy, preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(policy.version).toBe(2);
    expect(preferences.map(({ purpose }) => purpose)).not.toContain('sales-contact');
  });
});
