import {
  anna,
  by,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  erase,
  nextPolicy,
  optIn,
  optOut,
  recordDeliverability,
  recordRelationship,
  restrict,
  shippedPolicy,
  type MailRoomScript,
  type TestLedger,
} from '@consent-ledger/testing';
import type { JsonObject } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import { ReconsentMail } from '../prompt-reconsent/reconsent-mail.js';
import { RenewConsentCommand } from '../renew-consent/renew-consent.command.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';

const given = '2021-02-01T11:00:00.000Z';
const due = '2024-02-01T11:00:00.000Z';
/** P5: thirty days after it was due, on the wall clock of Amsterdam. */
const lapse = '2024-03-02T11:00:00.000Z';
const both = ['newsletter', 'event-invitation'];
const DAY = 86_400_000;

const statement = { id: 'reconsent', version: 1, language: 'nl' };
const sayYes = (...purposes: string[]) => new RenewConsentCommand(by(anna), purposes, statement);

interface Setting {
  readonly purposes?: readonly string[];
  readonly isOnRecord?: boolean;
  readonly after?: readonly Command<unknown>[];
}

/** A ledger in which a prompt fell due for Anna, and its mail was asked for. */
async function prompted(
  { purposes = ['newsletter'], isOnRecord = true, after = [] }: Setting = {},
  script?: MailRoomScript,
) {
  const ledger = await createTestLedger({ now: given });
  await ledger.execute(optIn(by(anna), { purposes }));
  ledger.clock.set(due);
  const mail = ledger.app.get(ReconsentMail);
  await mail.request({ contactId: anna.contactId, promptId: 'a-prompt', purposes, reminder: false });
  const recordPrompt = () =>
    ledger.lay(anna.contactId, { type: 'ReconsentPrompted', data: { purposes }, occurredAt: due, id: 'a-prompt' });
  if (isOnRecord) await recordPrompt();
  ledger.clock.advance(1000);
  for (const command of after) await ledger.execute(command);
  await ledger.caughtUp();
  const [delivery] = await ledger.ask(new DeliveriesQuery(anna.contactId));
  const mailRoom = createScriptedMailRoom(script);
  const deliver = deliverThrough(mailRoom, ledger);
  return {
    ledger,
    mail,
    mailRoom,
    recordPrompt,
    deliver: () => deliver.deliver(delivery!.deliveryId),
    delivery: delivery!,
    by: deliver,
  };
}

async function outcomes(
  ledger: TestLedger,
  { deliveryId }: { readonly deliveryId: string },
): Promise<[string, JsonObject][]> {
  const events = await ledger.deliveryEvents(deliveryId);
  return events.slice(1).map(({ type, data }) => [type, data]);
}

describe('a re-consent prompt at the moment of sending (P5)', () => {
  it('is sent about what is still to be answered, with the instants until which an answer counts', async () => {
    const { ledger, mailRoom, deliver, delivery } = await prompted({ purposes: both });
    await deliver();
    const endsAt = Date.parse(lapse);
    expect(mailRoom.sent).toMatchObject([
      { address: anna.address, subject: undefined, asked: both.map((purpose) => ({ purpose, endsAt })) },
    ]);
    expect(await outcomes(ledger, delivery)).toMatchObject([
      [
        'DeliveryStarted',
        {
          verdict: {
            purposes: both.map((purpose) => ({ purpose, reason: 'CONSENT' })),
            policy: { id: 'dnp-giftcard', version: 1 },
            contactRevision: 1,
          },
        },
      ],
      ['MailSent', {}],
    ]);
  });

  it.each([
    ['was answered with yes', [sayYes('newsletter')], 'RECONSENT_ANSWERED'],
    ['was answered by another opt-in', [optIn(by(anna))], 'RECONSENT_ANSWERED'],
    ['was answered with no', [optOut(by(anna))], 'OPTED_OUT'],
    ['was answered with no to everything', [optOut(by(anna), 'all')], 'OPTED_OUT'],
    ['was followed by a complaint', [recordDeliverability(by(anna), { kind: 'complained' })], 'COMPLAINED'],
    ['was followed by a restriction', [restrict(by(anna))], 'RESTRICTED'],
    [
      'was followed by a bounce',
      [recordDeliverability(by(anna), { kind: 'bounced', permanent: true })],
      'UNDELIVERABLE',
    ],
    ['was followed by an erasure', [erase(by(anna))], 'ERASED'],
  ])('is kept back when it %s, and its delivery says why', async (_sentence, after, reason) => {
    const { ledger, mailRoom, deliver, delivery } = await prompted({ after });
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger, delivery)).toMatchObject([
      ['DeliverySuppressed', { reason, verdict: { reason, purposes: [{ purpose: 'newsletter', reason }] } }],
    ]);
  });

  it('is sent until the last millisecond of the window, and never after lapse', async () => {
    const inTime = await prompted();
    inTime.ledger.clock.set(Date.parse(lapse) - 1);
    await inTime.deliver();
    expect(inTime.mailRoom.sent).toHaveLength(1);

    const tooLate = await prompted();
    tooLate.ledger.clock.set(lapse);
    await tooLate.deliver();
    expect(tooLate.mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(tooLate.ledger, tooLate.delivery)).toMatchObject([
      ['DeliverySuppressed', { reason: 'CONSENT_LAPSED' }],
    ]);
  });

  it('is kept back from a customer who may be mailed without consent: there is none to renew (P2)', async () => {
    const conditions = ['informedAtCollection', 'optOutOffered', 'similarProducts'];
    const customer = recordRelationship(by(anna), { kind: 'customer-started', conditions });
    const { ledger, mailRoom, deliver } = await prompted({ after: [customer] });
    ledger.clock.set(lapse);
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
  });

  it('asks only about the purposes that are left', async () => {
    const { mailRoom, deliver } = await prompted({ purposes: both, after: [optOut(by(anna))] });
    await deliver();
    expect(mailRoom.sent).toMatchObject([{ asked: [{ purpose: 'event-invitation' }] }]);
  });

  it('is kept back where the policy no longer has the purpose, or a statement to renew it on (P3, P10)', async () => {
    const withoutStatement = await prompted();
    withoutStatement.ledger.policies.publish(
      nextPolicy('2024-01-01T00:00:00Z', { statements: [shippedPolicy.statements[0]!] }),
      0,
    );
    await withoutStatement.deliver();
    expect(await outcomes(withoutStatement.ledger, withoutStatement.delivery)).toMatchObject([
      ['DeliverySuppressed', { reason: 'NO_STATEMENT_TO_RENEW_ON' }],
    ]);
  });
});

describe('between the verdict and the hand-over of a prompt (P5)', () => {
  it('an answer holds it back', async () => {
    const setting = await prompted({}, { onPrepare: () => ledger.execute(sayYes('newsletter')) });
    const { ledger, mailRoom, deliver, delivery } = setting;
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger, delivery)).toMatchObject([
      ['DeliveryStarted', {}],
      ['DeliverySuppressed', { reason: 'RECONSENT_ANSWERED' }],
    ]);
  });

  it('an answer about one of its purposes has it made anew, about the others', async () => {
    let answered: Promise<unknown> | undefined;
    const setting = await prompted(
      { purposes: both },
      { onPrepare: () => (answered ??= ledger.execute(optOut(by(anna)))) },
    );
    const { ledger, mailRoom, deliver, delivery } = setting;
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
    await deliver();
    expect(mailRoom.sent).toMatchObject([{ asked: [{ purpose: 'event-invitation' }] }]);
    const types = (await outcomes(ledger, delivery)).map(([type]) => type);
    expect(types).toStrictEqual(['DeliveryStarted', 'DeliveryDeferred', 'DeliveryStarted', 'MailSent']);
  });
});

describe('a prompt whose event is not on record yet (P5)', () => {
  it('waits for it, longer each time, because the link in it names it', async () => {
    const { ledger, mailRoom, deliver, delivery, recordPrompt } = await prompted({ isOnRecord: false });
    await deliver();
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger, delivery)).toMatchObject([
      ['DeliveryDeferred', { attempt: 0, retryAt: '2024-02-01T11:01:01.000Z' }],
      ['DeliveryDeferred', { attempt: 0, retryAt: '2024-02-01T11:02:01.000Z' }],
    ]);
    await recordPrompt();
    await deliver();
    expect(mailRoom.sent).toHaveLength(1);
  });

  it.each([
    ['the person renewed just before it', [sayYes('newsletter')], 'RECONSENT_ANSWERED'],
    ['the person opted out', [optOut(by(anna))], 'OPTED_OUT'],
  ])('is given up when %s: it will never be', async (_sentence, after, reason) => {
    const { ledger, deliver, delivery } = await prompted({ isOnRecord: false, after });
    await deliver();
    expect(await outcomes(ledger, delivery)).toMatchObject([['DeliverySuppressed', { reason }]]);
  });

  it('is given up once another prompt asks about its purpose: two were decided, and one came first', async () => {
    const { ledger, mailRoom, deliver, delivery } = await prompted({ isOnRecord: false });
    await deliver();
    const data = { purposes: both };
    await ledger.lay(anna.contactId, { type: 'ReconsentPrompted', data, occurredAt: due, id: 'another-prompt' });
    await deliver();
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger, delivery)).toMatchObject([
      ['DeliveryDeferred', { attempt: 0 }],
      ['DeliverySuppressed', { reason: 'PROMPT_OVERTAKEN' }],
    ]);
  });

  it('is given up when the consent lapsed meanwhile', async () => {
    const { ledger, deliver, delivery } = await prompted({ isOnRecord: false });
    ledger.clock.set(lapse);
    await deliver();
    expect(await outcomes(ledger, delivery)).toMatchObject([['DeliverySuppressed', { reason: 'CONSENT_LAPSED' }]]);
  });
});

describe('the reminder of a prompt (P5)', () => {
  async function reminded() {
    const setting = await prompted();
    const { ledger, mail } = setting;
    const remind = async () => {
      await mail.request({ contactId: anna.contactId, promptId: 'a-prompt', purposes: ['newsletter'], reminder: true });
      await ledger.caughtUp();
      const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
      return deliveries.find(({ deliveryId }) => deliveryId !== setting.delivery.deliveryId)!;
    };
    return { ...setting, remind };
  }

  it('is sent two weeks after the prompt, and not once it was answered', async () => {
    const { ledger, mailRoom, deliver, by: mailer, remind } = await reminded();
    await deliver();
    ledger.clock.advance(14 * DAY);
    await mailer.deliver((await remind()).deliveryId);
    expect(mailRoom.sent.map(({ delivery }) => delivery.template)).toStrictEqual(['reconsent', 'reconsent-reminder']);

    const answered = await reminded();
    await answered.deliver();
    answered.ledger.clock.advance(14 * DAY);
    await answered.ledger.execute(sayYes('newsletter'));
    await answered.by.deliver((await answered.remind()).deliveryId);
    expect(answered.mailRoom.sent).toHaveLength(1);
  });

  it('that fell due with the prompt, after a standstill, follows it at its distance', async () => {
    const { ledger, mailRoom, deliver, by: mailer, remind } = await reminded();
    ledger.clock.advance(15 * DAY);
    const reminder = await remind();
    await mailer.deliver(reminder.deliveryId);
    expect(mailRoom.sent).toStrictEqual([]);
    await deliver();
    await mailer.deliver(reminder.deliveryId);
    expect(mailRoom.sent).toHaveLength(1);
    expect((await outcomes(ledger, reminder)).at(-1)).toMatchObject([
      'DeliveryDeferred',
      { retryAt: '2024-03-01T11:00:01.000Z' },
    ]);
    ledger.clock.advance(14 * DAY);
    await mailer.deliver(reminder.deliveryId);
    expect(mailRoom.sent).toHaveLength(2);
  });
});
