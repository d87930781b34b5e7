import { AddRecipients, deliveryIdOf, EraseStrangers, SettleDue, ShowHistoryQuery } from '@consent-ledger/application';
import { decideEligibility, eventsKnown, foldContact } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import { contactEventOf } from '@consent-ledger/projections';
import {
  anna,
  bram,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  nextPolicy,
  optIn,
  optOut,
  person,
  recordDeliverability,
  recordRelationship,
  restrict,
  shippedPolicy,
  startCustomer,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import { Worker } from './worker.js';

const DAY = 86_400_000;

function workerOf(ledger: TestLedger, settleDue: Pick<SettleDue, 'settle'> = ledger.app.get(SettleDue)): Worker {
  const { dueDates, clock, logger } = ledger;
  return new Worker({
    name: 'a-worker',
    dueDates,
    settleDue,
    eraseStrangers: ledger.app.get(EraseStrangers),
    clock,
    logger,
  });
}

/** Settles all but the erasure. */
function keptAlive(ledger: TestLedger): Pick<SettleDue, 'settle'> {
  const settleDue = ledger.app.get(SettleDue);
  return { settle: (contactId, until) => settleDue.settle(contactId, until, { keepData: true }) };
}

/** Lets a worker record all that is due now. */
async function settle(ledger: TestLedger, worker = workerOf(ledger)): Promise<number> {
  await ledger.caughtUp();
  return worker.settleDue();
}

async function told(ledger: TestLedger, { contactId }: Person): Promise<string[]> {
  const events = await ledger.eventsOf(contactId);
  return events.map((event) => `${occurredAt(event).slice(0, 16)} ${event.type}`);
}

const life = [
  '2024-03-01T12:00 OptedIn',
  '2027-03-01T12:00 ReconsentPrompted',
  '2027-03-15T12:00 ReconsentReminded',
  '2027-03-31T11:00 ConsentLapsed',
  '2029-03-31T11:00 PersonalDataErased',
];

describe('A worker', () => {
  it('records a prompt, its reminder, the lapse and the erasure as each falls due (P5, P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    for (const [index, moment] of ['2027-03-01', '2027-03-15', '2027-03-31', '2029-03-31'].entries()) {
      ledger.clock.set(`${moment}T10:59:59.999Z`);
      expect(await settle(ledger)).toBe(0);
      ledger.clock.set(`${moment}T12:00:00.000Z`);
      expect(await settle(ledger)).toBe(1);
      expect(await told(ledger, anna)).toStrictEqual(life.slice(0, index + 2));
    }
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    expect(ledger.dueDates.view.nextDueAt()).toBeUndefined();
  });

  it('that was down for years records the same, at the instants at which it was due (P5, P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    expect(await settle(ledger)).toBe(4);
    expect(await told(ledger, anna)).toStrictEqual(life);
    const [, prompted] = await ledger.eventsOf(anna.contactId);
    expect(prompted!.metadata).toMatchObject({
      recordedAt: '2031-01-01T00:00:00.000Z',
      actor: { kind: 'system' },
      source: { kind: 'scheduler' },
      policyVersion: 'dnp-giftcard@1',
    });
  });

  it('says with an erasure which grounds held the data, and when each ended (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    await settle(ledger);
    const erased = (await ledger.eventsOf(anna.contactId)).at(-1)!;
    expect(erased.data).toStrictEqual({
      reason: 'retention',
      grounds: [
        { ground: 'consent', purpose: 'newsletter', endedAt: '2027-03-31T11:00:00.000Z' },
        { ground: 'consent-proof', purpose: 'newsletter', endedAt: '2029-03-31T11:00:00.000Z' },
      ],
    });
  });

  it('beside another one doubles nothing and misses nothing (P5)', async () => {
    const ledger = await createTestLedger();
    const people = Array.from({ length: 40 }, (_, index) => person(`reader-${index}`));
    for (const reader of people) await ledger.execute(optIn(by(reader)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    await ledger.caughtUp();
    const counts = await Promise.all([workerOf(ledger).settleDue(), workerOf(ledger).settleDue()]);
    expect(counts[0] + counts[1]).toBe(160);
    expect(ledger.metrics.appends).toMatchObject({ ConsentLapsed: 40, PersonalDataErased: 40 });
    for (const reader of people) expect((await told(ledger, reader)).map(typeOf)).toStrictEqual(life.map(typeOf));
  });

  it('that is slow takes no key of somebody who was erased and came back meanwhile (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    const destroy = ledger.vault.destroy.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'destroy').mockImplementationOnce(async (contactId, keyId) => {
      await ledger.execute(optIn(by(anna)));
      return destroy(contactId, keyId);
    });
    await settle(ledger);
    expect(await told(ledger, anna)).toStrictEqual([...life, '2031-01-01T00:00 OptedIn']);
    const { events } = await ledger.ask(new ShowHistoryQuery(anna.contactId));
    expect(events.at(-1)!.personal).toStrictEqual({ address: 'anna@example.org' });
  });

  it('records the erasure whose key is gone, although a purchase of before is told in between (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    const destroy = ledger.vault.destroy.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'destroy').mockImplementationOnce(async (contactId, keyId) => {
      const destroyed = await destroy(contactId, keyId);
      await ledger.lay(contactId, { type: 'PurchaseMade', data: {}, occurredAt: '2028-01-01T00:00:00.000Z' });
      return destroyed;
    });
    await settle(ledger);
    expect((await told(ledger, anna)).slice(-2)).toStrictEqual(['2028-01-01T00:00 PurchaseMade', life.at(-1)]);
  });

  it('tries again a bounded number of times when others keep writing to a contact', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2027-03-02T00:00:00.000Z');
    ledger.store.beforeAppend(
      () => ledger.lay(anna.contactId, { type: 'ContactMade', data: {}, occurredAt: '2027-01-01T00:00:00.000Z' }),
      1000,
    );
    const settled = ledger.app.get(SettleDue).settle(anna.contactId, ledger.clock.now());
    await expect(settled).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('whose clock was set back learns of nothing before what it follows from (law 3)', async () => {
    const ledger = await createTestLedger();
    await ledger.lay(anna.contactId, {
      type: 'PurchaseMade',
      data: {},
      occurredAt: '2016-01-01T00:00:00.000Z',
      recordedAt: '2024-06-01T00:00:00.000Z',
    });
    await settle(ledger);
    const erased = (await ledger.eventsOf(anna.contactId)).at(-1)!;
    expect(erased).toMatchObject({ type: 'PersonalDataErased', metadata: { recordedAt: '2024-06-01T00:00:00.000Z' } });
  });

  it('that dies before any of its appends leaves the same history to the next one (P5, P7)', async () => {
    for (let step = 0; step < 8; step++) {
      const ledger = await createTestLedger();
      await ledger.execute(optIn(by(anna)));
      ledger.clock.set('2031-01-01T00:00:00.000Z');
      await ledger.caughtUp();
      let appends = 0;
      ledger.store.beforeAppend(async () => {
        if (appends++ >= step) throw new Error('The process was killed.');
      }, 1000);
      await workerOf(ledger).settleDue();
      ledger.store.beforeAppend(async () => undefined, 0);
      await settle(ledger);
      expect(await told(ledger, anna)).toStrictEqual(life);
      expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
    }
  });

  it('leaves a contact that it cannot settle, goes on with the others, and comes back to it', async () => {
    const ledger = await createTestLedger();
    for (const reader of [anna, bram]) await ledger.execute(optIn(by(reader)));
    ledger.clock.set('2027-03-02T00:00:00.000Z');
    const real = ledger.app.get(SettleDue);
    const failing = {
      settle: (contactId: string, until: number) =>
        contactId === anna.contactId ? Promise.reject(new Error('The disk is full.')) : real.settle(contactId, until),
    };
    expect(await settle(ledger, workerOf(ledger, failing))).toBe(1);
    expect(ledger.logger.lines.map(({ message }) => message)).toContain(
      'What fell due for a contact could not be recorded, and is tried again',
    );
    expect(await settle(ledger)).toBe(1);
  });

  it('follows a policy that is published later: every contact is looked at again (P5)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.caughtUp();
    const { newsletter } = shippedPolicy.purposes;
    const consent = { renewAfter: 'P1Y', answerWindow: 'P30D' };
    const purposes = { ...shippedPolicy.purposes, newsletter: { ...newsletter!, consent } };
    ledger.policies.publish(nextPolicy('2024-06-01T00:00:00Z', { purposes }), ledger.clock.now());
    ledger.clock.set('2025-03-02T00:00:00.000Z');
    expect(await settle(ledger)).toBe(0);
    ledger.dueDates.index.reviewAll();
    expect(await settle(ledger)).toBe(1);
    expect(await told(ledger, anna)).toContain('2025-03-01T12:00 ReconsentPrompted');
  });

  it('erases the address of a stranger to whom a mail was kept back, once a day (P7)', async () => {
    const ledger = await createTestLedger();
    const worker = workerOf(ledger);
    const mail = async (mailingId: string, who: Person) => {
      await ledger.execute(createMailing({ mailingId }));
      await ledger.app.get(AddRecipients).add(mailingId, [{ address: who.address }], 'a-request');
      await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryIdOf(mailingId, who.contactId));
      await ledger.caughtUp();
    };
    await mail('spring', anna);
    expect(await worker.eraseStrangers()).toBe(1);
    await mail('summer', bram);
    expect(await worker.eraseStrangers()).toBe(0);
    ledger.clock.advance(DAY);
    expect(await worker.eraseStrangers()).toBe(1);
    expect(await ledger.vault.find(bram.contactId)).toBeUndefined();
  });

  it('sweeps strangers on, when its clock was years ahead once and was set right (P7)', async () => {
    const ledger = await createTestLedger({ now: '2036-01-01T00:00:00Z' });
    const worker = workerOf(ledger);
    await worker.eraseStrangers();
    ledger.clock.set('2026-01-01T00:00:00Z');
    await ledger.execute(createMailing());
    await ledger.app.get(AddRecipients).add('spring', [{ address: anna.address }], 'a-request');
    await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryIdOf('spring', anna.contactId));
    await ledger.caughtUp();
    expect(await worker.eraseStrangers()).toBe(1);
  });

  it('leaves no key behind that a message got between the key and the event of an erasure (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(createMailing());
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    await settle(ledger, workerOf(ledger, keptAlive(ledger)));
    ledger.store.beforeAppend(() =>
      ledger.app.get(AddRecipients).add('spring', [{ address: anna.address }], 'a-request'),
    );
    await settle(ledger);
    expect((await told(ledger, anna)).at(-1)).toBe(life.at(-1));
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('runs until it is stopped, and wakes for what falls due soon', async () => {
    const ledger = await createTestLedger();
    const worker = workerOf(ledger);
    worker.start();
    await ledger.execute(optIn(by(anna, { occurredAt: Date.parse('2021-01-01T12:00:00Z') })));
    const lapsed = async () => (await told(ledger, anna)).length === 4;
    while (!(await lapsed())) await ledger.processor.waitFor(ledger.processor.position + 1, { timeoutMs: 1000 });
    await worker.stop();
    expect(await told(ledger, anna)).toStrictEqual([
      '2021-01-01T12:00 OptedIn',
      '2024-01-01T12:00 ReconsentPrompted',
      '2024-01-15T12:00 ReconsentReminded',
      '2024-01-31T12:00 ConsentLapsed',
    ]);
  });
});

describe('An act of the person', () => {
  it('comes after what fell due before it, also when no worker ran (P5)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    ledger.clock.set('2027-03-10T12:00:00.000Z');
    await ledger.execute(optIn(by(anna)));
    expect(await told(ledger, anna)).toStrictEqual([
      '2024-03-01T12:00 OptedIn',
      '2027-03-01T12:00 ReconsentPrompted',
      '2027-03-10T12:00 OptedIn',
    ]);
  });

  it('brings a contact back under a new key, once its retention had ended (P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const before = await ledger.vault.find(anna.contactId);
    ledger.clock.set('2031-01-01T00:00:00.000Z');
    await ledger.execute(optIn(by(anna)));
    expect((await told(ledger, anna)).slice(0, 5)).toStrictEqual(life);
    const after = await ledger.vault.find(anna.contactId);
    expect(after).toBeDefined();
    expect(after!.id).not.toBe(before!.id);
  });
});

describe('Seven years', () => {
  it('day by day and in one jump give the same events and verdicts (P5, P6, P7)', async () => {
    const daily = await live({ everyDay: true });
    const atOnce = await live({ everyDay: false });
    expect(atOnce.events).toStrictEqual(daily.events);
    expect(atOnce.verdicts).toStrictEqual(daily.verdicts);
    const types = daily.events.flat().map(typeOf);
    for (const type of ['ReconsentPrompted', 'ReconsentReminded', 'ConsentLapsed', 'PersonalDataErased'])
      expect(types.filter((found) => found === type).length).toBeGreaterThan(3);
  }, 60_000);
});

const START = Date.parse('2024-03-01T12:00:00.000Z');
const YEARS = 7 * 366;
const PURPOSES = ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'];
const people = Array.from({ length: 32 }, (_, index) => person(`neighbour-${index}`));

interface Act {
  readonly at: number;
  readonly command: (occurred: string) => Command<unknown>;
}

/** What the people do over the years: a little of everything, the same in every run. */
function story(): Act[] {
  let seed = 7;
  const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  const acts: Act[] = [];
  for (const [index, who] of people.entries())
    for (let count = 0; count < 6; count++) {
      const at = START + next(index % 2 === 0 ? 500 : YEARS - 700) * DAY + next(DAY);
      const pick = next(12);
      const purposes = PURPOSES.filter(() => next(2) === 0);
      acts.push({ at, command: (key) => act(pick, who, purposes.length > 0 ? purposes : ['newsletter'], key) });
    }
  return acts.sort((a, b) => a.at - b.at);
}

function act(pick: number, who: Person, purposes: readonly string[], idempotencyKey: string): Command<unknown> {
  const fact = by(who, { idempotencyKey });
  if (pick < 5) return optIn(fact, { purposes });
  if (pick === 5) return optOut(fact, purposes);
  if (pick === 6) return startCustomer(fact);
  if (pick === 7) return recordRelationship(fact, { kind: 'customer-ended' });
  if (pick === 8) return recordRelationship(fact, { kind: 'contact' });
  if (pick === 9) return recordDeliverability(fact, { kind: 'bounced', permanent: true });
  if (pick === 10) return recordDeliverability(fact, { kind: 'deliverable' });
  return restrict(fact, purposes.length % 2 === 0);
}

async function live({ everyDay }: { everyDay: boolean }) {
  const ledger = await createTestLedger();
  const worker = workerOf(ledger);
  let day = START;
  for (const [index, { at, command }] of story().entries()) {
    for (; everyDay && day <= at; day += DAY) await settleAt(ledger, worker, day);
    ledger.clock.set(at);
    await ledger.execute(command(`act-${index}`));
  }
  const end = START + YEARS * DAY;
  for (; everyDay && day <= end; day += DAY) await settleAt(ledger, worker, day);
  await settleAt(ledger, worker, end);
  const events = await Promise.all(people.map(({ contactId }) => lived(ledger, contactId)));
  return { events: events.map((all) => all.map(({ text }) => text)), verdicts: verdictsOf(ledger, events) };
}

async function settleAt(ledger: TestLedger, worker: Worker, at: number): Promise<void> {
  ledger.clock.set(at);
  await settle(ledger, worker);
}

async function lived(ledger: TestLedger, contactId: string) {
  const recorded = await ledger.eventsOf(contactId);
  return recorded.map((event) => {
    const { sealed: _sealed, ...data } = event.data;
    const text = `${occurredAt(event)} ${event.type} ${event.id} ${JSON.stringify(data)}`;
    return { text, event: contactEventOf(event) };
  });
}

/** The verdict of each contact and purpose every hundred days, with all that is known at the end. */
function verdictsOf(ledger: TestLedger, histories: Awaited<ReturnType<typeof lived>>[]) {
  return histories.map((all) => {
    const verdicts: string[] = [];
    for (let at = START; at <= START + YEARS * DAY; at += 100 * DAY)
      for (const purpose of PURPOSES) {
        const events = all.map(({ event }) => event);
        const state = foldContact(eventsKnown(events, at, Number.POSITIVE_INFINITY));
        const { reason, validUntil } = decideEligibility(state, ledger.policies.history(), purpose, at);
        verdicts.push(`${purpose} ${reason} ${validUntil}`);
      }
    return verdicts;
  });
}

function occurredAt({ metadata }: RecordedEvent): string {
  return metadata['occurredAt'] as string;
}

function typeOf(line: string): string {
  return line.split(' ')[1]!;
}
