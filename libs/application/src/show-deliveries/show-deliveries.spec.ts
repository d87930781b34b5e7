import {
  anna,
  bram,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  optIn,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { DeliveriesQuery } from './show-deliveries.query.js';

describe('the deliveries of a contact', () => {
  it('tell every message that was meant for it and what came of it, the latest first', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(createMailing());
    await ledger.execute(createMailing({ mailingId: 'event', purpose: 'event-invitation' }));
    const deliver = deliverThrough(createScriptedMailRoom(), ledger);
    for (const mailingId of ['spring', 'event']) {
      const recipients = [anna, bram].map(({ address }) => ({ address }));
      await ledger.app.get(AddRecipients).add(mailingId, recipients, 'a-request');
      await deliver.deliver(deliveryIdOf(mailingId, anna.contactId));
      ledger.clock.advance(1000);
    }
    await ledger.caughtUp();
    expect(await ledger.ask(new DeliveriesQuery(anna.contactId))).toMatchObject([
      {
        deliveryId: deliveryIdOf('event', anna.contactId),
        mailingId: 'event',
        purpose: 'event-invitation',
        status: 'suppressed',
        reason: 'NO_CONSENT',
        updatedAt: '2024-03-01T12:00:01.000Z',
        verdict: {
          at: '2024-03-01T12:00:01.000Z',
          eligible: false,
          reason: 'NO_CONSENT',
          basis: null,
          validUntil: null,
          evidence: [],
          policy: { id: 'dnp-giftcard', version: 1 },
          contactRevision: 0,
        },
      },
      {
        deliveryId: deliveryIdOf('spring', anna.contactId),
        mailingId: 'spring',
        purpose: 'newsletter',
        status: 'sent',
        reason: null,
        updatedAt: '2024-03-01T12:00:00.000Z',
        verdict: {
          at: '2024-03-01T12:00:00.000Z',
          eligible: true,
          reason: 'CONSENT',
          basis: 'consent',
          validUntil: '2027-03-31T11:00:00.000Z',
          evidence: [expect.objectContaining({ type: 'OptedIn', occurredAt: '2024-03-01T12:00:00.000Z' })],
          policy: { id: 'dnp-giftcard', version: 1 },
          contactRevision: 0,
        },
      },
    ]);
  });

  it('are none for somebody whom nothing was meant for', async () => {
    const ledger = await createTestLedger();
    expect(await ledger.ask(new DeliveriesQuery(anna.contactId))).toStrictEqual([]);
  });
});
