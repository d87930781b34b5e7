import { newId } from '@consent-ledger/platform';
import { KeyMissing } from '@consent-ledger/privacy';
import { deliveryStream } from '@consent-ledger/projections';
import {
  anna,
  bram,
  by,
  confirmOptIn,
  createMailing,
  createScriptedMailRoom,
  createTestLedger,
  deliverThrough,
  doubleOptIn,
  erase,
  instant,
  nextPolicy,
  openPartOf,
  optIn,
  optOut,
  purposesWithout,
  recordDeliverability,
  restrict,
  shippedPolicy,
  START_OF_STORY,
  type MailRoomScript,
  type TestLedger,
} from '@consent-ledger/testing';
import type { JsonObject } from '@consent-ledger/event-store';
import { describe, expect, it, jest } from '@jest/globals';
import type { Command } from '@nestjs/cqrs';
import { AddRecipients } from '../add-recipients/add-recipients.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';
import type { DeliverOptions } from './deliver.js';
import { deliveryIdOf } from './delivery.js';
import { UnmakeableMessage, type SendOutcome } from './mail-room.js';

const spring = deliveryIdOf('spring', anna.contactId);
const MINUTE = 60_000;

/** A ledger in which the spring mailing waits to be sent to Anna, after these commands. */
async function waiting(...commands: Command<unknown>[]): Promise<TestLedger> {
  const ledger = await createTestLedger();
  for (const command of [...commands, createMailing()]) await ledger.execute(command);
  const recipient = { address: anna.address, variables: { name: 'Anna de Vries' } };
  await ledger.app.get(AddRecipients).add('spring', [recipient], 'a-request');
  return ledger;
}

/** The same, with what delivers it and the mail room that was told what to do. */
async function mailer(ledger: TestLedger, script: MailRoomScript = {}, options: Partial<DeliverOptions> = {}) {
  const mailRoom = createScriptedMailRoom(script);
  return { ledger, mailRoom, deliver: deliverThrough(mailRoom, ledger, options) };
}

/** What came of the delivery, in order: types and data without what names the delivery. */
async function outcomes(ledger: TestLedger, deliveryId = spring): Promise<[string, JsonObject][]> {
  const events = (await ledger.deliveryEvents(deliveryId)).slice(1).map(openPartOf);
  return events.map(({ type, data }) => {
    const { deliveryId: _delivery, mailingId: _mailing, contactId: _contact, ...rest } = data as JsonObject;
    return [type, rest];
  });
}

async function typesOf(ledger: TestLedger, deliveryId = spring): Promise<string[]> {
  return (await outcomes(ledger, deliveryId)).map(([type]) => type);
}

async function newsletter({ ask }: TestLedger, { contactId } = anna) {
  return (await ask(new ShowPreferencesQuery(contactId))).preferences[0]!.reason;
}

describe('a delivery to somebody who may get it', () => {
  it('is sent, with the verdict that it rests on', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    await deliver.deliver(spring);
    const [consent] = await ledger.eventsOf(anna.contactId);
    expect(await outcomes(ledger)).toStrictEqual([
      [
        'DeliveryStarted',
        {
          attempt: 1,
          mailer: 'a-mailer',
          verdict: {
            at: START_OF_STORY,
            eligible: true,
            reason: 'CONSENT',
            basis: 'consent',
            validUntil: '2027-03-31T11:00:00.000Z',
            evidence: [{ eventId: consent!.id, type: 'OptedIn', occurredAt: START_OF_STORY }],
            policy: { id: 'dnp-giftcard', version: 1 },
            contactRevision: 0,
          },
        },
      ],
      ['MailSent', { attempt: 1 }],
    ]);
    expect(mailRoom.sent).toHaveLength(1);
    expect(ledger.metrics.mails).toStrictEqual({ sent: 1 });
  });

  it('is made of the address, the variables of the mailing under those of the recipient, and the date it was asked for', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    ledger.clock.advance(MINUTE);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toMatchObject([
      {
        delivery: { deliveryId: spring, mailingId: 'spring', purpose: 'newsletter', language: 'nl' },
        address: 'anna@example.org',
        variables: { season: 'spring', name: 'Anna de Vries' },
        subject: 'Spring is here',
        policy: { id: 'dnp-giftcard', version: 1 },
        date: instant(START_OF_STORY),
      },
    ]);
  });

  it('has its start in the log before anything is sent', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const seen: string[][] = [];
    const { deliver } = await mailer(ledger, { onSend: async () => seen.push(await typesOf(ledger)) });
    await deliver.deliver(spring);
    expect(seen).toStrictEqual([['DeliveryStarted']]);
  });

  it('is not sent when its start cannot be recorded', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    ledger.store.beforeAppend(() => Promise.reject(new Error('the disk is full')));
    await expect(deliver.deliver(spring)).rejects.toThrow('the disk is full');
    expect(mailRoom.sent).toStrictEqual([]);
    await deliver.deliver(spring);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('is sent once, however often it is asked for', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    await deliver.deliver(spring);
    await deliver.deliver(spring);
    await deliver.deliver('no such delivery');
    expect(mailRoom.sent).toHaveLength(1);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('that another mailer takes is left to that one', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const other = await mailer(ledger);
    const { mailRoom, deliver } = await mailer(ledger);
    ledger.store.beforeAppend(() => other.deliver.deliver(spring));
    await deliver.deliver(spring);
    expect([other.mailRoom.sent.length, mailRoom.sent.length]).toStrictEqual([1, 0]);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('of service mail needs no consent, and reaches a stranger (P1)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(createMailing({ purpose: 'service', template: 'service-notice' }));
    await ledger.app.get(AddRecipients).add('spring', [{ address: anna.address }], 'a-request');
    const { deliver } = await mailer(ledger);
    await deliver.deliver(spring);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });
});

describe('a delivery to somebody who may not get it', () => {
  it.each([
    ['UNKNOWN_CONTACT', []],
    ['OPTED_OUT', [optIn(by(anna)), optOut(by(anna))]],
    ['RESTRICTED', [optIn(by(anna)), restrict(by(anna))]],
    ['COMPLAINED', [optIn(by(anna)), recordDeliverability(by(anna), { kind: 'complained' })]],
    ['UNDELIVERABLE', [optIn(by(anna)), recordDeliverability(by(anna), { kind: 'bounced', permanent: true })]],
    ['ERASED', [optIn(by(anna)), erase(by(anna))]],
  ])('is kept back with its reason: %s', async (reason, commands) => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(...commands));
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toMatchObject([
      ['DeliverySuppressed', { reason, verdict: { eligible: false, reason, at: expect.any(String) } }],
    ]);
    expect(ledger.metrics.mails).toStrictEqual({ suppressed: 1 });
  });

  it('is kept back when they opted out after the mailing was filled', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    await ledger.execute(optOut(by(anna)));
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toMatchObject([['DeliverySuppressed', { reason: 'OPTED_OUT' }]]);
  });

  it('is kept back when the projection does not know yet that they opted out', async () => {
    const { ledger, deliver } = await mailer(await waiting(optIn(by(anna))));
    await ledger.processor.stop();
    await ledger.execute(optOut(by(anna)));
    await deliver.deliver(spring);
    expect(await typesOf(ledger)).toStrictEqual(['DeliverySuppressed']);
  });

  it('is kept back when they opt out between the verdict and the hand-over', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, { onPrepare: () => ledger.execute(optOut(by(anna))) });
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toMatchObject([
      ['DeliveryStarted', { verdict: { reason: 'CONSENT', contactRevision: 0 } }],
      ['DeliverySuppressed', { reason: 'OPTED_OUT', verdict: { reason: 'OPTED_OUT', contactRevision: 1 } }],
    ]);
  });

  it('is kept back when they are erased between the verdict and the hand-over', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, { onPrepare: () => ledger.execute(erase(by(anna))) });
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliverySuppressed']);
  });

  it('is sent when something else happened meanwhile', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { deliver } = await mailer(ledger, {
      onPrepare: () => ledger.execute(optOut(by(anna), ['sales-contact'])),
    });
    await deliver.deliver(spring);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('is kept back where the address was erased although the contact came back', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    await ledger.execute(erase(by(anna)));
    await ledger.execute(optIn(by(anna)));
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toMatchObject([['DeliverySuppressed', { reason: 'ERASED' }]]);
  });

  it('is kept back for a purpose that the policy lacks by now, and does not wait for ever', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))));
    ledger.policies.publish(
      nextPolicy('2024-03-01T13:00:00Z', {
        purposes: purposesWithout('newsletter'),
        softOptIn: { ...shippedPolicy.softOptIn!, purposes: [] },
        statements: [],
      }),
      0,
    );
    ledger.clock.advance(60 * MINUTE);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toMatchObject([['DeliverySuppressed', { reason: 'UNKNOWN_PURPOSE' }]]);
  });
});

describe('a message that is not taken over', () => {
  it('for now is tried again, each time twice as late, and then given up', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))), {
      outcomes: [{ status: 'deferred', code: '451 4.7.1' }],
    });
    for (let attempt = 1; attempt <= 4; attempt++) await deliver.deliver(spring);
    expect((await outcomes(ledger)).filter(([type]) => type !== 'DeliveryStarted')).toStrictEqual([
      ['DeliveryDeferred', { attempt: 1, retryAt: '2024-03-01T12:01:00.000Z', code: '451 4.7.1' }],
      ['DeliveryDeferred', { attempt: 2, retryAt: '2024-03-01T12:02:00.000Z', code: '451 4.7.1' }],
      ['DeliveryFailed', { attempt: 3, permanent: false, code: '451 4.7.1' }],
    ]);
    expect(mailRoom.sent).toHaveLength(3);
    expect(await newsletter(ledger)).toBe('CONSENT');
  });

  it('and is sent at a later try is the same message, judged anew', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))), {
      outcomes: [{ status: 'deferred' }, { status: 'sent' }],
    });
    await deliver.deliver(spring);
    ledger.clock.advance(MINUTE);
    await deliver.deliver(spring);
    const [first, second] = mailRoom.sent;
    expect(second).toStrictEqual(first);
    expect(await outcomes(ledger)).toMatchObject([
      ['DeliveryStarted', { attempt: 1, verdict: { at: '2024-03-01T12:00:00.000Z' } }],
      ['DeliveryDeferred', { attempt: 1 }],
      ['DeliveryStarted', { attempt: 2, verdict: { at: '2024-03-01T12:01:00.000Z' } }],
      ['MailSent', { attempt: 2 }],
    ]);
  });

  it('is not tried again after an opt-out', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))), {
      outcomes: [{ status: 'deferred' }],
    });
    await deliver.deliver(spring);
    await ledger.execute(optOut(by(anna)));
    await deliver.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryDeferred', 'DeliverySuppressed']);
  });

  it('whose answer was lost is not sent again', async () => {
    const { ledger, mailRoom, deliver } = await mailer(await waiting(optIn(by(anna))), {
      outcomes: [{ status: 'unknown' }],
    });
    await deliver.deliver(spring);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect(await outcomes(ledger)).toMatchObject([
      ['DeliveryStarted', {}],
      ['DeliveryOutcomeUnknown', { attempt: 1 }],
    ]);
  });

  it.each(['550 5.1.1', '550 5.1.10', '554 5.2.1', '5.1.2', '5.1.3', '5.1.6'])(
    'because the address is bad (%s) fails, and stops every later mail to it',
    async (code) => {
      const { ledger, deliver } = await mailer(await waiting(optIn(by(anna))), {
        outcomes: [{ status: 'rejected', code }],
      });
      await deliver.deliver(spring);
      expect((await outcomes(ledger)).at(-1)).toStrictEqual(['DeliveryFailed', { attempt: 1, permanent: true, code }]);
      const bounced = (await ledger.eventsOf(anna.contactId)).at(-1)!;
      expect(openPartOf(bounced)).toStrictEqual({ type: 'MailBounced', data: { permanent: true } });
      expect(bounced.metadata).toMatchObject({ actor: { kind: 'system' }, source: { kind: 'mail-provider' } });
      expect(await newsletter(ledger)).toBe('UNDELIVERABLE');
    },
  );

  it.each(['550 5.7.1', '552 5.2.2', '554', '550 5.1.8', '250 15.1.1', undefined])(
    'for another reason (%s) fails, and says nothing of the address',
    async (code) => {
      const { ledger, deliver } = await mailer(await waiting(optIn(by(anna))), {
        outcomes: [{ status: 'rejected', ...(code !== undefined && { code }) }],
      });
      await deliver.deliver(spring);
      expect((await outcomes(ledger)).at(-1)).toMatchObject(['DeliveryFailed', { permanent: true }]);
      expect(await newsletter(ledger)).toBe('CONSENT');
    },
  );

  it('because something unforeseen went wrong in making it waits, and is made another time', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const broken = await mailer(ledger, { onPrepare: () => Promise.reject(new Error('no key signs links')) });
    await expect(broken.deliver.deliver(spring)).rejects.toThrow('no key signs links');
    expect(await outcomes(ledger)).toStrictEqual([]);
  });

  it("because its address can no longer be unsealed fails, and stands in nobody's way", async () => {
    const ledger = await waiting(optIn(by(anna)));
    jest.spyOn(ledger.personalData, 'open').mockRejectedValue(new KeyMissing());
    const { deliver } = await mailer(ledger);
    await deliver.deliver(spring);
    expect(await outcomes(ledger)).toStrictEqual([['DeliveryFailed', { permanent: true, code: 'KEY_MISSING' }]]);
  });

  it('because the template refuses it fails before it starts, and the log says which', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, {
      onPrepare: () => Promise.reject(new UnmakeableMessage('The template needs "salutation".')),
    });
    await deliver.deliver(spring);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(await outcomes(ledger)).toStrictEqual([['DeliveryFailed', { permanent: true, code: 'MESSAGE_REFUSED' }]]);
    expect(ledger.logger.lines).toMatchObject([
      { level: 'error', fields: { deliveryId: spring, mailingId: 'spring', error: { message: /salutation/ } } },
    ]);
    expect(ledger.metrics.mails).toStrictEqual({ failed: 1 });
  });
});

describe('a delivery that was under way when its mailer died', () => {
  async function crashed(script: MailRoomScript) {
    const ledger = await waiting(optIn(by(anna)));
    const dying = await mailer(ledger, { onSend: () => Promise.reject(new Error('the process died')) });
    await expect(dying.deliver.deliver(spring)).rejects.toThrow('the process died');
    return mailer(ledger, script);
  }

  it('is not sent by asking for it again', async () => {
    const { mailRoom, deliver } = await crashed({});
    await deliver.deliver(spring);
    expect(mailRoom.sent).toStrictEqual([]);
  });

  it('is recorded as sent where the mail room knows so', async () => {
    const { ledger, mailRoom, deliver } = await crashed({ wasSent: true });
    await deliver.recover(spring);
    expect(await outcomes(ledger)).toMatchObject([
      ['DeliveryStarted', {}],
      ['MailSent', { attempt: 1 }],
    ]);
    expect(mailRoom.sent).toStrictEqual([]);
  });

  it('is tried again where the mail room knows that nothing left', async () => {
    const { ledger, mailRoom, deliver } = await crashed({ wasSent: false });
    ledger.clock.advance(MINUTE);
    await deliver.recover(spring);
    expect((await outcomes(ledger)).at(-1)).toStrictEqual([
      'DeliveryDeferred',
      { attempt: 1, retryAt: '2024-03-01T12:01:00.000Z' },
    ]);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect((await outcomes(ledger)).at(-1)).toStrictEqual(['MailSent', { attempt: 2 }]);
  });

  it('is reported as unknown where nobody can know, and not sent again', async () => {
    const { ledger, mailRoom, deliver } = await crashed({});
    await deliver.recover(spring);
    await deliver.deliver(spring);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryOutcomeUnknown']);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(ledger.metrics.mails).toStrictEqual({ unknown: 1 });
  });

  it('is settled once', async () => {
    const { ledger, deliver } = await crashed({ wasSent: true });
    await deliver.recover(spring);
    await deliver.recover(spring);
    await deliver.recover('no such delivery');
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('is settled by its outcome where only the log had failed', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, {
      outcomes: [{ status: 'rejected', code: '550 5.1.1' }],
      onSend: async () => ledger.store.beforeAppend(() => Promise.reject(new Error('the disk is full'))),
    });
    await expect(deliver.deliver(spring)).rejects.toThrow('the disk is full');
    await deliver.recover(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect((await outcomes(ledger)).at(-1)).toMatchObject(['DeliveryFailed', { code: '550 5.1.1' }]);
    expect(await newsletter(ledger)).toBe('UNDELIVERABLE');
  });

  it('that has not started is left to be sent', async () => {
    const { ledger, deliver } = await mailer(await waiting(optIn(by(anna))), { wasSent: true });
    await deliver.recover(spring);
    expect(await typesOf(ledger)).toStrictEqual([]);
  });
});

describe('a delivery that another mailer has under way', () => {
  const TAKEN = 1;
  const one = { mailer: 'one' };
  const other = { mailer: 'other' };

  /** One mailer dies with the message in hand; the other, which knows nothing of it, is answered. */
  async function left(script: MailRoomScript = {}) {
    const ledger = await waiting(optIn(by(anna)));
    const dying = await mailer(ledger, { onSend: () => Promise.reject(new Error('the process died')) }, one);
    await expect(dying.deliver.deliver(spring)).rejects.toThrow('the process died');
    return mailer(ledger, script, other);
  }

  /** The other mailer loses patience while the first is handing the message over, and then this comes of it. */
  async function givenUp(outcome: SendOutcome) {
    const ledger = await waiting(optIn(by(anna)));
    const impatient = await mailer(ledger, {}, other);
    const onSend = () => impatient.deliver.recover(spring, TAKEN);
    const slow = await mailer(ledger, { onSend, outcomes: [outcome] }, one);
    await slow.deliver.deliver(spring);
    return { ...slow, impatient };
  }

  it('is left to that mailer', async () => {
    const { ledger, deliver } = await left({ wasSent: false });
    expect(await deliver.recover(spring)).toBe(false);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted']);
  });

  it('is reported as unknown once that is taken for dead, whatever this mailer’s own mail room knows', async () => {
    const { ledger, deliver } = await left({ wasSent: false });
    expect(await deliver.recover(spring, TAKEN)).toBe(true);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryOutcomeUnknown']);
    expect(ledger.metrics.mails).toStrictEqual({ unknown: 1 });
  });

  it('is left to that mailer where it was taken again since', async () => {
    const { ledger, deliver } = await left();
    expect(await deliver.recover(spring, TAKEN + 2)).toBe(false);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted']);
  });

  it('is settled at once by that mailer when it is back', async () => {
    const { ledger } = await left();
    const { deliver } = await mailer(ledger, { wasSent: true }, one);
    expect(await deliver.recover(spring)).toBe(true);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'MailSent']);
  });

  it('is settled by whoever comes where it was taken before mailers had names', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const data = { attempt: 1, verdict: {} };
    const event = { id: newId(), type: 'DeliveryStarted', data, metadata: {} };
    await ledger.store.append(deliveryStream(spring), 0, [event]);
    const { deliver } = await mailer(ledger, {}, other);
    expect(await deliver.recover(spring)).toBe(true);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryOutcomeUnknown']);
  });

  it.each([
    ['MailSent', { status: 'sent' }],
    ['DeliveryFailed', { status: 'rejected', code: '550 5.7.1' }],
  ] as const)('and given up too early is told in the end: %s', async (type, outcome) => {
    const { ledger } = await givenUp(outcome);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryOutcomeUnknown', type]);
  });

  it('and given up too early is not tried again, although it did not leave: it was reported', async () => {
    const { ledger, mailRoom, deliver, impatient } = await givenUp({ status: 'deferred', code: '451' });
    ledger.clock.advance(60 * MINUTE);
    for (const each of [deliver, impatient.deliver]) await each.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect(impatient.mailRoom.sent).toHaveLength(0);
    expect((await outcomes(ledger)).at(-1)).toMatchObject(['DeliveryFailed', { permanent: false, code: '451' }]);
  });

  it('and given up too early, and unknown to that mailer as well, is told once', async () => {
    const { ledger } = await givenUp({ status: 'unknown' });
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryOutcomeUnknown']);
  });

  it('is known not to have left where the log took the start and its answer was lost', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, {}, one);
    const append = ledger.store.append.bind(ledger.store);
    jest.spyOn(ledger.store, 'append').mockImplementationOnce(async (...args) => {
      await append(...args);
      throw new Error('the connection was cut');
    });
    await expect(deliver.deliver(spring)).rejects.toThrow('cut');
    expect(await deliver.recover(spring)).toBe(true);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect(await typesOf(ledger)).toStrictEqual(['DeliveryStarted', 'DeliveryDeferred', 'DeliveryStarted', 'MailSent']);
  });

  it('is known not to have left where the log failed before the last look for news of the person', async () => {
    const ledger = await waiting(optIn(by(anna)));
    const { mailRoom, deliver } = await mailer(ledger, {}, one);
    const append = ledger.store.append.bind(ledger.store);
    jest.spyOn(ledger.store, 'append').mockImplementationOnce(async (...args) => {
      const appended = await append(...args);
      jest.spyOn(ledger.store, 'readStream').mockRejectedValueOnce(new Error('the connection was cut'));
      return appended;
    });
    await expect(deliver.deliver(spring)).rejects.toThrow('cut');
    await deliver.recover(spring);
    await deliver.deliver(spring);
    expect(mailRoom.sent).toHaveLength(1);
    expect((await typesOf(ledger)).slice(1)).toStrictEqual(['DeliveryDeferred', 'DeliveryStarted', 'MailSent']);
  });
});

describe('the mail that asks for a confirmation (double opt-in)', () => {
  async function confirmation(...after: ((requestId: string) => Command<unknown>)[]) {
    const ledger = await createTestLedger();
    const { recorded } = await ledger.execute(doubleOptIn(by(anna)));
    for (const command of after) await ledger.execute(command(recorded[0]!.eventId));
    await ledger.caughtUp();
    const [delivery] = await ledger.ask(new DeliveriesQuery(anna.contactId));
    const made = await mailer(ledger);
    await made.deliver.deliver(delivery!.deliveryId);
    return { ...made, events: await outcomes(ledger, delivery!.deliveryId), requestId: recorded[0]!.eventId };
  }

  it('is sent while the opt-in waits, although there is no consent yet', async () => {
    const { mailRoom, events, requestId } = await confirmation();
    expect(events).toStrictEqual([
      [
        'DeliveryStarted',
        {
          attempt: 1,
          mailer: 'a-mailer',
          verdict: { at: START_OF_STORY, reason: 'PENDING_CONFIRMATION', contactRevision: 0 },
        },
      ],
      ['MailSent', { attempt: 1 }],
    ]);
    expect(mailRoom.sent).toMatchObject([
      { address: 'anna@example.org', subject: undefined, variables: {}, delivery: { requestId } },
    ]);
  });

  it.each([
    ['was confirmed', (requestId: string) => confirmOptIn(by(anna), requestId), 'NO_LONGER_PENDING'],
    ['was overtaken by an opt-out', () => optOut(by(anna)), 'NO_LONGER_PENDING'],
    ['was overtaken by a complaint', () => recordDeliverability(by(anna), { kind: 'complained' }), 'NO_LONGER_PENDING'],
    ['was overtaken by an erasure', () => erase(by(anna)), 'NO_LONGER_PENDING'],
    ['is that of somebody whose data may not be processed', () => restrict(by(anna)), 'RESTRICTED'],
  ])('is kept back when the opt-in %s', async (_sentence, command, reason) => {
    const { mailRoom, events } = await confirmation(command);
    expect(mailRoom.sent).toStrictEqual([]);
    expect(events).toMatchObject([['DeliverySuppressed', { reason }]]);
  });

  it('goes once to an address that bounced, which it may prove, and not again until something did (P1)', async () => {
    const ledger = await createTestLedger();
    const { mailRoom, deliver } = await mailer(ledger, {
      outcomes: [{ status: 'sent' }, { status: 'rejected', code: '550 5.1.1' }, { status: 'sent' }],
    });
    const askAndSend = async () => {
      ledger.clock.advance(MINUTE);
      const { recorded } = await ledger.execute(doubleOptIn(by(anna)));
      await ledger.caughtUp();
      for (const { deliveryId } of await ledger.ask(new DeliveriesQuery(anna.contactId)))
        await deliver.deliver(deliveryId);
      return recorded[0]!.eventId;
    };
    await askAndSend();
    await ledger.execute(recordDeliverability(by(anna), { kind: 'bounced', permanent: true }));
    await askAndSend();
    expect(mailRoom.sent).toHaveLength(2);
    await askAndSend();
    await askAndSend();
    expect(mailRoom.sent).toHaveLength(2);
    const deliveries = await ledger.ask(new DeliveriesQuery(anna.contactId));
    expect(deliveries.filter(({ reason }) => reason === 'UNDELIVERABLE')).toHaveLength(2);
    ledger.clock.advance(MINUTE);
    await ledger.execute(recordDeliverability(by(anna), { kind: 'deliverable' }));
    await askAndSend();
    expect(mailRoom.sent).toHaveLength(3);
  });

  it('is kept back where the address bounced after it was asked for (P1)', async () => {
    const { mailRoom, events } = await confirmation(() =>
      recordDeliverability(by(anna), { kind: 'bounced', permanent: true }),
    );
    expect(mailRoom.sent).toStrictEqual([]);
    expect(events).toMatchObject([['DeliverySuppressed', { reason: 'UNDELIVERABLE' }]]);
  });

  it('is sent after a restriction was lifted', async () => {
    const { mailRoom } = await confirmation(
      () => restrict(by(anna)),
      () => restrict(by(anna), false),
    );
    expect(mailRoom.sent).toHaveLength(1);
  });
});

describe('two deliveries', () => {
  it('do not touch each other', async () => {
    const ledger = await waiting(optIn(by(anna)), optIn(by(bram)));
    await ledger.app.get(AddRecipients).add('spring', [{ address: bram.address }], 'a-request');
    const { deliver } = await mailer(ledger, {
      outcomes: [{ status: 'rejected', code: '550 5.1.1' }, { status: 'sent' }],
    });
    const brams = deliveryIdOf('spring', bram.contactId);
    await deliver.deliver(spring);
    await deliver.deliver(brams);
    expect(await typesOf(ledger, brams)).toStrictEqual(['DeliveryStarted', 'MailSent']);
    expect([await newsletter(ledger), await newsletter(ledger, bram)]).toStrictEqual(['UNDELIVERABLE', 'CONSENT']);
  });
});
