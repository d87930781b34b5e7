import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ParsedMail } from 'mailparser';
import { pathIn, press, visit } from '../recipients/pages.js';
import { optInLongAgo } from '../recipients/prompts.js';
import { eventually, startService, type TestService } from '../support/service.js';
import { deliveriesOf, mailTo, optOut, outboxOf, verdictOf } from './steps.js';

const DAY = 86_400_000;
const both = ['newsletter', 'event-invitation'];
const address = 'anna@example.nl';

let service: TestService;
let passed = 0;

beforeEach(async () => {
  passed = 0;
  service = await startService({ clock: { now: () => Date.now() + passed } });
});
afterEach(() => service.stop());

/** Lets so many days pass; for somebody whose prompt is due the service looks at the clock. */
async function later(days: number): Promise<void> {
  passed += days * DAY;
  await optInLongAgo(service, `somebody.after.${passed}@example.nl`, ['newsletter']);
}

const mailsTo = async (reader: string): Promise<ParsedMail[]> => (await outboxOf(service)).get(reader) ?? [];
const reasonsOf = async () => [
  (await verdictOf(service, address)).reason,
  (await verdictOf(service, address, 'event-invitation')).reason,
];

describe('three years after consent (P5)', () => {
  it('one mail asks about all that falls due within the window, and its link leads to the answer', async () => {
    await optInLongAgo(service, address, both);
    const mail = await mailTo(service, address);
    expect(mail.subject).toBe('Wil je onze berichten blijven ontvangen?');
    expect(mail.text).toMatch(/\* Uitnodigingen voor events[^]*\* Nieuwsbrief/);

    const page = await visit(service, pathIn(mail.text, 'reconsent'));
    await press(service, page, 'Leg mijn keuze vast', { 'answer.newsletter': 'yes' });
    passed = 31 * DAY;
    expect(await reasonsOf()).toStrictEqual(['CONSENT', 'CONSENT_LAPSED']);
  });

  it('one click in the mail program stops exactly what the mail asks about (RFC 8058, P4)', async () => {
    await optInLongAgo(service, address, [...both, 'sales-contact']);
    const { headers, text } = await mailTo(service, address);
    const { unsubscribe } = headers.get('list') as unknown as { unsubscribe: { url: string } };
    expect(new URL(unsubscribe.url).pathname).toBe(pathIn(text, 'u'));
    const raw = 'List-Unsubscribe=One-Click';
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    await service.request('POST', pathIn(text, 'u'), { key: null, raw, headers: form });
    const { contactId } = await verdictOf(service, address);
    const { events } = (await service.get(`/v1/contacts/${contactId}/history`)).body;
    expect(events.at(-1)).toMatchObject({ type: 'OptedOut', data: { purposes: [...both].sort() } });
  });

  it('one reminder follows after two weeks, and none once it was answered', async () => {
    await optInLongAgo(service, address, ['newsletter']);
    await optInLongAgo(service, 'bram@example.nl', ['newsletter']);
    const { text } = await mailTo(service, 'bram@example.nl');
    await mailTo(service, address);
    await press(service, await visit(service, pathIn(text, 'reconsent')), 'Leg mijn keuze vast', {
      'answer.newsletter': 'yes',
    });
    await later(14.1);
    const mails = await eventually(async () => {
      const sent = await mailsTo(address);
      expect(sent).toHaveLength(2);
      return sent;
    });
    expect(mails.map(({ subject }) => subject).sort()).toStrictEqual([
      'Herinnering: wil je onze berichten blijven ontvangen?',
      'Wil je onze berichten blijven ontvangen?',
    ]);
    await later(30);
    const { contactId } = await verdictOf(service, 'bram@example.nl');
    expect((await deliveriesOf(service, contactId)).map(({ status }: { status: string }) => status)).toStrictEqual([
      'sent',
    ]);
  });
});

describe('nobody is asked (P5)', () => {
  it('who opted out while the mail waited', async () => {
    await service.restart({ SMTP_URL: 'smtp://127.0.0.1:1', MAIL_RETRY_SECONDS: '3600' });
    const contactId = await optInLongAgo(service, address, ['newsletter']);
    await eventually(async () => {
      expect(await deliveriesOf(service, contactId)).toMatchObject([{ purpose: 'reconsent', status: 'deferred' }]);
    });
    await optOut(service, address, ['newsletter']);
    passed = DAY;
    await service.restart();
    await eventually(async () => {
      expect(await deliveriesOf(service, contactId)).toMatchObject([{ status: 'suppressed', reason: 'OPTED_OUT' }]);
    });
    expect(await mailsTo(address)).toStrictEqual([]);
  });

  it('by a service that wakes up after the window ended, though the log says what fell due', async () => {
    const contactId = await optInLongAgo(service, address, ['newsletter'], 32);
    const types = ['OptedIn', 'ReconsentPrompted', 'ReconsentReminded', 'ConsentLapsed'];
    await eventually(async () => {
      const { events } = (await service.get(`/v1/contacts/${contactId}/history`)).body;
      expect(events.map(({ type }: { type: string }) => type)).toStrictEqual(types);
    });
    expect(await deliveriesOf(service, contactId)).toStrictEqual([]);
    expect(await mailsTo(address)).toStrictEqual([]);
  });
});
