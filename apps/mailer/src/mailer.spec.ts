import { AddRecipients, type Letter } from '@consent-ledger/application';
import {
  by,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  optIn,
  person,
  type MailRoomScript,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it, jest } from '@jest/globals';
import { Mailer, type MailerOptions } from './mailer.js';

const readers = ['an', 'bo', 'cor', 'do', 'eef', 'flip'].map(person);

/** A ledger in which the spring mailing waits to be sent to so many readers. */
async function givenMailing(count: number): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const reader of readers.slice(0, count)) await ledger.execute(optIn(by(reader)));
  await ledger.execute(createMailing());
  await add(ledger, 0, count);
  return ledger;
}

async function add(ledger: TestLedger, from: number, to: number): Promise<void> {
  const recipients = readers.slice(from, to).map(({ address }) => ({ address }));
  await ledger.app.get(AddRecipients).add('spring', recipients, 'a-request');
  await ledger.caughtUp();
}

const solo = { name: 'a-mailer', concurrency: 1, rate: 0, lease: 900_000 };

function createMailer(ledger: TestLedger, script: MailRoomScript = {}, options: Partial<MailerOptions> = {}) {
  const mailRoom = createScriptedMailRoom(script);
  const { mailings: progress, clock, logger } = ledger;
  const deliver = deliverThrough(mailRoom, ledger);
  return { mailRoom, mailer: new Mailer({ ...solo, deliver, progress, clock, logger, ...options }) };
}

/** The mailing once nothing of it is pending. */
async function completed({ mailings: { view, processor }, caughtUp }: TestLedger) {
  for (;;) {
    await caughtUp();
    const mailing = view.mailing('spring')!;
    if (mailing.pending === 0) return mailing;
    if (!(await processor.waitFor(processor.position + 1, { timeoutMs: 10_000 })))
      throw new Error(`${mailing.pending} deliveries are pending, and nothing happens.`);
  }
}

/** Lets a first mailer die with a message in hand. */
async function givenCrash(ledger: TestLedger): Promise<void> {
  const mailRoom = createScriptedMailRoom({
    onSend: () => {
      throw new Error('The process was killed.');
    },
  });
  const [due] = ledger.mailings.view.dueDeliveries(ledger.clock.now(), 1);
  await expect(deliverThrough(mailRoom, ledger).deliver(due!.deliveryId)).rejects.toThrow('killed');
  await ledger.caughtUp();
}

/** A moment that a test waits for, such as the first message being handed over. */
function moment(): { readonly came: Promise<void>; come(): void } {
  let come = () => {};
  const came = new Promise<void>((resolve) => (come = resolve));
  return { came, come: () => come() };
}

describe('A mailer', () => {
  it('sends all that is due, and what is asked for while it runs', async () => {
    const ledger = await givenMailing(2);
    const { mailer, mailRoom } = createMailer(ledger);
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 2 });
    await ledger.execute(optIn(by(readers[2]!)));
    await add(ledger, 2, 3);
    expect(await completed(ledger)).toMatchObject({ sent: 3 });
    await mailer.stop();
    expect(mailRoom.sent).toHaveLength(3);
  });

  it('has as many messages under way at once as it may, and no more', async () => {
    const ledger = await givenMailing(6);
    const full = moment();
    let underWay = 0;
    let busiest = 0;
    const onSend = async () => {
      busiest = Math.max(busiest, ++underWay);
      if (underWay === 3) full.come();
      await full.came;
      underWay -= 1;
    };
    const { mailer } = createMailer(ledger, { onSend }, { concurrency: 3 });
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 6 });
    await mailer.stop();
    expect(busiest).toBe(3);
  });

  it('takes what is asked for later beside a message that hangs', async () => {
    const ledger = await givenMailing(1);
    await ledger.execute(optIn(by(readers[1]!)));
    const [hangs, second] = [moment(), moment()];
    let underWay = 0;
    const onSend = () => {
      if (++underWay === 2) second.come();
      return hangs.came;
    };
    const { mailer } = createMailer(ledger, { onSend }, { concurrency: 2 });
    mailer.start();
    await add(ledger, 1, 2);
    await second.came;
    hangs.come();
    expect(await completed(ledger)).toMatchObject({ sent: 2 });
    await mailer.stop();
  });

  it('settles what was under way at a crash before it sends anything new', async () => {
    const ledger = await givenMailing(3);
    await givenCrash(ledger);
    const unknownAt: number[] = [];
    const onSend = async () => {
      await ledger.caughtUp();
      unknownAt.push(ledger.mailings.view.mailing('spring')!.unknown);
    };
    const { mailer } = createMailer(ledger, { onSend });
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 2, unknown: 1 });
    await mailer.stop();
    expect(unknownAt).toStrictEqual([1, 1]);
  });

  it('sends nothing while it cannot settle that, and goes on when it can', async () => {
    const ledger = await givenMailing(2);
    await givenCrash(ledger);
    ledger.store.beforeAppend(() => Promise.reject(new Error('The disk is full.')));
    const { mailer, mailRoom } = createMailer(ledger, { wasSent: true });
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 2, unknown: 0 });
    await mailer.stop();
    expect(mailRoom.sent).toHaveLength(1);
    expect(ledger.logger.lines.map(({ message }) => message)).toContain('The mailer met an error, and goes on');
  });

  it('knows the outcome of a message that the log could not take, and sends it once', async () => {
    const ledger = await givenMailing(2);
    const refuse = () => ledger.store.beforeAppend(() => Promise.reject(new Error('The disk is full.')));
    let handedOver = 0;
    const { mailer, mailRoom } = createMailer(ledger, { onSend: () => ++handedOver === 1 && refuse() });
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 2, unknown: 0 });
    await mailer.stop();
    expect(mailRoom.sent).toHaveLength(2);
  });

  it('tries again what could not be started', async () => {
    const ledger = await givenMailing(1);
    ledger.store.beforeAppend(() => Promise.reject(new Error('The disk is full.')));
    const { mailer, mailRoom } = createMailer(ledger);
    mailer.start();
    expect(await completed(ledger)).toMatchObject({ sent: 1 });
    await mailer.stop();
    expect(mailRoom.sent).toHaveLength(1);
  });

  it('finishes the message in hand when it is stopped, and takes no other', async () => {
    const ledger = await givenMailing(3);
    const [handed, answered] = [moment(), moment()];
    const onSend = async () => {
      handed.come();
      await answered.came;
    };
    const { mailer, mailRoom } = createMailer(ledger, { onSend });
    mailer.start();
    await handed.came;
    const stopped = mailer.stop();
    answered.come();
    await stopped;
    await ledger.caughtUp();
    expect(ledger.mailings.view.mailing('spring')).toMatchObject({ sent: 1, pending: 2, unknown: 0 });
    expect(mailRoom.sent).toHaveLength(1);
  });

  it('stops at once while it waits for the rate, and sends nothing more', async () => {
    const ledger = await givenMailing(4);
    const sent: Letter[] = [];
    const first = moment();
    const onSend = (letter: Letter) => {
      sent.push(letter);
      first.come();
    };
    const { mailer } = createMailer(ledger, { onSend }, { concurrency: 4, rate: 0.001 });
    mailer.start();
    await first.came;
    await mailer.stop();
    expect(sent).toHaveLength(1);
  });

  it('is not woken by what concerns no delivery', async () => {
    const ledger = await createTestLedger();
    const { mailer } = createMailer(ledger);
    const look = jest.spyOn(ledger.mailings.view, 'dueDeliveries');
    mailer.start();
    await ledger.execute(optIn(by(readers[0]!)));
    await ledger.caughtUp();
    await mailer.stop();
    expect(look).toHaveBeenCalledTimes(1);
  });

  it('stops at once when there is nothing to do', async () => {
    const ledger = await createTestLedger();
    const { mailer } = createMailer(ledger);
    mailer.start();
    await mailer.stop();
    expect(ledger.logger.lines).toStrictEqual([]);
  });
});
