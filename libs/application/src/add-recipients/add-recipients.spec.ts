import {
  anna,
  bram,
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  erase,
  openPartOf,
  optIn,
  person,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { deliveryIdOf } from '../deliver/delivery.js';
import { AddRecipients, type Recipient } from './add-recipients.js';

async function withMailing(): Promise<TestLedger> {
  const ledger = await createTestLedger();
  await ledger.execute(createMailing());
  return ledger;
}

function add({ app }: TestLedger, recipients: AsyncIterable<Recipient> | Iterable<Recipient>, mailingId = 'spring') {
  return app.get(AddRecipients).add(mailingId, recipients, 'a-request');
}

function* people(count: number): Generator<Recipient> {
  for (let i = 0; i < count; i++) yield { address: person(`person${i}`).address };
}

describe('adding recipients to a mailing', () => {
  it('asks for one delivery each, with what is theirs sealed', async () => {
    const ledger = await withMailing();
    const counts = await add(ledger, [
      { address: ' Anna@Example.org ', language: 'en', variables: { name: 'Anna de Vries' } },
    ]);
    expect(counts).toStrictEqual({ accepted: 1, duplicates: 0, invalid: 0, position: 1 });

    const deliveryId = deliveryIdOf('spring', anna.contactId);
    const [requested] = await ledger.deliveryEvents(deliveryId);
    expect(openPartOf(requested!)).toStrictEqual({
      type: 'DeliveryRequested',
      data: {
        deliveryId,
        mailingId: 'spring',
        contactId: anna.contactId,
        purpose: 'newsletter',
        template: 'newsletter',
        language: 'en',
      },
    });
    expect(JSON.stringify(requested)).not.toMatch(/anna|vries/i);
    const place = { streamId: requested!.streamId, eventId: requested!.id };
    expect(await ledger.personalData.open(anna.contactId, place, requested!.data['sealed'] as string)).toStrictEqual({
      address: 'anna@example.org',
      variables: { name: 'Anna de Vries' },
    });
  });

  it('keeps nothing of somebody who was erased, and the message is held back (P7)', async () => {
    const ledger = await withMailing();
    await ledger.execute(optIn(by(anna)));
    await ledger.execute(erase(by(anna)));
    expect(await add(ledger, [{ address: anna.address }])).toMatchObject({ accepted: 1 });
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();

    const deliveryId = deliveryIdOf('spring', anna.contactId);
    await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryId);
    expect((await ledger.deliveryEvents(deliveryId)).at(-1)).toMatchObject({
      type: 'DeliverySuppressed',
      data: { reason: 'ERASED' },
    });
  });

  it('gives nobody the same mailing twice, in one request or in two, at once or later', async () => {
    const ledger = await withMailing();
    const twice = [{ address: anna.address }, { address: 'ANNA@example.org' }, { address: bram.address }];
    expect(await add(ledger, twice)).toMatchObject({ accepted: 2, duplicates: 1, invalid: 0 });
    expect(await add(ledger, twice)).toStrictEqual({ accepted: 0, duplicates: 3, invalid: 0, position: 2 });

    const carla = [{ address: 'carla@example.org' }];
    const [first, second] = await Promise.all([add(ledger, carla), add(ledger, carla)]);
    expect([first.accepted + second.accepted, first.duplicates + second.duplicates]).toStrictEqual([1, 1]);
  });

  it('answers every copy of a request like the first, also where that was broken off half-way', async () => {
    const ledger = await withMailing();
    const adding = ledger.app.get(AddRecipients);
    await add(ledger, [{ address: 'carla@example.org' }]);
    const wanted = ['anna', 'bram', 'ANNA', 'carla', 'none at all'].map((name) => ({ address: `${name}@example.org` }));
    const broken = (function* () {
      yield* wanted.slice(0, 1);
      throw new Error('the worker was ended');
    })();
    await expect(adding.add('spring', broken, 'a-request', 'job')).rejects.toThrow('the worker was ended');
    const first = await adding.add('spring', wanted, 'a-request', 'job');
    expect(first).toMatchObject({ accepted: 2, duplicates: 2, invalid: 1 });
    await deliverThrough(createScriptedMailRoom(), ledger).deliver(deliveryIdOf('spring', anna.contactId));
    const copy = await adding.add('spring', wanted, 'a-request', 'job');
    expect(copy).toMatchObject({ accepted: 2, duplicates: 2, invalid: 1 });
    expect(await adding.add('spring', wanted, 'a-request', 'other job')).toMatchObject({ accepted: 0, duplicates: 4 });
    expect(await ledger.deliveryEvents(deliveryIdOf('spring', bram.contactId))).toHaveLength(1);
  });

  it('sends the same person another mailing', async () => {
    const ledger = await withMailing();
    await ledger.execute(createMailing({ mailingId: 'summer' }));
    await add(ledger, [{ address: anna.address }]);
    expect(await add(ledger, [{ address: anna.address }], 'summer')).toMatchObject({ accepted: 1 });
  });

  it('counts what is no address, and goes on', async () => {
    const ledger = await withMailing();
    const counts = await add(ledger, [{ address: 'anna' }, { address: '' }, { address: bram.address }]);
    expect(counts).toStrictEqual({ accepted: 1, duplicates: 0, invalid: 2, position: 1 });
  });

  it('of none answers where the log is', async () => {
    expect(await add(await withMailing(), [])).toStrictEqual({ accepted: 0, duplicates: 0, invalid: 0, position: 0 });
  });

  it('is refused for a mailing that does not exist, before a recipient is read', async () => {
    const ledger = await createTestLedger();
    let read = 0;
    const recipients = (function* () {
      read++;
      yield { address: anna.address };
    })();
    await expect(add(ledger, recipients)).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    expect(read).toBe(0);
  });

  it('holds back a fast sender: what it has handed over and the log has not taken stays bounded', async () => {
    const ledger = await withMailing();
    const before = await ledger.store.head();
    let handedOver = 0;
    let mostWaiting = 0;
    const recipients = (async function* () {
      for (const recipient of people(2_000)) {
        handedOver++;
        mostWaiting = Math.max(mostWaiting, handedOver - ((await ledger.store.head()) - before));
        yield recipient;
      }
    })();
    expect(await add(ledger, recipients)).toMatchObject({ accepted: 2_000 });
    expect(mostWaiting).toBeLessThanOrEqual(257);
  });

  it('waits for the log when it stands still, and reads no further', async () => {
    const ledger = await withMailing();
    let release = () => {};
    const standstill = new Promise<void>((resolve) => (release = resolve));
    ledger.store.beforeAppend(() => standstill);
    let read = 0;
    const recipients = (async function* () {
      for (const recipient of people(1_000)) {
        read++;
        yield recipient;
      }
    })();
    const adding = add(ledger, recipients);
    await ledger.processor.waitFor(255, { timeoutMs: 5_000 });
    expect(read).toBe(256);
    release();
    expect(await adding).toMatchObject({ accepted: 1_000 });
  });

  it('fails with what the log failed with, also while the sender is slow', async () => {
    const ledger = await withMailing();
    const failures: unknown[] = [];
    let failed = () => {};
    const failing = new Promise<void>((resolve) => (failed = resolve));
    ledger.store.beforeAppend(() => {
      failed();
      return Promise.reject(new Error('the disk is full'));
    });
    const slow = (async function* () {
      yield { address: anna.address };
      await failing;
      await new Promise((resolve) => setImmediate(resolve));
      yield { address: bram.address };
    })();
    await add(ledger, slow).catch((error: unknown) => failures.push(error));
    expect(failures).toMatchObject([{ message: 'the disk is full' }]);
  });

  it('that end in an error keep what was accepted until then', async () => {
    const ledger = await withMailing();
    const broken = (async function* () {
      yield { address: anna.address };
      throw new Error('the line is not JSON');
    })();
    await expect(add(ledger, broken)).rejects.toThrow('the line is not JSON');
    expect(await ledger.deliveryEvents(deliveryIdOf('spring', anna.contactId))).toHaveLength(1);
  });
});
