import {
  anna,
  bram,
  by,
  createTestLedger,
  erase,
  instant,
  nextPolicy,
  optIn,
  optOut,
  shippedPolicy,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Eligibility, type EligibilityQuestion } from './eligibility.js';

const NOW = instant(START_OF_STORY);
const HOUR = 3_600_000;

function question(details: Partial<EligibilityQuestion> = {}): EligibilityQuestion {
  return { contactId: anna.contactId, purpose: 'newsletter', ...details };
}

async function ask(ledger: TestLedger, details: Partial<EligibilityQuestion> = {}) {
  return ledger.app.get(Eligibility).ask(question(details));
}

afterEach(() => {
  jest.useRealTimers();
});

describe('may I send this?', () => {
  it('is answered with all that the answer rests on', async () => {
    const ledger = await createTestLedger();
    const { position, recorded } = await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    expect(await ask(ledger)).toStrictEqual({
      contactId: anna.contactId,
      purpose: 'newsletter',
      at: START_OF_STORY,
      eligible: true,
      reason: 'CONSENT',
      basis: 'consent',
      validUntil: '2027-03-31T11:00:00.000Z',
      evidence: [{ eventId: recorded[0]!.eventId, type: 'OptedIn', occurredAt: START_OF_STORY }],
      policy: { id: 'dnp-giftcard', version: 1 },
      position,
    });
  });

  it('names the conditions that are missing (P2)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna), ['informedAtCollection', 'similarProducts']));
    await ledger.caughtUp();
    expect(await ask(ledger)).toMatchObject({ reason: 'SOFT_OPT_IN_INCOMPLETE', missing: ['optOutOffered'] });
  });

  it('is no for somebody never heard of, also by an id that is none', async () => {
    const ledger = await createTestLedger();
    for (const contactId of [anna.contactId, 'nobody'])
      for (const consistency of ['projected', 'strong'] as const)
        expect(await ask(ledger, { contactId, consistency })).toMatchObject({
          eligible: false,
          reason: 'UNKNOWN_CONTACT',
          basis: null,
          validUntil: null,
          evidence: [],
        });
  });

  it('is an error for a purpose that the policy lacks (P10)', async () => {
    const ledger = await createTestLedger();
    const unknown = { code: 'UNKNOWN_PURPOSE', status: 422, errors: [{ field: 'purpose' }] };
    for (const consistency of ['projected', 'strong'] as const)
      await expect(ask(ledger, { purpose: 'advertising', consistency })).rejects.toMatchObject(unknown);
    await expect(ledger.app.get(Eligibility).openBatch('advertising')).rejects.toMatchObject(unknown);
  });

  it('is counted by its reason', async () => {
    const ledger = await createTestLedger();
    await ask(ledger);
    await ask(ledger, { consistency: 'strong' });
    await ask(ledger, { purpose: 'service' });
    expect(ledger.metrics.verdicts).toStrictEqual({ UNKNOWN_CONTACT: 2, SERVICE: 1 });
  });

  it('asked at two moments of one consent changes with the time alone (P5)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    ledger.clock.set('2027-03-31T10:59:59.999Z');
    expect(await ask(ledger)).toMatchObject({ eligible: true });
    ledger.clock.set('2027-03-31T11:00:00.000Z');
    expect(await ask(ledger)).toMatchObject({ eligible: false, reason: 'CONSENT_LAPSED' });
  });
});

describe('a strong answer', () => {
  it('knows what the projection does not know yet', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    await ledger.processor.stop();
    const { position } = await ledger.execute(optOut(by(anna)));

    expect(await ask(ledger, { consistency: 'strong' })).toMatchObject({ reason: 'OPTED_OUT', position });
  });

  it('is the only one once the projection has stopped: the others are refused, and never yes', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    const batch = await ledger.app.get(Eligibility).openBatch('newsletter');
    batch.requireLive();
    await ledger.processor.stop();
    await ledger.execute(optOut(by(anna)));

    const unavailable = expect.objectContaining({ code: 'UNAVAILABLE' });
    expect(() => batch.requireLive()).toThrow(unavailable);
    await expect((async () => ask(ledger))()).rejects.toEqual(unavailable);
    await expect(ledger.app.get(Eligibility).openBatch('newsletter')).rejects.toEqual(unavailable);
  });

  it('is the projected one once that has caught up', async () => {
    const ledger = await createTestLedger();
    for (const command of [optIn(by(anna)), startCustomer(by(anna)), optOut(by(anna)), erase(by(anna))]) {
      await ledger.execute(command);
      await ledger.caughtUp();
      expect(await ask(ledger, { consistency: 'strong' })).toStrictEqual(await ask(ledger));
    }
  });

  it('tells the revision that it rests on', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(optOut(by(anna)));
    const { revision, at, verdict } = await ledger.app.get(Eligibility).judgeStrongly(question());
    expect({ revision, at, reason: verdict.reason }).toStrictEqual({ revision: 1, at: NOW + 1, reason: 'OPTED_OUT' });
  });
});

describe('an answer for another moment (law 3)', () => {
  async function story(): Promise<TestLedger> {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set(NOW + 2 * HOUR);
    await ledger.execute(optOut(by(anna, { occurredAt: NOW + HOUR })));
    ledger.clock.set(NOW + 3 * HOUR);
    return ledger;
  }

  it('uses what had happened by then', async () => {
    const ledger = await story();
    expect(await ask(ledger, { at: NOW - 1 })).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
    expect(await ask(ledger, { at: NOW })).toMatchObject({ reason: 'CONSENT' });
    expect(await ask(ledger, { at: NOW + HOUR - 1 })).toMatchObject({ reason: 'CONSENT' });
    expect(await ask(ledger, { at: NOW + HOUR })).toMatchObject({ reason: 'OPTED_OUT' });
  });

  it('uses what was known by then', async () => {
    const ledger = await story();
    expect(await ask(ledger, { knownAt: NOW + 2 * HOUR - 1 })).toMatchObject({
      reason: 'CONSENT',
      at: new Date(NOW + 3 * HOUR).toISOString(),
    });
    expect(await ask(ledger, { at: NOW + HOUR, knownAt: NOW + 2 * HOUR - 1 })).toMatchObject({ reason: 'CONSENT' });
    expect(await ask(ledger, { at: NOW + HOUR, knownAt: NOW + 2 * HOUR })).toMatchObject({ reason: 'OPTED_OUT' });
  });

  it('may lie ahead', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    expect(await ask(ledger, { at: instant('2030-01-01T00:00:00Z') })).toMatchObject({
      at: '2030-01-01T00:00:00.000Z',
      reason: 'CONSENT_LAPSED',
    });
  });

  it('uses the policy in force then, as known then', async () => {
    const ledger = await createTestLedger();
    const oneYear = { ...shippedPolicy.purposes['newsletter']!, consent: { renewAfter: 'P1Y' } };
    const purposes = { ...shippedPolicy.purposes, newsletter: oneYear };
    ledger.policies.publish(nextPolicy('2024-03-01T13:00:00Z', { purposes }), NOW + 2 * HOUR);
    ledger.clock.set(NOW + 3 * HOUR);
    await ledger.execute(optIn(by(anna, { occurredAt: NOW })));
    await ledger.caughtUp();
    const versions = [
      [{ at: NOW + HOUR - 1 }, 1],
      [{ at: NOW + HOUR }, 2],
      [{ at: NOW + HOUR, knownAt: NOW + 2 * HOUR - 1 }, 1],
    ] as const;
    for (const [moment, version] of versions)
      expect(await ask(ledger, moment)).toMatchObject({ policy: { id: 'dnp-giftcard', version } });
    expect(await ask(ledger)).toMatchObject({ validUntil: '2025-03-01T12:00:00.000Z' });
  });
});

describe('an answer that must know a position', () => {
  it('is given at once where the projection is there already', async () => {
    const ledger = await createTestLedger();
    const { position } = await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    expect(ledger.app.get(Eligibility).ask(question({ minPosition: position }))).toMatchObject({ position });
  });

  it('waits for the projection', async () => {
    const ledger = await createTestLedger();
    await ledger.caughtUp();
    await ledger.processor.stop();
    const { position } = await ledger.execute(optIn(by(anna)));
    ledger.processor.start();
    expect(await ask(ledger, { minPosition: position })).toMatchObject({ reason: 'CONSENT', position });
    const batch = await ledger.app.get(Eligibility).openBatch('newsletter', position);
    expect(batch.position).toBe(position);
  });

  it('gives up after five seconds, and says how to ask', async () => {
    const ledger = await createTestLedger();
    await ledger.caughtUp();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const answer = ask(ledger, { minPosition: 7 });
    const refused = expect(answer).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      status: 503,
      detail: expect.stringContaining('strong'),
    });
    await jest.advanceTimersByTimeAsync(5_000);
    await refused;
  });

  it('gives up at once where the projection stands still', async () => {
    const ledger = await createTestLedger();
    await ledger.processor.stop();
    await expect(ask(ledger, { minPosition: 7 })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('asked strongly needs no projection for what is in the log', async () => {
    const ledger = await createTestLedger();
    await ledger.processor.stop();
    const { position } = await ledger.execute(optIn(by(anna)));
    expect(await ask(ledger, { minPosition: position, consistency: 'strong' })).toMatchObject({
      reason: 'CONSENT',
      position,
    });
  });

  it('asked strongly for a position ahead of the log is answered at that position, once it is there', async () => {
    const ledger = await createTestLedger();
    const answer = ask(ledger, { minPosition: 0, consistency: 'strong' });
    const { position } = await ledger.execute(optIn(by(anna)));
    expect(await answer).toMatchObject({ reason: 'CONSENT', position });
  });
});

describe('an answer after the clock was set back', () => {
  it('still knows the latest act, projected and strong', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.advance(HOUR);
    await ledger.execute(optOut(by(anna)));
    await ledger.caughtUp();
    ledger.clock.set(NOW);
    for (const consistency of ['projected', 'strong'] as const)
      expect(await ask(ledger, { consistency })).toMatchObject({
        reason: 'OPTED_OUT',
        at: new Date(NOW + HOUR).toISOString(),
      });
    const batch = await ledger.app.get(Eligibility).openBatch('newsletter');
    expect(batch.judge(anna.address).reason).toBe('OPTED_OUT');
  });
});

describe('many questions for one purpose', () => {
  it('are each answered as they come, in whatever spelling', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(optOut(by(bram)));
    await ledger.caughtUp();
    const { judge, requireLive: _live, ...batch } = await ledger.app.get(Eligibility).openBatch('newsletter');
    expect(batch).toStrictEqual({
      purpose: 'newsletter',
      at: START_OF_STORY,
      position: await ledger.store.head(),
      policy: { id: 'dnp-giftcard', version: 1 },
    });
    const no = { eligible: false, basis: null, validUntil: null };
    expect([' Anna@EXAMPLE.org', 'bram@example.org', 'carla@example.org'].map(judge)).toStrictEqual([
      { eligible: true, reason: 'CONSENT', basis: 'consent', validUntil: '2027-03-31T11:00:00.000Z' },
      { ...no, reason: 'OPTED_OUT' },
      { ...no, reason: 'UNKNOWN_CONTACT' },
    ]);
  });

  it('take what is no address for a no of its own', async () => {
    const ledger = await createTestLedger();
    const { judge } = await ledger.app.get(Eligibility).openBatch('newsletter');
    const invalid = { eligible: false, reason: 'INVALID_ADDRESS', basis: null, validUntil: null };
    const texts = ['anna', '', '@example.org', 'a b@example.org', 7, null, undefined, { address: 'anna@example.org' }];
    for (const text of texts) expect(judge(text)).toStrictEqual(invalid);
    expect(ledger.metrics.verdicts).toStrictEqual({ INVALID_ADDRESS: texts.length });
  });

  it('answer as the single question does', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna)));
    await ledger.caughtUp();
    const { eligible, reason, basis, validUntil } = await ask(ledger);
    const { judge } = await ledger.app.get(Eligibility).openBatch('newsletter');
    expect(judge(anna.address)).toStrictEqual({ eligible, reason, basis, validUntil });
  });
});
