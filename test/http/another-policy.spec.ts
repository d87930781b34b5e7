import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { completed, logOf, mailTo, startMailing } from '../mail/steps.js';
import { press, visit } from '../recipients/pages.js';
import { startService, type TestService } from '../support/service.js';
import {
  ask,
  clockAt,
  customer,
  eventTypesOf,
  given,
  optIn,
  optOut,
  record,
  relationship,
  restriction,
  somebody,
  type Fact,
} from './given.js';

const POLICY_PATH = fileURLToPath(new URL('policies/lichtboei.yaml', import.meta.url));
const NOW = '2026-06-15T10:00:00.000Z';
const membershipForm = { id: 'membership-form', version: 3, language: 'nl' };

const join = (purposes: readonly string[], more: object = {}): Fact =>
  optIn(purposes, { statement: membershipForm, ...more });

describe('a service that runs on another policy alone', () => {
  const clock = clockAt(NOW);
  let service: TestService;
  let address: string;

  beforeAll(async () => {
    service = await startService({ clock, environment: { POLICY_PATH } });
  });
  beforeEach(() => {
    clock.set(NOW);
    address = somebody();
  });
  afterAll(() => service.stop());

  /** Sends the magazine to somebody who may get it; answers the mail and the path of its unsubscribe link. */
  async function magazineTo(recipient: string) {
    const mailing = { purpose: 'club-magazine', subject: 'Clubblad', variables: { title: 'Clubblad' } };
    await startMailing(service, { ...mailing, recipients: [{ address: recipient }] });
    const mail = await mailTo(service, recipient);
    const [link] = /https?:\/\/\S+\/u\/[\w.-]+/.exec(mail.text ?? '') ?? [];
    return { mail, unsubscribe: new URL(link!).pathname };
  }

  it('knows that policy only', async () => {
    expect((await service.get('/v1/policies')).body).toStrictEqual([
      { id: 'lichtboei', version: 4, inForceFrom: '2021-02-01T04:00:00.000Z', publishedAt: NOW },
    ]);
  });

  it.each(['newsletter', 'event-invitation', 'personalised-message', 'sales-contact', 'service'])(
    'P10: has no purpose %s',
    async (purpose) => {
      expect(await ask(service, address, purpose)).toMatchObject({
        code: 'UNKNOWN_PURPOSE',
        detail: expect.stringContaining('it has: club-magazine, race-calendar, donor-appeal, harbour-notice.'),
      });
    },
  );

  it('P3: has no statement of another policy', async () => {
    const { status, body } = await record(service, address, optIn(['club-magazine']));
    expect([status, body.code]).toStrictEqual([422, 'UNKNOWN_STATEMENT']);
  });

  it('goes from opt-in through verdict, mail and unsubscribe to a replay', async () => {
    const { contactId } = await given(service, address, join(['club-magazine', 'race-calendar']));
    const consent = await ask(service, address, 'club-magazine');
    expect(consent).toMatchObject({ reason: 'CONSENT', policy: { id: 'lichtboei', version: 4 } });

    const { mail, unsubscribe } = await magazineTo(address);
    expect(mail.text).toContain('Deze mail hoort bij: Clubblad.');
    expect(mail.text).toContain('Stichting De Lichtboei\nHandelskade 7, Willemstad\nleden@lichtboei.example');

    const page = await visit(service, unsubscribe, 'en');
    expect(page.text).toContain('Club magazine');
    clock.set('2026-06-16T10:00:00.000Z');
    await press(service, page, page.forms[0]!.buttons[0]!.label);
    expect(await ask(service, address, 'club-magazine')).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
    expect(await ask(service, address, 'race-calendar')).toMatchObject({ eligible: true, reason: 'CONSENT' });
    expect(await ask(service, address, 'harbour-notice')).toMatchObject({ eligible: true, reason: 'SERVICE' });

    const replay = async (at: string) =>
      (await service.post(`/v1/contacts/${contactId}/replay`, { purpose: 'club-magazine', at })).body;
    expect((await replay(NOW)).verdict).toMatchObject({ reason: 'CONSENT', validUntil: consent.validUntil });
    expect((await replay('2026-06-16T10:00:00.000Z')).trace.at(-1)).toMatchObject({ row: 5, applies: true });
  });

  it('P5: renews from the last contact, forty months on the clock of Willemstad', async () => {
    await given(service, address, join(['club-magazine'], { occurredAt: '2021-10-31T23:30:00-04:00' }));
    expect(await ask(service, address, 'club-magazine')).toMatchObject({
      reason: 'CONSENT_LAPSED',
      validUntil: null,
    });
    await given(service, address, relationship('contact', { occurredAt: '2023-10-31T23:30:00-04:00' }));
    const { reason, validUntil, evidence } = await ask(service, address, 'club-magazine');
    expect([reason, validUntil]).toStrictEqual(['CONSENT', '2027-03-01T03:30:00.000Z']);
    expect(evidence.map(({ type }: { type: string }) => type)).toStrictEqual(['OptedIn', 'ContactMade']);

    await given(service, address, relationship('purchase', { occurredAt: '2026-01-01T12:00:00-04:00' }));
    expect((await ask(service, address, 'club-magazine')).validUntil).toBe('2027-03-01T03:30:00.000Z');
  });

  it('P5: gives eighteen months and a window of nine weeks for another purpose', async () => {
    await given(service, address, join(['race-calendar'], { occurredAt: '2025-01-31T12:00:00-04:00' }));
    expect((await ask(service, address, 'race-calendar')).validUntil).toBe('2026-10-02T16:00:00.000Z');
  });

  it('P6: lets a new agreement count as contact, as it says', async () => {
    await given(service, address, join(['donor-appeal'], { occurredAt: '2025-01-31T12:00:00-04:00' }));
    expect(await ask(service, address, 'donor-appeal')).toMatchObject({ reason: 'NO_RECENT_CONTACT' });
    await given(service, address, customer({ occurredAt: '2026-01-31T12:00:00-04:00' }));
    expect(await ask(service, address, 'donor-appeal')).toMatchObject({
      reason: 'CONSENT',
      validUntil: '2026-10-31T16:00:00.000Z',
    });
  });

  it('P2: asks for one condition of a soft opt-in, for one purpose, until five months after the agreement', async () => {
    const started = { occurredAt: '2025-01-31T12:00:00-04:00', informedAtCollection: false, similarProducts: false };
    await given(service, address, customer(started));
    expect(await ask(service, address, 'race-calendar')).toMatchObject({ reason: 'SOFT_OPT_IN', validUntil: null });
    expect(await ask(service, address, 'club-magazine')).toMatchObject({ reason: 'NO_CONSENT' });
    await given(service, address, relationship('customer-ended', { occurredAt: '2026-01-31T12:00:00-04:00' }));
    expect((await ask(service, address, 'race-calendar')).validUntil).toBe('2026-06-30T16:00:00.000Z');
  });

  it('P1: lets operational mail through a restriction and an opt-out, as it says', async () => {
    await given(service, address, optOut('all'), restriction(true));
    expect(await ask(service, address, 'harbour-notice')).toMatchObject({ eligible: true, reason: 'SERVICE' });
    expect(await ask(service, address, 'race-calendar')).toMatchObject({ reason: 'RESTRICTED' });
  });

  it('P4: takes an act for repeated within its own minute', async () => {
    await given(service, address, optOut(['race-calendar']));
    clock.set('2026-06-15T10:00:59.999Z');
    expect((await record(service, address, optOut(['race-calendar']))).status).toBe(200);
    clock.set('2026-06-15T10:02:00.000Z');
    await given(service, address, join(['race-calendar']));
    clock.set('2026-06-15T10:04:00.000Z');
    expect((await record(service, address, join(['race-calendar']))).status).toBe(201);
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptedOut', 'OptedIn', 'OptedIn']);
  });

  it('P8: counts the end of a recording by its own period', async () => {
    const evidence = { recordingRef: 'R-1' };
    const byPhone = { source: { kind: 'phone' }, evidence, occurredAt: '2026-06-01T12:00:00-04:00' };
    await given(service, address, join(['race-calendar'], byPhone));
    const events = await logOf(service);
    expect(events.at(-1)!.data).toMatchObject({ evidenceEndsAt: '2026-06-21T16:00:00.000Z' });
  });

  it('sends operational mail to whom it does not know, without a way to unsubscribe (P1)', async () => {
    const notice = {
      purpose: 'harbour-notice',
      template: 'service-notice',
      subject: 'Storm',
      variables: { text: 'Storm.' },
    };
    const { id } = await startMailing(service, { ...notice, recipients: [{ address }] });
    expect((await completed(service, id)).sent).toBe(1);
    expect((await mailTo(service, address)).headers.has('list-unsubscribe')).toBe(false);
  });

  it('writes nothing of another policy to the log', async () => {
    const written = JSON.stringify(await logOf(service)).replaceAll('"template":"newsletter"', '');
    expect(written).toContain('lichtboei@4');
    const ofAnother = /dnp-giftcard|DNP Giftcard|"newsletter"|signup-form|Europe\/Amsterdam/;
    expect(ofAnother.exec(written)?.[0]).toBeUndefined();
  });
});
