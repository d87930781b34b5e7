import {
  anna,
  bram,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  optIn,
  person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { ShowMailingQuery } from './show-mailing.query.js';

const nothing = { recipients: 0, sent: 0, suppressed: {}, failed: 0, pending: 0, unknown: 0 };

function show(ledger: TestLedger, minPosition?: number) {
  return ledger.ask(new ShowMailingQuery('spring', minPosition));
}

describe('how far a mailing is', () => {
  it('is open until it has a recipient', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(createMailing());
    expect(await show(ledger)).toStrictEqual({
      id: 'spring',
      state: 'open',
      purpose: 'newsletter',
      template: 'newsletter',
      ...nothing,
    });
  });

  it('is sending while one is pending, and counts what came of each', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(createMailing());
    const people = ['carla', 'david', 'emma'].map(person);
    for (const somebody of [anna, ...people]) await ledger.execute(optIn(by(somebody)));
    const recipients = [anna, bram, ...people].map(({ address }) => ({ address }));
    const { position } = await ledger.app.get(AddRecipients).add('spring', recipients, 'a-request');
    expect(await show(ledger, position)).toMatchObject({ state: 'sending', recipients: 5, pending: 5 });

    const mailRoom = createScriptedMailRoom({
      outcomes: [{ status: 'sent' }, { status: 'rejected' }, { status: 'unknown' }, { status: 'deferred' }],
    });
    const deliver = deliverThrough(mailRoom, ledger);
    for (const { contactId } of [anna, bram, ...people]) await deliver.deliver(deliveryIdOf('spring', contactId));
    expect(await show(ledger)).toMatchObject({
      state: 'sending',
      recipients: 5,
      sent: 1,
      suppressed: { UNKNOWN_CONTACT: 1 },
      failed: 1,
      unknown: 1,
      pending: 1,
    });

    ledger.clock.advance(60_000);
    await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryIdOf('spring', people[2]!.contactId));
    expect(await show(ledger)).toMatchObject({ state: 'completed', sent: 2, pending: 0 });
  });

  it('is not found where there is none', async () => {
    await expect(show(await createTestLedger())).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  });

  it('is not told where the read models stand still', async () => {
    const ledger = await createTestLedger();
    await ledger.processor.stop();
    await ledger.execute(createMailing());
    await expect(show(ledger)).rejects.toMatchObject({ code: 'UNAVAILABLE', status: 503 });
  });
});
