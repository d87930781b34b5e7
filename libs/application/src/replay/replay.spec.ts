import {
  anna,
  by,
  createTestLedger,
  instant,
  nextPolicy,
  optIn,
  optOut,
  shippedPolicy,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { Eligibility } from '../ask-eligibility/eligibility.js';
import { ReplayQuery, type ReplayQuestion } from './replay.query.js';

const NOW = instant(START_OF_STORY);
const HOUR = 3_600_000;

function replay(ledger: TestLedger, question: Partial<ReplayQuestion> = {}) {
  return ledger.ask(new ReplayQuery({ contactId: anna.contactId, purpose: 'newsletter', at: NOW, ...question }));
}

describe('a replay', () => {
  it('tells the verdict then, and each row that was tried', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna, { occurredAt: NOW - HOUR })));
    const { recorded } = await ledger.execute(optIn(by(anna)));
    const { verdict, trace } = await replay(ledger);
    expect(verdict).toStrictEqual({
      contactId: anna.contactId,
      purpose: 'newsletter',
      at: START_OF_STORY,
      eligible: false,
      reason: 'OPTED_OUT',
      basis: null,
      validUntil: null,
      evidence: [{ eventId: expect.any(String), type: 'OptedOut', occurredAt: '2024-03-01T11:00:00.000Z' }],
      policy: { id: 'dnp-giftcard', version: 1 },
      position: 1,
    });
    expect(trace.at(-1)).toStrictEqual({
      row: 5,
      reason: 'OPTED_OUT',
      applies: true,
      because: 'The person opted out of newsletter and has not opted in to it since.',
    });

    const after = await replay(ledger, { at: NOW + 1 });
    expect(after.verdict).toMatchObject({ reason: 'CONSENT', evidence: [{ eventId: recorded[0]!.eventId }] });
    expect(after.trace.map(({ row, applies }) => [row, applies])).toStrictEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
      [6, true],
    ]);
    expect(after.trace[4]!.because).toBe('The person opted out of newsletter, but opted in to it since.');
  });

  it('answers as the question for that moment does (law 5)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna)));
    ledger.clock.advance(2 * HOUR);
    await ledger.execute(optOut(by(anna, { occurredAt: NOW + HOUR })));
    const eligibility = ledger.app.get(Eligibility);
    for (const moment of [
      { at: NOW - 1 },
      { at: NOW },
      { at: NOW + HOUR },
      { at: NOW + HOUR, knownAt: NOW + HOUR },
      { at: instant('2040-01-01T00:00:00Z') },
    ]) {
      const asked = await eligibility.ask({ contactId: anna.contactId, purpose: 'newsletter', ...moment });
      expect((await replay(ledger, moment)).verdict).toStrictEqual(asked);
    }
  });

  it('judges by another policy when asked what if', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna), ['informedAtCollection', 'similarProducts']));
    const { softOptIn: _softOptIn, ...strict } = shippedPolicy;
    const lenient = { ...shippedPolicy.softOptIn!, conditions: ['informedAtCollection'] };
    ledger.policies.publish({ ...strict, id: 'strict', inForceFrom: '2030-01-01T00:00:00Z' }, NOW + HOUR);
    ledger.policies.publish(nextPolicy('2030-01-01T00:00:00Z', { softOptIn: lenient }), NOW + HOUR);

    const answers = [
      [{ id: 'dnp-giftcard', version: 1 }, 'SOFT_OPT_IN_INCOMPLETE'],
      [{ id: 'dnp-giftcard', version: 2 }, 'SOFT_OPT_IN'],
      [{ id: 'strict', version: 1 }, 'NO_CONSENT'],
    ] as const;
    for (const [policy, reason] of answers) {
      const { verdict, trace } = await replay(ledger, { policy });
      expect(verdict).toMatchObject({ policy, reason });
      expect(trace.at(-1)).toMatchObject({ reason, applies: true });
    }
  });

  it('is refused by a policy that was never published, and for a purpose that the policy lacks', async () => {
    const ledger = await createTestLedger();
    const unknown = replay(ledger, { policy: { id: 'dnp-giftcard', version: 9 } });
    await expect(unknown).rejects.toMatchObject({ code: 'UNKNOWN_POLICY', status: 422 });
    await expect(replay(ledger, { purpose: 'advertising' })).rejects.toMatchObject({ code: 'UNKNOWN_PURPOSE' });
  });

  it('of somebody never heard of goes through the whole table', async () => {
    const ledger = await createTestLedger();
    const { verdict, trace } = await replay(ledger);
    expect(verdict).toMatchObject({ reason: 'UNKNOWN_CONTACT', position: -1 });
    expect(trace.map(({ row }) => row)).toStrictEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  });

  it('of service mail tries only what may stop it (P1)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optOut(by(anna), 'all'));
    const { verdict, trace } = await replay(ledger, { purpose: 'service' });
    expect(verdict).toMatchObject({ eligible: true, reason: 'SERVICE', basis: 'service' });
    expect(trace.map(({ row }) => row)).toStrictEqual([1, 2, 3, 0]);
  });

  it('changes nothing', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const first = await replay(ledger);
    ledger.clock.advance(HOUR);
    expect(await replay(ledger)).toStrictEqual(first);
    expect(await ledger.store.head()).toBe(0);
  });
});
