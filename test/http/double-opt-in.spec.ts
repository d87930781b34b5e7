import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mailTo, outboxOf } from '../mail/steps.js';
import { confirmationFromMail } from '../recipients/pages.js';
import { eventually, startService, type TestService } from '../support/service.js';
import {
  ask,
  customer,
  deliverability,
  erasure,
  eventsOf,
  eventTypesOf,
  given,
  optIn,
  optOut,
  record,
  restriction,
  somebody,
} from './given.js';

const double = (more = {}) => optIn(['newsletter'], { confirmation: 'double', ...more });

describe('a double opt-in', () => {
  let service: TestService;
  let address: string;

  beforeAll(async () => {
    service = await startService();
  });
  beforeEach(() => {
    address = somebody();
  });
  afterAll(() => service.stop());

  const confirm = (link: string) => service.request('POST', link, { key: null });
  const deliveries = async () => {
    const { contactId } = (await service.post('/v1/contacts/lookup', { address })).body;
    return (await service.get(`/v1/contacts/${contactId}/deliveries`)).body;
  };

  it('is 201 with status pending, records that it was asked for, and sends the mail that asks to confirm it', async () => {
    const { status, headers, body } = await record(service, address, double());
    expect([status, headers.get('etag')]).toStrictEqual([201, '"0"']);
    expect(body).toMatchObject({ status: 'pending', revision: 0, recorded: [{ type: 'OptInRequested' }] });
    expect(await ask(service, address, 'newsletter')).toMatchObject({
      eligible: false,
      reason: 'PENDING_CONFIRMATION',
    });
    expect((await mailTo(service, address)).subject).toBe('Bevestig je aanmelding');
    await eventually(async () => {
      expect(await deliveries()).toMatchObject([{ purpose: 'confirmation', status: 'sent', reason: null }]);
    });
  });

  it('asks in the language of the statement that was shown', async () => {
    await given(service, address, double({ statement: { id: 'signup-form', version: 1, language: 'en' } }));
    expect((await mailTo(service, address)).text).toContain('Newsletter');
  });

  it('is consent from the confirmation on, which rests on the request and its statement', async () => {
    const link = await confirmationFromMail(service, address);
    expect((await service.get(link, { key: null })).status).toBe(200);
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptInRequested']);

    expect((await confirm(link)).status).toBe(200);
    const [requested, confirmed] = await eventsOf(service, address);
    expect(confirmed).toMatchObject({
      type: 'OptInConfirmed',
      actor: { kind: 'person' },
      data: { purposes: ['newsletter'], statement: requested.data.statement, requestId: requested.eventId },
    });
    const { evidence, ...verdict } = await ask(service, address, 'newsletter');
    expect(verdict).toMatchObject({ eligible: true, reason: 'CONSENT' });
    expect(evidence).toMatchObject([{ eventId: confirmed.eventId, occurredAt: confirmed.occurredAt }]);
  });

  it('leaves what held before it as it is while it waits', async () => {
    await given(service, address, customer(), double());
    expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: true, reason: 'SOFT_OPT_IN' });
  });

  it('ends an opt-out only when it is confirmed', async () => {
    await given(service, address, optOut('all'));
    const link = await confirmationFromMail(service, address);
    expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'OPTED_OUT' });
    await confirm(link);
    expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'CONSENT' });
  });

  it.each([
    ['an opt-out', optOut(['newsletter']), 'OPTED_OUT'],
    ['an opt-out of all', optOut('all'), 'OPTED_OUT'],
    ['a complaint', deliverability('complained'), 'COMPLAINED'],
    ['an erasure', erasure('request'), 'ERASED'],
  ])('that %s overtook is not confirmed: 409, and nothing is recorded', async (_, later, reason) => {
    const link = await confirmationFromMail(service, address);
    await given(service, address, later);
    const before = await eventTypesOf(service, address);
    expect((await confirm(link)).status).toBe(409);
    expect(await eventTypesOf(service, address)).toStrictEqual(before);
    expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: false, reason });
  });

  it('is confirmed though the person opted out of something else', async () => {
    const link = await confirmationFromMail(service, address);
    await given(service, address, optOut(['event-invitation']));
    expect((await confirm(link)).status).toBe(200);
  });

  it('sent twice with one key is one request and one mail', async () => {
    const headers = { 'Idempotency-Key': 'form-1' };
    const first = await record(service, address, double(), { headers });
    await mailTo(service, address);
    const again = await record(service, address, double(), { headers });
    expect([again.status, again.text]).toStrictEqual([201, first.text]);
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptInRequested']);
    expect(await deliveries()).toHaveLength(1);
  });

  it('by contact id alone is 422 ADDRESS_NEEDED: there is nowhere to send the mail', async () => {
    const { contactId } = (await service.post('/v1/contacts/lookup', { address })).body;
    const { path, body: fact } = double();
    const { status, body } = await service.post(path, { contactId, ...fact });
    expect([status, body.code, body.errors[0].field]).toStrictEqual([422, 'ADDRESS_NEEDED', 'address']);
    expect(await eventsOf(service, address)).toStrictEqual([]);
  });

  it('by an import, of somebody who opted out, is 409 OPTED_OUT, and no mail is sent', async () => {
    await given(service, address, optOut('all'));
    const { status, body } = await record(service, address, double({ source: { kind: 'import' } }));
    expect([status, body.code]).toStrictEqual([409, 'OPTED_OUT']);
    expect(await deliveries()).toStrictEqual([]);
  });

  it('of somebody whose data is restricted sends no mail', async () => {
    await given(service, address, restriction(true), double());
    await eventually(async () => {
      expect(await deliveries()).toMatchObject([{ status: 'suppressed', reason: 'RESTRICTED' }]);
    });
    expect((await outboxOf(service)).has(address)).toBe(false);
  });
});
