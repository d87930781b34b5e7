import {
  anna,
  bram,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  optIn,
  optOut,
  person,
  type Person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { ShowHistoryQuery } from '../show-history/show-history.query.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import { EraseStrangers } from './erase-strangers.js';

/** A mailing to somebody, carried as far as it goes. */
async function mail(ledger: TestLedger, { address, contactId }: Person, purpose: string, deliver = true) {
  const mailingId = `${purpose}-${await ledger.store.head()}`;
  const template = purpose === 'service' ? 'service-notice' : purpose;
  await ledger.execute(createMailing({ mailingId, purpose, template }));
  await ledger.app.get(AddRecipients).add(mailingId, [{ address }], 'a-request');
  if (deliver) await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryIdOf(mailingId, contactId));
}

const sweep = (ledger: TestLedger) => ledger.app.get(EraseStrangers).sweep(undefined);
const hasKey = async ({ vault }: TestLedger, { contactId } = anna) => (await vault.find(contactId)) !== undefined;

describe('the key of a stranger (P7)', () => {
  it('goes once a commercial mail to them was kept back, and no event makes them known', async () => {
    const ledger = await createTestLedger();
    await mail(ledger, anna, 'newsletter');
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 1 });
    expect(await hasKey(ledger)).toBe(false);
    expect(await ledger.eventsOf(anna.contactId)).toStrictEqual([]);
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences.at(-1)).toMatchObject({ purpose: 'service', eligible: true });
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 0 });
  });

  it('stays while a message to them waits', async () => {
    const ledger = await createTestLedger();
    await mail(ledger, anna, 'newsletter');
    await mail(ledger, anna, 'service', false);
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 0 });
    expect(await hasKey(ledger)).toBe(true);
  });

  it('goes seven years after the last service mail that they got, and not before', async () => {
    const ledger = await createTestLedger({ now: '2024-03-01T12:00:00Z' });
    await mail(ledger, anna, 'service');
    ledger.clock.set('2031-03-01T11:59:59.999Z');
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 0 });
    ledger.clock.set('2031-03-01T12:00:00Z');
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 1 });
  });

  it('stays when the person is on record, for their own grounds, however long ago the mail was', async () => {
    const ledger = await createTestLedger();
    await mail(ledger, anna, 'newsletter');
    await ledger.execute(optOut(by(anna)));
    await ledger.execute(optIn(by(bram)));
    await mail(ledger, bram, 'newsletter');
    ledger.clock.set('2060-01-01T00:00:00Z');
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 0 });
    expect([await hasKey(ledger), await hasKey(ledger, bram)]).toStrictEqual([true, true]);
  });

  it('that goes while they opt in takes nothing of the opt-in, which is sealed under the next one', async () => {
    const ledger = await createTestLedger();
    await mail(ledger, anna, 'newsletter');
    const keyFor = ledger.vault.keyFor.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'keyFor').mockImplementationOnce(async (contactId) => {
      const key = await keyFor(contactId);
      expect(await sweep(ledger)).toStrictEqual({ destroyed: 1 });
      return key;
    });
    await ledger.execute(optIn(by(anna)));
    const { events } = await ledger.ask(new ShowHistoryQuery(anna.contactId));
    expect(events.map(({ personal }) => personal)).toStrictEqual([{ address: 'anna@example.org' }]);
  });

  it('of somebody who came back while they were judged stays', async () => {
    const ledger = await createTestLedger();
    await mail(ledger, anna, 'newsletter');
    const destroy = ledger.vault.destroy.bind(ledger.vault);
    jest.spyOn(ledger.vault, 'destroy').mockImplementationOnce(async (contactId, keyId) => {
      await destroy(contactId, keyId);
      await ledger.execute(optIn(by(anna)));
      return destroy(contactId, keyId);
    });
    expect(await sweep(ledger)).toStrictEqual({ destroyed: 0 });
    expect(await hasKey(ledger)).toBe(true);
  });

  it('is found in bounded steps, each of which goes on after the one before', async () => {
    const ledger = await createTestLedger();
    const people = ['carla', 'daan', 'eva', 'frits', 'gijs'].map(person);
    for (const one of people) await mail(ledger, one, 'newsletter');
    const eraseStrangers = ledger.app.get(EraseStrangers);
    const steps: number[] = [];
    for (let step = await eraseStrangers.sweep(undefined, 2); ; step = await eraseStrangers.sweep(step.next, 2)) {
      steps.push(step.destroyed);
      if (step.next === undefined) break;
    }
    expect(steps).toStrictEqual([2, 2, 1]);
  });
});
