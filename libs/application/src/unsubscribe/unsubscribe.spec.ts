import {
  anna,
  by,
  createTestLedger,
  given,
  nextPolicy,
  optIn,
  purposesWithout,
  shippedPolicy,
  unsubscribe,
  type Step,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import type { PolicyDocument } from '@consent-ledger/consent';
import type { Fact } from '../contact/fact.js';

const { address: _address, ...oneClick }: Fact = by(anna, {
  source: { kind: 'one-click', reference: 'spring' },
  act: 'one-click',
});
const newsletter = { type: 'OptedOut', data: { purposes: ['newsletter'] } } as const;

/** A policy of today in which these parts are other than when the link was sent. */
function nowInForce(changes: Partial<PolicyDocument>): Step {
  return ({ policies }) => policies.publish(nextPolicy('2024-03-01T00:00:00Z', changes), 0);
}

const withoutNewsletter: Partial<PolicyDocument> = {
  purposes: purposesWithout('newsletter'),
  softOptIn: { ...shippedPolicy.softOptIn!, purposes: ['event-invitation'] },
  statements: [],
};

describe('an unsubscription while what fell due cannot be recorded (P4)', () => {
  it.each([
    ['the vault is down', '2027-03-02T00:00:00Z', ['find', 'keyFor']],
    ['a key cannot be destroyed', '2031-01-01T00:00:00Z', ['destroy']],
  ] as const)('counts at once: %s', async (why, now, methods) => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set(now);
    for (const method of methods) jest.spyOn(ledger.vault, method).mockRejectedValue(new Error(why));
    await ledger.execute(unsubscribe(oneClick, 'all'));
    expect((await ledger.eventsOf(anna.contactId)).at(-1)!.type).toBe('OptedOut');
    expect(ledger.logger.lines.map(({ message }) => message)).toContain(
      'What fell due before a fact could not be recorded, and is left to the worker',
    );
  });
});

describe('unsubscribing through a link (P4, RFC 8058)', () => {
  it('opts out of the purpose of the message, and nothing else', async () => {
    await given(optIn(by(anna), { purposes: ['newsletter', 'event-invitation'] }))
      .when(unsubscribe(oneClick))
      .thenRecords(newsletter);
  });

  it('opts out of exactly the purposes that the message was about, by one act', async () => {
    const purposes = ['newsletter', 'event-invitation'];
    await given(optIn(by(anna), { purposes: [...purposes, 'sales-contact'] }))
      .when(unsubscribe(oneClick, purposes))
      .thenRecords({ type: 'OptedOut', data: { purposes } });
  });

  it('opts out of all commercial mail when the person asks so', async () => {
    await given()
      .when(unsubscribe(oneClick, 'all'))
      .thenRecords({ type: 'OptedOut', data: { purposes: 'all' } });
  });

  it('is taken a second time and changes nothing: providers try again', async () => {
    await given(unsubscribe(oneClick)).when(unsubscribe(oneClick)).thenRecordsNothing();
  });

  it('seals the mailing that the link came in, and shows through what it was done', async () => {
    const { stored } = await given().when(unsubscribe(oneClick)).thenRecords(newsletter);
    expect(stored[0]!.metadata['source']).toStrictEqual({ kind: 'one-click' });
  });

  it('is taken for a purpose that was dropped from the policy since', async () => {
    await given(nowInForce(withoutNewsletter)).when(unsubscribe(oneClick)).thenRecords(newsletter);
  });

  it('is one act also where no one policy ever had all of its purposes', async () => {
    const { newsletter: renamed, ...others } = shippedPolicy.purposes;
    const purposes = { ...others, 'spring-offer': renamed! };
    await given(nowInForce({ ...withoutNewsletter, purposes }))
      .when(unsubscribe(oneClick, ['newsletter', 'spring-offer']))
      .thenRecords({ type: 'OptedOut', data: { purposes: ['newsletter', 'spring-offer'] } });
  });

  it('is taken for a purpose that became operational since', async () => {
    const { kind: _kind, consent: _consent, ...texts } = shippedPolicy.purposes['newsletter']!;
    const purposes = { ...shippedPolicy.purposes, newsletter: { ...texts, kind: 'operational' as const } };
    await given(nowInForce({ ...withoutNewsletter, purposes }))
      .when(unsubscribe(oneClick))
      .thenRecords(newsletter);
  });

  it.each([[['advertising']], [['newsletter', 'advertising']]])(
    'is refused where no policy ever had one of its purposes: %j (P10)',
    async (purposes) => {
      await given().when(unsubscribe(oneClick, purposes)).thenRefuses('UNKNOWN_PURPOSE');
    },
  );
});
