import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, startService, type TestService } from '../support/service.js';
import {
  ask,
  clockAt,
  customer,
  erasure,
  eventTypesOf,
  given,
  legalHold,
  optIn,
  optOut,
  record,
  somebody,
} from './given.js';

const START = '2026-06-15T10:00:00.000Z';
/** After the answer window and the two years of the proof of a consent that was given at the start (P5, P7). */
const ENDED = '2031-07-15T10:00:00.000Z';
const AFTER = '2032-01-01T00:00:00.000Z';

describe('erasing a person', () => {
  const clock = clockAt(START);
  let service: TestService;
  let address: string;

  beforeAll(async () => {
    service = await startService({ clock });
  });
  beforeEach(() => {
    clock.set(START);
    address = somebody();
  });
  afterAll(() => service.stop());

  const contactId = async () => (await service.post('/v1/contacts/lookup', { address })).body.contactId as string;
  const certificate = async () => service.get(`/v1/erasures/${await contactId()}`);
  const retention = async () => (await service.get(`/v1/contacts/${await contactId()}/retention`)).body;

  /** Lets the grounds end, and has what ended erased; whether time or the request was first makes no difference. */
  async function endByRetention(at = AFTER): Promise<void> {
    clock.set(at);
    const { status } = await record(service, address, erasure('retention'));
    expect([200, 201]).toContain(status);
  }

  describe('at their request (P7)', () => {
    it('answers 201 with the certificate, and 200 with the same one when asked again', async () => {
      await given(service, address, optIn(['newsletter']), optOut(['event-invitation']));
      const first = await record(service, address, erasure('request', { occurredAt: '2026-06-10T09:00:00Z' }));
      expect(first.status).toBe(201);
      expect(first.body.certificate).toStrictEqual({
        eventId: first.body.recorded[0].eventId,
        erasedAt: expect.stringMatching(/^2026-06-15T10:00:00/),
        requestedAt: '2026-06-10T09:00:00.000Z',
        reason: 'request',
        keyDestroyed: true,
        destroyed: [expect.stringContaining('the key'), expect.stringContaining('2 events')],
      });
      const again = await record(service, address, erasure('request'));
      expect([again.status, again.body.recorded, again.body.certificate]).toStrictEqual([
        200,
        [],
        first.body.certificate,
      ]);
      expect((await certificate()).body).toStrictEqual(first.body.certificate);
    });

    it('repeated by the same Idempotency-Key gives the certificate of then, also once the person came back', async () => {
      await given(service, address, optIn(['newsletter']));
      const rest = { headers: { 'Idempotency-Key': 'erasure-1' } };
      const first = await record(service, address, erasure('request'), rest);
      await given(service, address, optIn(['newsletter']));
      const again = await record(service, address, erasure('request'), rest);
      expect([again.status, again.body]).toStrictEqual([201, first.body]);
      expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'CONSENT' });
    });

    it('has no certificate for a person who was never erased', async () => {
      await given(service, address, optIn(['newsletter']));
      const { status, body } = await certificate();
      expect([status, body.code]).toStrictEqual([404, 'NOT_FOUND']);
      expect((await service.get('/v1/erasures/nobody')).status).toBe(400);
    });
  });

  describe('by retention (P7)', () => {
    it('is 409 with the grounds that still hold, and erases nothing', async () => {
      await given(service, address, optIn(['newsletter']));
      const { status, body } = await record(service, address, erasure('retention'));
      expect([status, body.code]).toStrictEqual([409, 'RETENTION_NOT_ENDED']);
      expect(body.errors).toStrictEqual([
        { field: 'reason', message: 'consent for newsletter until 2029-07-15T10:00:00.000Z' },
        { field: 'reason', message: `consent-proof for newsletter until ${ENDED}` },
      ]);
      expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'CONSENT' });
    });

    it('has a certificate with the grounds, dated when the key went', async () => {
      await given(service, address, optIn(['newsletter']));
      await endByRetention();
      const { body } = await certificate();
      expect(body).toMatchObject({
        reason: 'retention',
        keyDestroyed: true,
        grounds: [{ ground: 'consent' }, { ground: 'consent-proof', purpose: 'newsletter', endedAt: ENDED }],
      });
      expect(body.erasedAt >= AFTER).toBe(true);
    });

    it('of nobody is 200, without a certificate', async () => {
      const { status, body } = await record(service, address, erasure('retention'));
      expect([status, body.recorded, body.certificate]).toStrictEqual([200, [], undefined]);
    });
  });

  describe('under a legal hold (P7)', () => {
    it.each(['request', 'retention'])('for %s is 409 and says what to do, until the hold is lifted', async (reason) => {
      await given(service, address, optIn(['newsletter']));
      expect((await record(service, address, legalHold(true))).status).toBe(201);
      clock.set(AFTER);
      const { status, body } = await record(service, address, erasure(reason));
      expect([status, body.code]).toStrictEqual([409, 'LEGAL_HOLD']);
      expect(body.detail).toMatch(/POST \/v1\/legal-holds .*POST \/v1\/opt-outs/);
      expect(await retention()).toMatchObject({ endsAt: null });
      expect((await retention()).grounds).toContainEqual({ ground: 'legal-hold', endsAt: null });
      await record(service, address, legalHold(false, { reason: undefined }));
      expect([200, 201]).toContain((await record(service, address, erasure(reason))).status);
      expect((await certificate()).body).toMatchObject({ keyDestroyed: true });
    });

    it('changes no verdict, and repeated in a minute is one', async () => {
      await given(service, address, optIn(['newsletter']), legalHold(true));
      expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'CONSENT' });
      expect((await record(service, address, legalHold(true))).status).toBe(200);
    });

    it('needs a reason to place one', async () => {
      const { status, body } = await record(service, address, legalHold(true, { reason: undefined }));
      expect([status, body.errors[0].field]).toStrictEqual([400, 'reason']);
    });
  });

  describe('and their return (P4, P7)', () => {
    it('the opt-out stands by keyed hash: as a customer they are OPTED_OUT, and only their own opt-in ends it', async () => {
      await given(service, address, optIn(['newsletter']), optOut('all', { source: { kind: 'one-click' } }));
      await endByRetention();
      expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: false, reason: 'ERASED' });

      clock.set('2032-02-01T00:00:00Z');
      await given(service, address, customer());
      expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: false, reason: 'OPTED_OUT' });
      expect((await record(service, address, optIn(['newsletter'], { source: { kind: 'import' } }))).body.code).toBe(
        'OPTED_OUT',
      );

      clock.set('2032-03-01T00:00:00Z');
      await given(service, address, optIn(['newsletter']));
      expect(await ask(service, address, 'newsletter')).toMatchObject({ eligible: true, reason: 'CONSENT' });
      const { body } = await service.get(`/v1/contacts/${await contactId()}/history`);
      const personal = Object.fromEntries(body.events.map((event: any) => [event.type, event.personal]));
      expect(personal).toMatchObject({ OptedOut: 'erased', PersonalDataErased: null, CustomerStarted: { address } });
      expect(body.events[0]).toMatchObject({ type: 'OptedIn', personal: 'erased' });
      expect(body.events.at(-1)).toMatchObject({ type: 'OptedIn', personal: { address } });
    });

    it('without an opt-out before, an erasure by retention is none: a customer may get the newsletter', async () => {
      await given(service, address, optIn(['newsletter']));
      await endByRetention();
      clock.set('2032-02-01T00:00:00Z');
      await given(service, address, customer());
      expect(await ask(service, address, 'newsletter')).toMatchObject({ reason: 'SOFT_OPT_IN' });
    });

    it('law 6: what was answered before the erasure is answered the same after it', async () => {
      await given(service, address, optIn(['newsletter']));
      const moments = ['2026-07-01T00:00:00Z', '2029-07-15T09:59:59Z', '2029-07-15T10:00:00Z', '2031-07-15T09:59:59Z'];
      const answers = async () => {
        const verdicts = [];
        for (const at of moments)
          verdicts.push(
            (({ reason, basis, validUntil }) => ({ reason, basis, validUntil }))(
              await ask(service, address, 'newsletter', { at }),
            ),
          );
        return verdicts;
      };
      const before = await answers();
      await endByRetention();
      expect(await answers()).toStrictEqual(before);
      expect(await eventTypesOf(service, address)).toContain('PersonalDataErased');
    });
  });

  it('the retention of a contact is its grounds and what falls due next (P5, P7)', async () => {
    await given(service, address, optIn(['newsletter']));
    expect(await retention()).toMatchObject({
      endsAt: ENDED,
      next: [{ kind: 'prompt', at: '2029-06-15T10:00:00.000Z', purposes: ['newsletter'] }],
    });
  });

  it('the certificate needs the scope erase or history', async () => {
    expect((await service.get(`/v1/erasures/${await contactId()}`, { key: `${ADMIN_KEY}x` })).status).toBe(401);
  });
});
