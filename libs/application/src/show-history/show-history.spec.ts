import {
  anna,
  by,
  createTestLedger,
  erase,
  instant,
  nextPolicy,
  optIn,
  optOut,
  purposesWithout,
  restrict,
  signupForm,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowHistoryQuery } from './show-history.query.js';

const NOW = instant(START_OF_STORY);
const HOUR = 3_600_000;

function historyOf(ledger: TestLedger, at?: number, knownAt?: number) {
  return ledger.ask(new ShowHistoryQuery(anna.contactId, at, knownAt));
}

async function newsletters(ledger: TestLedger, at?: number, knownAt?: number) {
  const { events } = await historyOf(ledger, at, knownAt);
  return events.map(({ type, verdicts }) => [type, verdicts['newsletter']!.reason]);
}

describe('the history of a contact', () => {
  it('shows each event with who, through what, by which policy, and what was sealed of the person', async () => {
    const ledger = await createTestLedger();
    const fact = by(anna, {
      source: { kind: 'customer-service', reference: 'ticket-7' },
      actor: { kind: 'agent', id: 'key-1' },
      occurredAt: NOW - HOUR,
    });
    const { recorded } = await ledger.execute(optIn(fact, { evidence: { note: 'a signed form' } }));
    ledger.clock.advance(HOUR);
    const { events, ...history } = await historyOf(ledger);
    expect(history).toStrictEqual({
      contactId: anna.contactId,
      at: '2024-03-01T13:00:00.000Z',
      knownAt: '2024-03-01T13:00:00.000Z',
      position: 0,
      revision: 0,
    });
    const no = { eligible: false, basis: null, validUntil: null };
    expect(events).toStrictEqual([
      {
        eventId: recorded[0]!.eventId,
        type: 'OptedIn',
        occurredAt: '2024-03-01T11:00:00.000Z',
        recordedAt: START_OF_STORY,
        actor: { kind: 'agent', id: 'key-1' },
        source: { kind: 'customer-service' },
        data: { purposes: ['newsletter'], statement: signupForm, actOf: 'person' },
        personal: { address: 'anna@example.org', reference: 'ticket-7', evidence: { note: 'a signed form' } },
        policyVersion: 'dnp-giftcard@1',
        verdicts: {
          newsletter: { eligible: true, reason: 'CONSENT', basis: 'consent', validUntil: '2027-03-31T10:00:00.000Z' },
          'event-invitation': { ...no, reason: 'NO_CONSENT' },
          'personalised-message': { ...no, reason: 'NO_CONSENT' },
          'sales-contact': { ...no, reason: 'NO_CONSENT' },
          service: { eligible: true, reason: 'SERVICE', basis: 'service', validUntil: null },
        },
      },
    ]);
  });

  it('tells the verdict after each event', async () => {
    const ledger = await createTestLedger();
    for (const command of [
      startCustomer(by(anna)),
      optOut(by(anna)),
      optIn(by(anna)),
      restrict(by(anna)),
      restrict(by(anna), false),
      erase(by(anna)),
    ])
      await ledger.execute(command);
    expect(await newsletters(ledger)).toStrictEqual([
      ['CustomerStarted', 'SOFT_OPT_IN'],
      ['OptedOut', 'OPTED_OUT'],
      ['OptedIn', 'CONSENT'],
      ['ProcessingRestricted', 'RESTRICTED'],
      ['RestrictionLifted', 'CONSENT'],
      ['OptedOut', 'OPTED_OUT'],
      ['PersonalDataErased', 'ERASED'],
    ]);
  });

  it('puts a fact that came late where it happened, and judges what followed by it (law 1)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna, { occurredAt: NOW - 3 * HOUR })));
    await ledger.execute(optOut(by(anna)));
    await ledger.execute(optOut(by(anna, { occurredAt: NOW - 2 * HOUR }), 'all'));
    await ledger.execute(optIn(by(anna, { occurredAt: NOW - HOUR })));
    expect(await newsletters(ledger)).toStrictEqual([
      ['CustomerStarted', 'SOFT_OPT_IN'],
      ['OptedOut', 'OPTED_OUT'],
      ['OptedIn', 'CONSENT'],
      ['OptedOut', 'OPTED_OUT'],
    ]);
  });

  it('is that of a moment, with the knowledge of a moment (law 3)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(2 * HOUR);
    await ledger.execute(optOut(by(anna, { occurredAt: NOW + HOUR })));
    expect(await newsletters(ledger, NOW + HOUR - 1)).toStrictEqual([['OptedIn', 'CONSENT']]);
    expect(await newsletters(ledger, NOW + HOUR)).toHaveLength(2);
    expect(await newsletters(ledger, NOW + HOUR, NOW + 2 * HOUR - 1)).toStrictEqual([['OptedIn', 'CONSENT']]);
    expect(await newsletters(ledger, undefined, NOW - 1)).toStrictEqual([]);
    expect(await historyOf(ledger, NOW, NOW + HOUR)).toMatchObject({
      at: START_OF_STORY,
      knownAt: '2024-03-01T13:00:00.000Z',
      revision: 1,
    });
  });

  it('judges each event by the policy of its time', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna), 'all'));
    const changes = { purposes: purposesWithout('sales-contact'), statements: [] };
    ledger.policies.publish(nextPolicy('2024-03-01T13:00:00Z', changes), NOW);
    ledger.clock.advance(HOUR);
    await ledger.execute(restrict(by(anna)));
    const { events } = await historyOf(ledger);
    expect(events.map(({ policyVersion }) => policyVersion)).toStrictEqual(['dnp-giftcard@1', 'dnp-giftcard@2']);
    expect(events.map(({ verdicts }) => 'sales-contact' in verdicts)).toStrictEqual([true, false]);
  });

  it('says "erased" where the person was, and null where nothing was sealed (law 6)', async () => {
    const ledger = await createTestLedger();
    const { address: _address, ...byId } = by(anna);
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(optOut(byId));
    const before = await newsletters(ledger);
    await ledger.execute(erase(by(anna)));
    await ledger.execute(optIn(by(anna)));
    const { events } = await historyOf(ledger);
    expect(events.map(({ personal }) => personal)).toStrictEqual([
      'erased',
      null,
      null,
      null,
      { address: anna.address },
    ]);
    expect((await newsletters(ledger)).slice(0, 2)).toStrictEqual(before);
  });

  it('of somebody never heard of is empty', async () => {
    const ledger = await createTestLedger();
    expect(await historyOf(ledger)).toMatchObject({ position: -1, revision: -1, events: [] });
  });
});
