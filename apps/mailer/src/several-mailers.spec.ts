import { AddRecipients, type Letter } from '@consent-ledger/application';
import type { MailingSummary } from '@consent-ledger/projections';
import {
  by,
  createDistantStore,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  optIn,
  person,
  START_OF_STORY,
  type MailRoomScript,
  type TestLedger,
} from '@consent-ledger/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Mailer, type MailerOptions } from './mailer.js';

const LEASE = 900_000;
/** Some three times as long as a message takes. */
const TURNS_BEHIND = 20;

const running: Mailer[] = [];

afterEach(() => Promise.all(running.splice(0).map((mailer) => mailer.stop())));

/** A ledger in which the spring mailing waits to be sent to so many readers. */
async function givenMailing(count: number): Promise<TestLedger> {
  const ledger = await createTestLedger();
  const readers = Array.from({ length: count }, (_, number) => person(`lezer${number}`));
  for (const reader of readers) await ledger.execute(optIn(by(reader)));
  await ledger.execute(createMailing());
  const recipients = readers.map(({ address }) => ({ address }));
  await ledger.app.get(AddRecipients).add('spring', recipients, 'a-request');
  await ledger.caughtUp();
  return ledger;
}

async function addReader(log: TestLedger, name: string): Promise<void> {
  const reader = person(name);
  await log.execute(optIn(by(reader)));
  await log.app.get(AddRecipients).add('spring', [{ address: reader.address }], 'a-request');
}

/** A mailer in a process of its own on the log of that ledger. */
async function besides(
  log: TestLedger,
  name: string,
  script: MailRoomScript = {},
  { now = START_OF_STORY, ...options }: Partial<MailerOptions> & { readonly now?: string } = {},
) {
  const store = createDistantStore(log.store, { turns: () => 1, behind: TURNS_BEHIND });
  const ledger = await createTestLedger({ beside: { ...log, store }, now });
  await ledger.caughtUp();
  const mailRoom = createScriptedMailRoom(script);
  const deliver = deliverThrough(mailRoom, ledger, { mailer: name });
  const { mailings: progress, clock, logger } = ledger;
  const mine = { name, deliver, progress, clock, logger, concurrency: 4, rate: 0, lease: LEASE, ...options };
  const mailer = new Mailer(mine);
  running.push(mailer);
  return { ledger, mailRoom, mailer, store };
}

/** The mailing once its counts are as asked for, as the ledger sees it. */
async function until(
  { mailings: { view, processor }, caughtUp }: TestLedger,
  isSo: (mailing: MailingSummary) => boolean,
): Promise<MailingSummary> {
  for (;;) {
    await caughtUp();
    const mailing = view.mailing('spring')!;
    if (isSo(mailing)) return mailing;
    if (!(await processor.waitFor(processor.position + 1, { timeoutMs: 10_000 })))
      throw new Error(`Nothing happens any more: ${JSON.stringify(mailing)}`);
  }
}

const completed = (ledger: TestLedger) => until(ledger, ({ pending }) => pending === 0);

/** Lets a mailer die with a message in hand. */
async function givenDeath(log: TestLedger, name: string): Promise<void> {
  const mailRoom = createScriptedMailRoom({ onSend: () => Promise.reject(new Error('The process was killed.')) });
  const [due] = log.mailings.view.dueDeliveries(log.clock.now(), 1);
  const dying = deliverThrough(mailRoom, log, { mailer: name });
  await expect(dying.deliver(due!.deliveryId)).rejects.toThrow('killed');
  await log.caughtUp();
}

/** Lets a message take as long as a turn of the network does. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A moment that a test waits for, such as a message being handed over. */
function moment(): { readonly came: Promise<void>; come(): void } {
  let come = () => {};
  const came = new Promise<void>((resolve) => (come = resolve));
  return { came, come: () => come() };
}

const addressesOf = (letters: readonly Letter[]) => letters.map(({ address }) => address);

describe('mailers on one log', () => {
  it.each([2, 3])('send to everybody once, and %i of them share the work', async (count) => {
    const log = await givenMailing(300);
    const mailers = await Promise.all(
      Array.from({ length: count }, (_, number) => besides(log, `mailer-${number}`, { onSend: nextTurn })),
    );
    for (const { mailer } of mailers) mailer.start();
    expect(await completed(log)).toMatchObject({ sent: 300, unknown: 0, failed: 0 });

    const shares = mailers.map(({ mailRoom }) => addressesOf(mailRoom.sent));
    expect(shares.flat()).toHaveLength(300);
    expect(new Set(shares.flat()).size).toBe(300);
    for (const share of shares) expect(share.length).toBeGreaterThan(300 / count / 3);

    const conflicts = mailers.reduce((sum, each) => sum + each.store.conflicts, 0);
    expect(conflicts).toBeLessThan(300 * 0.15);
    for (const { ledger } of mailers) expect(ledger.logger.lines).toStrictEqual([]);
  });

  it('leave to each other what is under way for as long as the lease, whatever their clocks say', async () => {
    const log = await givenMailing(2);
    await givenDeath(log, 'dead');
    const late = await besides(log, 'late', {}, { now: '2024-03-02T12:00:00.000Z' });
    late.mailer.start();
    await until(log, ({ sent }) => sent === 1);

    late.ledger.clock.advance(LEASE - 1);
    await addReader(log, 'another');
    expect(await until(log, ({ sent }) => sent === 2)).toMatchObject({ pending: 1, unknown: 0 });

    late.ledger.clock.advance(1);
    await addReader(log, 'one-more');
    expect(await completed(log)).toMatchObject({ sent: 3, unknown: 1 });
    expect(late.mailRoom.sent).toHaveLength(3);
  });

  it('settle their own at once when they are back, and before they send', async () => {
    const log = await givenMailing(2);
    await givenDeath(log, 'one');
    const unknownAt: number[] = [];
    const onSend = async () => {
      await log.caughtUp();
      unknownAt.push(log.mailings.view.mailing('spring')!.unknown);
    };
    const back = await besides(log, 'one', { onSend });
    back.mailer.start();
    expect(await completed(log)).toMatchObject({ sent: 1, unknown: 1 });
    expect(unknownAt).toStrictEqual([1]);
  });

  it('tell the truth in the end where one was given up that lives', async () => {
    const log = await givenMailing(1);
    const [handed, answered] = [moment(), moment()];
    const onSend = () => {
      handed.come();
      return answered.came;
    };
    const slow = await besides(log, 'slow', { onSend });
    slow.mailer.start();
    await handed.came;
    const impatient = await besides(log, 'impatient', {}, { lease: 1 });
    impatient.mailer.start();
    impatient.ledger.clock.advance(1);
    await addReader(log, 'another');
    expect(await completed(log)).toMatchObject({ unknown: 1, sent: 1 });
    answered.come();
    expect(await until(log, ({ sent }) => sent === 2)).toMatchObject({ unknown: 0, recipients: 2 });
    expect(new Set(addressesOf([...slow.mailRoom.sent, ...impatient.mailRoom.sent])).size).toBe(2);
  });
});
