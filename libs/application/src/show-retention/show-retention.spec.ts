import {
  anna,
  by,
  createTestLedger,
  erase,
  optIn,
  placeLegalHold,
  recordRelationship,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { ShowRetentionQuery } from './show-retention.query.js';

const retention = (ledger: TestLedger) => ledger.ask(new ShowRetentionQuery(anna.contactId));

describe('what holds a contact and what falls due', () => {
  it('are the grounds with their ends, the longest of all, and the next 36 months (P5, P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(recordRelationship(by(anna), { kind: 'purchase' }));
    ledger.clock.set('2024-04-01T12:00:00Z');
    const answer = await retention(ledger);
    expect(answer).toMatchObject({
      contactId: anna.contactId,
      at: '2024-04-01T12:00:00.000Z',
      revision: 1,
      policy: { id: 'dnp-giftcard' },
      grounds: [
        { ground: 'consent', purpose: 'newsletter', endsAt: '2027-03-31T11:00:00.000Z' },
        { ground: 'consent-proof', purpose: 'newsletter', endsAt: '2029-03-31T11:00:00.000Z' },
        { ground: 'purchase', endsAt: expect.stringMatching(/^2031-03-01T12:00:00/) },
      ],
    });
    expect(answer.endsAt).toBe(answer.grounds[2]!.endsAt);
    expect(answer.next).toStrictEqual([
      { kind: 'prompt', at: '2027-03-01T12:00:00.000Z', purposes: ['newsletter'] },
      { kind: 'reminder', at: '2027-03-15T12:00:00.000Z', purposes: ['newsletter'] },
      { kind: 'lapse', at: '2027-03-31T11:00:00.000Z', purposes: ['newsletter'] },
    ]);
  });

  it('have no end while a legal hold stands (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(placeLegalHold(by(anna)));
    const { grounds, endsAt } = await retention(ledger);
    expect([grounds.at(-1), endsAt]).toStrictEqual([{ ground: 'legal-hold', endsAt: null }, null]);
  });

  it('tell first what is overdue (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2035-01-01T00:00:00Z');
    const { next } = await retention(ledger);
    expect(next.at(-1)).toStrictEqual({ kind: 'retention-end', at: '2029-03-31T11:00:00.000Z' });
  });

  it('are nothing for a stranger, and nothing after an erasure (P7)', async () => {
    const ledger = await createTestLedger();
    expect(await retention(ledger)).toMatchObject({ grounds: [], endsAt: null, next: [], revision: -1 });
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(erase(by(anna)));
    expect(await retention(ledger)).toMatchObject({ grounds: [], endsAt: null, next: [] });
  });
});
