import { createHash } from 'node:crypto';
import { decideEligibility, NEVER } from '@consent-ledger/consent';
import { deliveryStream } from '@consent-ledger/projections';
import { newId, toRfc3339 } from '@consent-ledger/platform';
import { NO_STREAM, type JsonObject } from '@consent-ledger/event-store';
import {
  anna,
  by,
  createTestLedger,
  instant,
  nextPolicy,
  optIn,
  optOut,
  person,
  shippedPolicy,
  signupForm,
  START_OF_STORY,
  startCustomer,
  type TestLedger,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { simulationCsv } from './simulation-csv.js';
import { drawSimulation } from './simulation-picture.js';
import { SimulateQuery, type SimulationRequest } from './simulate.query.js';

const NOW = instant(START_OF_STORY);
const DAY = 86_400_000;
const noOneLeft = new AbortController().signal;

function simulate(ledger: TestLedger, request: Partial<SimulationRequest> = {}, signal = noOneLeft) {
  return ledger.ask(new SimulateQuery({ months: 36, ...request }, signal));
}

/** Consent for a year only, as somebody may think of it: a document as a file holds it, without hashes. */
function yearly(inForceFrom = '2024-04-01T00:00:00+02:00'): object {
  const { purposes, statements, ...rest } = nextPolicy(inForceFrom, {});
  const consent = { renewAfter: 'P1Y', answerWindow: 'P30D' };
  return {
    ...rest,
    purposes: { ...purposes, newsletter: { ...purposes['newsletter']!, consent } },
    statements: statements.map(({ hashes: _hashes, ...statement }) => statement),
  };
}

/** A mailing's message that went out on a yes at this moment, as the mailer records it. */
async function sent(ledger: TestLedger, contactId: string, at: number, verdict: JsonObject): Promise<string> {
  const deliveryId = createHash('sha256').update(`${contactId} ${at}`).digest('hex').slice(0, 32);
  const metadata = { occurredAt: toRfc3339(at), recordedAt: toRfc3339(at), schemaVersion: 1 };
  const event = (type: string, data: JsonObject) => ({ id: newId(), type, data, metadata });
  await ledger.store.append(deliveryStream(deliveryId), NO_STREAM, [
    event('DeliveryRequested', { deliveryId, mailingId: 'spring', contactId, purpose: 'newsletter' }),
    event('DeliveryStarted', { attempt: 1, verdict: { at: toRfc3339(at), ...verdict } }),
    event('MailSent', { attempt: 1 }),
  ]);
  return deliveryId;
}

describe('a simulation', () => {
  it('tells who may be sent what now, and what falls due in the months ahead (P5, P7)', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna, { occurredAt: instant('2021-05-10T12:00:00Z') })));
    await ledger.execute(startCustomer(by(person('bram'))));
    await ledger.execute(optOut(by(person('chantal')), 'all'));
    const { answer, countSends } = await simulate(ledger);
    expect(answer).toMatchObject({
      at: START_OF_STORY,
      position: await ledger.store.head(),
      contacts: 3,
      policy: { id: 'dnp-giftcard', version: 1 },
      timeZone: 'Europe/Amsterdam',
      overdue: { prompts: 0, lapses: {}, erasures: 0 },
    });
    expect(answer.purposes['newsletter']).toStrictEqual({
      eligible: 2,
      gained: 0,
      lost: 0,
      reasons: { CONSENT: 1, SOFT_OPT_IN: 1, OPTED_OUT: 1 },
    });
    expect(answer.months).toHaveLength(36);
    expect(answer.months[2]).toStrictEqual({
      month: '2024-05',
      from: '2024-04-30T22:00:00.000Z',
      until: '2024-05-31T22:00:00.000Z',
      prompts: 1,
      reminders: 1,
      lapses: {},
      evidenceEnds: 0,
      erasures: 0,
    });
    expect(answer.months[3]).toMatchObject({ month: '2024-06', lapses: { newsletter: 1 } });
    expect(answer.months.filter(({ erasures }) => erasures > 0).map(({ month }) => month)).toStrictEqual([
      '2026-03',
      '2026-06',
    ]);
    expect(await countSends(10)).toBeUndefined();
  });

  it('supposes another policy from the moment that it names, or from another one', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna, { occurredAt: instant('2022-05-10T12:00:00Z') })));
    const later = (await simulate(ledger, { policy: yearly() })).answer;
    expect(later).toMatchObject({ policy: { version: 1 }, supposed: { version: 2, from: '2024-03-31T22:00:00.000Z' } });
    expect(later.purposes['newsletter']).toMatchObject({ eligible: 1, lost: 0 });
    expect(later.months[1]).toMatchObject({ month: '2024-04', prompts: 0, lapses: { newsletter: 1 } });

    const atOnce = (await simulate(ledger, { policy: yearly(), from: NOW })).answer;
    expect(atOnce).toMatchObject({ policy: { version: 2 }, supposed: { version: 2, from: START_OF_STORY } });
    expect(atOnce.purposes['newsletter']).toMatchObject({ eligible: 0, lost: 1, reasons: { CONSENT_LAPSED: 1 } });
    expect(ledger.policies.history()).toHaveLength(1);
  });

  it('supposes a version that was published in force from the moment looked at', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(startCustomer(by(anna)));
    ledger.policies.publish(nextPolicy('2024-02-01T00:00:00Z', { softOptIn: undefined as never }), NOW - DAY);
    const { answer } = await simulate(ledger, { policy: { id: 'dnp-giftcard', version: 1 } });
    expect(answer).toMatchObject({ policy: { version: 1 }, supposed: { from: START_OF_STORY } });
    expect(answer.purposes['newsletter']).toMatchObject({ eligible: 1, gained: 1, lost: 0 });
  });

  it('knows for a moment in the past only what was so, and known, then (law 3)', async () => {
    const ledger = await createTestLedger();
    const week = 7 * DAY;
    await ledger.lay(anna.contactId, {
      type: 'OptedIn',
      data: { purposes: ['newsletter'], statement: signupForm, actOf: 'person' },
      occurredAt: toRfc3339(NOW - 4 * week),
      recordedAt: toRfc3339(NOW - 2 * week),
    });
    await ledger.execute(optOut(by(anna)));
    await ledger.execute(optIn(by(person('bram'))));
    const newsletter = async (request: Partial<SimulationRequest>) => {
      const { contacts, purposes } = (await simulate(ledger, request)).answer;
      return [contacts, purposes['newsletter']!.eligible];
    };
    expect(await newsletter({})).toStrictEqual([2, 1]);
    expect(await newsletter({ at: NOW - week })).toStrictEqual([1, 1]);
    expect(await newsletter({ at: NOW - 3 * week })).toStrictEqual([1, 1]);
    expect(await newsletter({ at: NOW - 3 * week, knownAt: NOW - 3 * week })).toStrictEqual([0, 0]);
  });

  it('answers for a moment ahead as single questions do', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const at = instant('2027-06-01T00:00:00Z');
    const { answer } = await simulate(ledger, { at, months: 1 });
    const state = ledger.preferences.find(anna.contactId)!;
    const { reason } = decideEligibility(state, ledger.policies.history(), 'newsletter', at, NEVER);
    expect(answer.purposes['newsletter']!.reasons).toStrictEqual({ [reason]: 1 });
    expect(answer.overdue).toMatchObject({ prompts: 1, reminders: 1, lapses: { newsletter: 1 } });
  });

  it('judges the messages of the past again, with what was known when they were sent (law 3)', async () => {
    const ledger = await createTestLedger();
    const optedInAt = '2022-05-10T12:00:00Z';
    await ledger.execute(optIn(by(anna, { occurredAt: instant(optedInAt) })));
    const yes = { eligible: true, reason: 'CONSENT', contactRevision: 0 };
    await sent(ledger, anna.contactId, instant('2022-06-01T12:00:00Z'), yes);
    const refused = await sent(ledger, anna.contactId, instant('2023-12-01T12:00:00Z'), yes);
    await ledger.execute(optOut(by(anna)));
    // A confirmation mail goes out on no verdict of the table, and a stranger may be sent service mail only.
    await sent(ledger, anna.contactId, instant('2022-06-02T12:00:00Z'), { reason: 'PENDING_CONFIRMATION' });
    const stranger = await sent(ledger, person('chantal').contactId, instant('2023-12-02T12:00:00Z'), {
      eligible: true,
      contactRevision: -1,
    });
    await ledger.caughtUp();

    const simulation = await simulate(ledger, { policy: yearly() });
    const told = [
      {
        deliveryId: refused,
        contactId: anna.contactId,
        purpose: 'newsletter',
        sentAt: '2023-12-01T12:00:00.000Z',
        reason: 'CONSENT_LAPSED',
      },
      {
        deliveryId: stranger,
        contactId: person('chantal').contactId,
        purpose: 'newsletter',
        sentAt: '2023-12-02T12:00:00.000Z',
        reason: 'UNKNOWN_CONTACT',
      },
    ].sort((a, b) => (a.deliveryId < b.deliveryId ? -1 : 1));
    expect(await simulation.countSends(10)).toStrictEqual({
      judged: 3,
      refused: 2,
      reasons: { CONSENT_LAPSED: 1, UNKNOWN_CONTACT: 1 },
      list: told,
    });
    expect((await simulation.countSends(1))!).toMatchObject({ refused: 2, list: [told[0]] });

    const before = await simulate(ledger, { policy: yearly(), at: instant('2023-01-01T00:00:00Z') });
    expect(await before.countSends(10)).toMatchObject({ judged: 1, refused: 0 });
  });

  it('refuses a policy with faults, one entry a path', async () => {
    const ledger = await createTestLedger();
    const faulty = { ...yearly(), timeZone: 'Mars/Olympus', sameActWithin: 'PT' };
    await expect(simulate(ledger, { policy: faulty })).rejects.toMatchObject({
      code: 'VALIDATION',
      status: 400,
      errors: [{ field: 'policy/sameActWithin', message: expect.any(String) }],
    });
    const elsewhere = { ...yearly(), timeZone: 'Mars/Olympus', inForceFrom: 'soon' };
    const refused = simulate(ledger, { policy: elsewhere });
    await expect(refused).rejects.toMatchObject({
      errors: [{ field: 'policy/inForceFrom' }, { field: 'policy/timeZone' }],
    });
    await expect(simulate(ledger, { policy: { id: 'dnp-giftcard', version: 9 } })).rejects.toMatchObject({
      code: 'UNKNOWN_POLICY',
    });
    await expect(simulate(ledger, { from: NOW })).rejects.toMatchObject({ errors: [{ field: 'from' }] });
  });

  it('stops when nobody waits for it any more, and lets others have their turn', async () => {
    const ledger = await createTestLedger();
    for (let number = 0; number < 250; number++)
      await ledger.lay(person(`somebody-${number}`).contactId, {
        type: 'ContactMade',
        data: {},
        occurredAt: START_OF_STORY,
      });
    await ledger.caughtUp();
    const leaving = new AbortController();
    const running = simulate(ledger, {}, leaving.signal);
    setImmediate(() => leaving.abort(new Error('The caller left.')));
    await expect(running).rejects.toThrow('The caller left.');
    expect((await simulate(ledger)).answer.contacts).toBe(250);
  });

  it('records nothing', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna)));
    const first = (await simulate(ledger, { policy: yearly() })).answer;
    expect((await simulate(ledger, { policy: yearly() })).answer).toStrictEqual(first);
    expect(await ledger.store.head()).toBe(0);
  });
});

describe('the forms of a simulation', () => {
  it('as CSV holds every answer, month and refused message', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna, { occurredAt: instant('2021-05-10T12:00:00Z') })));
    const sentAt = instant('2023-12-01T12:00:00Z');
    const deliveryId = await sent(ledger, anna.contactId, sentAt, { eligible: true, contactRevision: 0 });
    await ledger.caughtUp();
    const { answer, refusedSends } = await simulate(ledger, { policy: yearly(), from: NOW, months: 2 });
    let text = '';
    for await (const piece of simulationCsv(answer, refusedSends())) text += piece;
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(0, 4)).toStrictEqual([
      'record,month,kind,purpose,reason,count,deliveryId,contactId,sentAt',
      'answer,,,newsletter,CONSENT_LAPSED,1,,,',
      'gained,,,newsletter,,0,,,',
      'lost,,,newsletter,,1,,,',
    ]);
    expect(lines).toContain('due,2024-03,lapse,newsletter,,1,,,');
    expect(lines.at(-1)).toBe(
      `refused-send,,,newsletter,CONSENT_LAPSED,,${deliveryId},${anna.contactId},2023-12-01T12:00:00.000Z`,
    );
  });

  it('as a picture is an SVG that names the months and what falls due', async () => {
    const ledger = await createTestLedger();
    await ledger.execute(optIn(by(anna, { occurredAt: instant('2021-05-10T12:00:00Z') })));
    const svg = await drawSimulation((await simulate(ledger)).answer);
    expect(svg).toMatch(/^<svg [^>]*width="1200" height="500"/);
    for (const word of ['Prompts', 'Lapses', 'Erasures', '2024-03', '2027-02', `${shippedPolicy.id} version 1`])
      expect(svg).toContain(word);
    const tag = /<\/?[a-z]+(\s+[\w:-]+="[^"<]*")*\s*\/?>/g;
    expect(svg.replace(/<!\[CDATA\[.*?\]\]>/gs, '').replace(tag, '')).not.toMatch(/[<>"]/);
  });
});
