import {
  anna,
  bram,
  by,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  doubleOptIn,
  erase,
  nextPolicy,
  optIn,
  optOut,
  recordDeliverability,
  recordRelationship,
  restrict,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import { PREFERENCE_LINKS } from '../deliver/delivery.js';
import { RectifyAddress } from '../rectify-address/rectify-address.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { AskPreferenceLinkCommand } from './ask-preference-link.command.js';

const MINUTE = 60_000;

const askLink = ({ contactId }: Person, language = 'nl') =>
  new AskPreferenceLinkCommand({ contactId, language, correlationId: 'a-request' });

async function givenLedger(...steps: readonly Command<unknown>[]): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const step of steps) await ledger.execute(step);
  return ledger;
}

async function deliveriesTo(ledger: TestLedger, { contactId }: Person) {
  await ledger.caughtUp();
  const deliveries = await ledger.ask(new DeliveriesQuery(contactId));
  return deliveries.filter(({ mailingId }) => mailingId === PREFERENCE_LINKS);
}

/** Sends all that was asked for; answers what was handed over. */
async function sendAll(ledger: TestLedger, person: Person) {
  const mailRoom = createScriptedMailRoom();
  const deliver = deliverThrough(mailRoom, ledger);
  for (const { deliveryId } of await deliveriesTo(ledger, person)) await deliver.deliver(deliveryId);
  return mailRoom.sent;
}

describe('asking for a link to the preference page', () => {
  it('records the same of somebody who is on record, unknown or erased, and nothing of the address (P7)', async () => {
    const of = async (...steps: readonly Command<unknown>[]) => {
      const ledger = await givenLedger(...steps);
      const keys = await ledger.vault.find(anna.contactId);
      await ledger.execute(askLink(anna));
      expect(await ledger.vault.find(anna.contactId)).toStrictEqual(keys);
      const [delivery] = await deliveriesTo(ledger, anna);
      return (await ledger.deliveryEvents(delivery!.deliveryId)).map(({ type, data }) => ({ type, data }));
    };
    const unknown = await of();
    expect(unknown).toStrictEqual([
      {
        type: 'DeliveryRequested',
        data: {
          deliveryId: expect.any(String),
          mailingId: PREFERENCE_LINKS,
          contactId: anna.contactId,
          purpose: 'preferences',
          template: 'preference-link',
          language: 'nl',
        },
      },
    ]);
    for (const steps of [[optIn(by(anna))], [optOut(by(anna), 'all')], [optIn(by(anna)), erase(by(anna))]])
      expect(await of(...steps)).toStrictEqual(unknown);
  });

  it('again within a quarter of an hour is the same request, also from many at once', async () => {
    const ledger = await givenLedger(optIn(by(anna)));
    await Promise.all(Array.from({ length: 20 }, () => ledger.execute(askLink(anna))));
    ledger.clock.advance(15 * MINUTE - 1);
    await ledger.execute(askLink(anna, 'en'));
    expect(await deliveriesTo(ledger, anna)).toHaveLength(1);
    ledger.clock.advance(1);
    await ledger.execute(askLink(anna));
    expect(await deliveriesTo(ledger, anna)).toHaveLength(2);
  });

  it('for days sends a few mails on the first day and about one on each that follows, as the subscribe form does', async () => {
    const ledger = await givenLedger(optIn(by(anna)));
    const perDay: number[] = [];
    let before = 0;
    for (let day = 0; day < 4; day++) {
      for (let minute = 0; minute < 24 * 60; minute += 20) {
        await ledger.execute(askLink(anna));
        await sendAll(ledger, anna);
        ledger.clock.advance(20 * MINUTE);
      }
      const sent = (await deliveriesTo(ledger, anna)).length;
      perDay.push(sent - before);
      before = sent;
    }
    expect(perDay).toStrictEqual([5, 1, 1, 1]);
  });

  it('before anything was on record makes nobody wait who is on record since', async () => {
    const ledger = await givenLedger();
    for (let times = 0; times < 6; times++) {
      await ledger.execute(askLink(anna));
      await sendAll(ledger, anna);
      ledger.clock.advance(15 * MINUTE);
    }
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(askLink(anna));
    expect(await sendAll(ledger, anna)).toHaveLength(1);
  });

  it('adds a few requests a day to the log of somebody who is not on record, however often', async () => {
    const ledger = await givenLedger();
    ledger.clock.set('2024-03-02T00:00:00.000Z');
    for (let times = 0; times < 24; times++) {
      await ledger.execute(askLink(anna));
      await sendAll(ledger, anna);
      ledger.clock.advance(30 * MINUTE);
    }
    expect(await deliveriesTo(ledger, anna)).toHaveLength(8);
  });

  it('of one person leaves the requests of another alone', async () => {
    const ledger = await givenLedger();
    await ledger.execute(askLink(anna));
    await ledger.execute(askLink(bram));
    expect(await deliveriesTo(ledger, bram)).toHaveLength(1);
  });
});

describe('the mail with the link, at the moment of sending (P1)', () => {
  it.each([
    ['who consented', optIn(by(anna))],
    ['who opted out', optOut(by(anna), 'all')],
    ['who complained', recordDeliverability(by(anna), { kind: 'complained' })],
    ['who only bought something', recordRelationship(by(anna), { kind: 'purchase' })],
  ])('goes to somebody %s, at the address on record', async (_sentence, step) => {
    const ledger = await givenLedger(step);
    await ledger.execute(askLink(anna, 'en'));
    const [letter, ...others] = await sendAll(ledger, anna);
    expect(letter).toMatchObject({ address: anna.address, delivery: { language: 'en' }, subject: undefined });
    expect(others).toStrictEqual([]);
  });

  it.each([
    ['nobody has heard of', [], 'UNKNOWN_CONTACT'],
    ['a stranger may have entered on the subscribe form', [doubleOptIn(by(anna))], 'PENDING_CONFIRMATION'],
    ['was erased', [optIn(by(anna)), erase(by(anna))], 'ERASED'],
    ['may not be processed', [optIn(by(anna)), restrict(by(anna))], 'RESTRICTED'],
    [
      'cannot be reached',
      [optIn(by(anna)), recordDeliverability(by(anna), { kind: 'bounced', permanent: true })],
      'UNDELIVERABLE',
    ],
    ['is on record without an address', [optIn({ ...by(anna), address: undefined! })], 'NO_ADDRESS'],
  ])('is kept back from whom %s, and its delivery says why', async (_sentence, steps, reason) => {
    const ledger = await givenLedger(...steps);
    await ledger.execute(askLink(anna));
    expect(await sendAll(ledger, anna)).toStrictEqual([]);
    expect(await deliveriesTo(ledger, anna)).toMatchObject([{ status: 'suppressed', reason }]);
  });

  it('goes to the address that took the place of another, and not to that one (P9)', async () => {
    const ledger = await givenLedger(optIn(by(anna)));
    const { contactId, ...desk } = by(anna, { source: { kind: 'customer-service' }, actor: { kind: 'agent' } });
    await ledger.app.get(RectifyAddress).rectify({ ...desk, contactId }, bram);
    for (const person of [anna, bram]) await ledger.execute(askLink(person));
    expect(await sendAll(ledger, anna)).toStrictEqual([]);
    expect(await sendAll(ledger, bram)).toMatchObject([{ address: bram.address }]);
  });

  it('goes through a restriction where the policy lets service mail through', async () => {
    const ledger = await givenLedger(optIn(by(anna)), restrict(by(anna)));
    const lenient = nextPolicy('2024-02-01T00:00:00+01:00', { serviceMail: { whenRestricted: 'allow' } });
    ledger.policies.publish(lenient, Date.parse('2024-01-01T00:00:00Z'));
    await ledger.execute(askLink(anna));
    expect(await sendAll(ledger, anna)).toHaveLength(1);
  });
});
