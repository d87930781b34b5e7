import {
  anna,
  by,
  confirmOptIn,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  erase,
  given,
  later,
  nextPolicy,
  optOut,
  person,
  shippedPolicy,
  signupForm,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import { SubscribeCommand } from './subscribe.command.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const { id, version, language } = signupForm;

function subscribe(...purposes: string[]): SubscribeCommand {
  const evidence = { ip: '192.0.2.7', userAgent: 'Lynx' };
  const wanted = { purposes: purposes.length ? purposes : ['newsletter'], statement: { id, version, language } };
  return new SubscribeCommand({ ...by(anna), address: anna.address }, { ...wanted, evidence });
}

/** Every choice of one purpose or more. */
const everyChoice = Array.from({ length: 15 }, (_, choice) =>
  ['newsletter', 'event-invitation', 'personalised-message', 'sales-contact'].filter(
    (_name, index) => (choice + 1) & (1 << index),
  ),
);

/** When mails are to go out about Anna, in minutes from the first request. */
async function mailMinutes(ledger: TestLedger, start: number): Promise<number[]> {
  await ledger.caughtUp();
  const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
  const requested = await Promise.all(deliveries.map(({ deliveryId }) => ledger.deliveryEvents(deliveryId)));
  const times = requested.map(([event]) =>
    Date.parse((event!.data['notBefore'] ?? event!.metadata['recordedAt']) as string),
  );
  return times.map((time) => (time - start) / MINUTE).sort((a, b) => a - b);
}

describe('subscribing on the form (P3)', () => {
  it('is recorded as asked for, with the statement shown and sealed evidence, and waits for the mail', async () => {
    const data = { purposes: ['newsletter'], statement: signupForm, actOf: 'person' } as const;
    const { ledger, stored } = await given().when(subscribe()).thenRecords({ type: 'OptInRequested', data });
    const [event] = stored as [(typeof stored)[0]];
    expect(JSON.stringify(event)).not.toMatch(/anna|192\.0\.2|lynx/i);
    const place = { streamId: event.streamId, eventId: event.id };
    expect(await ledger.personalData.open(anna.contactId, place, event.data['sealed'] as string)).toStrictEqual({
      address: anna.address,
      evidence: { ip: '192.0.2.7', userAgent: 'Lynx' },
    });
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', reason: 'PENDING_CONFIRMATION' });
    expect(await mailMinutes(ledger, ledger.clock.now())).toStrictEqual([0]);
  });

  it('is refused on another statement than the one of the policy in force', async () => {
    const [first] = shippedPolicy.statements;
    const ledger = await createTestLedger();
    ledger.policies.publish(
      nextPolicy('2024-02-01T00:00:00Z', { statements: [{ ...first!, version: 2 }] }),
      Date.parse('2024-01-01T00:00:00Z'),
    );
    await expect(ledger.execute(subscribe())).rejects.toMatchObject({ code: 'STATEMENT_NOT_CURRENT' });
    expect(await ledger.eventsOf(anna.contactId)).toStrictEqual([]);
  });

  it('is there again for who opted out, and for who was erased on request: the mail goes out to them (P4, P7)', async () => {
    for (const before of [optOut(by(anna), 'all'), erase(by(anna))]) {
      const ledger = await createTestLedger();
      await ledger.execute(before);
      ledger.clock.advance(1000);
      const { recorded } = await ledger.execute(subscribe());
      await ledger.caughtUp();
      const [delivery] = await ledger.ask(new DeliveriesQuery(anna.contactId));
      const mailRoom = createScriptedMailRoom();
      await deliverThrough(mailRoom, ledger).deliver(delivery!.deliveryId);
      expect(mailRoom.sent.map(({ address }) => address)).toStrictEqual([anna.address]);
      await ledger.execute(confirmOptIn(by(anna), recorded[0]!.eventId));
      const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
      expect(preferences[0]).toMatchObject({ reason: 'CONSENT' });
    }
  });
});

describe('subscribing a mailbox by ever other addresses', () => {
  const other = (nth: number) => person(`anna+${nth}`);
  const enter = (ledger: TestLedger, who: Person) =>
    ledger.execute(new SubscribeCommand({ ...by(who), address: who.address }, subscribe().request));

  it('is heard for three a day, each of them as often as before, and for the others not (P3)', async () => {
    const ledger = await createTestLedger();
    for (let nth = 0; nth < 10; nth++) await enter(ledger, other(nth));
    const asked = await Promise.all([0, 1, 2, 3, 9].map((nth) => ledger.eventsOf(other(nth).contactId)));
    expect(asked.map(({ length }) => length)).toStrictEqual([1, 1, 1, 0, 0]);
    ledger.clock.advance(15 * MINUTE);
    expect((await enter(ledger, other(0))).recorded).toHaveLength(1);
    ledger.clock.advance(DAY);
    expect((await enter(ledger, other(9))).recorded).toHaveLength(1);
  });
});

describe('subscribing somebody again and again', () => {
  it('records nothing more, and sends no second mail, within a quarter of an hour', async () => {
    const ledger = await createTestLedger();
    const start = ledger.clock.now();
    for (let minute = 0; minute < 15; minute++) {
      await ledger.execute(subscribe());
      ledger.clock.advance(MINUTE);
    }
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(1);
    expect(await mailMinutes(ledger, start)).toStrictEqual([0]);
  });

  it('at the same moment, by many processes, records one request and asks for one mail', async () => {
    const ledger = await createTestLedger();
    await Promise.all(Array.from({ length: 6 }, () => ledger.execute(subscribe())));
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(1);
    expect(await mailMinutes(ledger, ledger.clock.now())).toStrictEqual([0]);
  });

  it('for days sends a few mails on the first day and one on each that follows, and the history grows no faster', async () => {
    const ledger = await createTestLedger();
    const start = ledger.clock.now();
    for (let passed = 0; passed < 4 * DAY; passed += 7 * MINUTE) {
      await ledger.execute(subscribe());
      ledger.clock.advance(7 * MINUTE);
    }
    const minutes = await mailMinutes(ledger, start);
    expect(minutes.filter((minute) => minute < 1440).length).toBeLessThanOrEqual(5);
    expect(minutes.length).toBeLessThanOrEqual(5 + 4);
    expect(Math.min(...minutes.slice(1).map((minute, index) => minute - minutes[index]!))).toBeGreaterThanOrEqual(15);
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(minutes.length);
  });

  it('for ever other purposes is bounded too', async () => {
    const ledger = await createTestLedger();
    for (const choice of everyChoice) await ledger.execute(subscribe(...choice));
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(12);
    ledger.clock.advance(DAY);
    await ledger.execute(subscribe(...everyChoice.at(-1)!));
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(13);
  });

  it('keeps the person out of no turn: the latest choice takes that of the oldest that waits, which gets no mail (P3)', async () => {
    const ledger = await createTestLedger();
    for (const choice of everyChoice.slice(0, 4)) await ledger.execute(subscribe(...choice));
    const own = await ledger.execute(subscribe('newsletter', 'sales-contact'));
    expect(own.recorded).toHaveLength(1);
    await ledger.caughtUp();
    const mailRoom = createScriptedMailRoom();
    const deliver = deliverThrough(mailRoom, ledger);
    const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
    ledger.clock.advance(15 * MINUTE);
    for (const { deliveryId } of deliveries) await deliver.deliver(deliveryId);
    const [, second] = await ledger.eventsOf(anna.contactId);
    const sent = mailRoom.sent.map(({ delivery }) => delivery.requestId);
    expect(sent).toContain(own.recorded[0]!.eventId);
    expect(sent).not.toContain(second!.id);
    expect(sent).toHaveLength(2);
  });

  it('for other purposes is recorded at once, and mailed about once the first mail is a quarter of an hour old', async () => {
    const ledger = await createTestLedger();
    const start = ledger.clock.now();
    await ledger.execute(subscribe());
    ledger.clock.advance(MINUTE);
    await ledger.execute(subscribe('event-invitation'));
    expect(await mailMinutes(ledger, start)).toStrictEqual([0, 15]);

    const [, second] = await ledger.eventsOf(anna.contactId);
    await ledger.caughtUp();
    const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
    const mailRoom = createScriptedMailRoom();
    const deliver = deliverThrough(mailRoom, ledger);
    for (const { deliveryId } of deliveries) await deliver.deliver(deliveryId);
    expect(mailRoom.sent).toHaveLength(1);
    ledger.clock.advance(14 * MINUTE);
    for (const { deliveryId } of deliveries) await deliver.deliver(deliveryId);
    expect(mailRoom.sent.map(({ delivery }) => delivery.requestId).at(-1)).toBe(second!.id);
    expect(mailRoom.sent).toHaveLength(2);
  });

  it('after a confirmation or an opt-out is a request of its own', async () => {
    const ledger = await createTestLedger();
    const { recorded } = await ledger.execute(subscribe());
    await ledger.execute(confirmOptIn(by(anna), recorded[0]!.eventId));
    await ledger.execute(optOut(by(anna), 'all'));
    ledger.clock.advance(MINUTE);
    expect((await ledger.execute(subscribe())).recorded).toHaveLength(1);
  });

  it('asks for the mail that a process did not live to ask for', async () => {
    const ledger = await createTestLedger();
    ledger.store.beforeAppend(async (streamId) => {
      if (streamId.startsWith('delivery-')) throw new Error('the process died');
    }, 2);
    await expect(ledger.execute(subscribe())).rejects.toThrow('the process died');
    await ledger.execute(subscribe());
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(1);
    expect(await mailMinutes(ledger, ledger.clock.now())).toStrictEqual([0]);
  });

  it('lets a person who confirmed ask again without the longer waits', async () => {
    const ledger = await createTestLedger();
    for (const minutes of [15, 60, 240]) {
      await ledger.execute(subscribe());
      ledger.clock.advance(minutes * MINUTE);
    }
    const { recorded } = await ledger.execute(subscribe());
    await ledger.execute(confirmOptIn(by(anna), recorded[0]!.eventId));
    ledger.clock.advance(15 * MINUTE);
    const start = ledger.clock.now();
    await ledger.execute(subscribe('event-invitation'));
    expect((await mailMinutes(ledger, start)).at(-1)).toBeCloseTo(0);
  });
});

it('subscribing needs nothing of the person to be on record before', async () => {
  await given(later(1000))
    .when(subscribe('sales-contact'))
    .thenRecords({
      type: 'OptInRequested',
      data: { purposes: ['sales-contact'], statement: signupForm, actOf: 'person' },
    });
});
