import { toRfc3339 } from '@consent-ledger/platform';
import {
  anna,
  by,
  createMailing,
  createTestLedger,
  erase,
  later,
  optIn,
  optOut,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { ShowErasureQuery } from './show-erasure.query.js';

const KEY = 'the key under which the personal data of this contact was sealed';
const TEN_YEARS = 10 * 366 * 86_400_000;

async function after(...steps: readonly (Parameters<TestLedger['execute']>[0] | ReturnType<typeof later>)[]) {
  const ledger = await createTestLedger();
  for (const step of steps) await (typeof step === 'function' ? step(ledger) : ledger.execute(step));
  return ledger;
}

const certificate = (ledger: TestLedger, eventId?: string) => ledger.ask(new ShowErasureQuery(anna.contactId, eventId));

async function mailed(ledger: TestLedger, mailingId: string) {
  await ledger.execute(createMailing({ mailingId }));
  await ledger.app.get(AddRecipients).add(mailingId, [{ address: anna.address }], 'a-request');
}

describe('the certificate of an erasure (P7)', () => {
  it('says what was destroyed, and when, in events and in messages', async () => {
    const ledger = await after(optIn(by(anna)), optOut(by(anna)));
    await mailed(ledger, 'spring');
    await mailed(ledger, 'summer');
    const { recorded } = await ledger.execute(erase(by(anna)));
    expect(await certificate(ledger)).toStrictEqual({
      eventId: recorded[0]!.eventId,
      erasedAt: expect.stringMatching(/^2024-03-01T12:00:00\.\d{3}Z$/),
      reason: 'request',
      keyDestroyed: true,
      destroyed: [
        KEY,
        'the sealed part of 2 events: address, evidence, references and free text',
        'the sealed part of 2 messages: address and variables',
      ],
    });
  });

  it('is given of one by retention, with its grounds and the moment at which the key went', async () => {
    const ledger = await after(optIn(by(anna)), later(TEN_YEARS), erase(by(anna), 'retention'));
    expect(await certificate(ledger)).toMatchObject({
      erasedAt: toRfc3339(ledger.clock.now()),
      reason: 'retention',
      grounds: [{ ground: 'consent' }, { ground: 'consent-proof', endedAt: '2029-03-31T11:00:00.000Z' }],
      destroyed: [KEY, 'the sealed part of 1 event: address, evidence, references and free text'],
    });
  });

  it('is of each erasure apart, also once the contact came back', async () => {
    const ledger = await after(optIn(by(anna)), optOut(by(anna)));
    const first = await ledger.execute(erase(by(anna)));
    await ledger.execute(optIn(by(anna)));
    const second = await ledger.execute(erase(by(anna)));
    await ledger.execute(optIn(by(anna)));
    expect(await certificate(ledger)).toMatchObject({ eventId: second.recorded[0]!.eventId, keyDestroyed: true });
    expect((await certificate(ledger)).destroyed[1]).toContain('1 event');
    expect((await certificate(ledger, first.recorded[0]!.eventId)).destroyed[1]).toContain('2 events');
  });

  it('says that nothing was destroyed where nothing was held', async () => {
    const ledger = await after(erase(by(anna)));
    expect(await certificate(ledger)).toMatchObject({ keyDestroyed: true, destroyed: [] });
  });

  it('is not signed for a key that the vault has again, as after a restored backup', async () => {
    const ledger = await after(optIn(by(anna)));
    ledger.vault.destroy = () => Promise.resolve({ destroyed: true });
    await ledger.execute(erase(by(anna)));
    expect(await certificate(ledger)).toMatchObject({ keyDestroyed: false });
  });

  it('is not there for a contact that was never erased', async () => {
    const ledger = await after(optIn(by(anna)));
    await expect(certificate(ledger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
