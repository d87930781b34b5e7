import { createConsentLedgerClient, ProblemError, type ConsentLedgerClient } from '@consent-ledger/client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, eventually, startService, type TestService } from '../support/service.js';
import { clockAt, signupForm, somebody } from './given.js';

const NOW = '2026-06-15T10:00:00.000Z';
const purposes = ['newsletter'];
const webForm = { kind: 'web-form' } as const;
const crm = { kind: 'crm' } as const;

describe('the client, against the service itself', () => {
  const clock = clockAt(NOW);
  let service: TestService;
  let ledger: ConsentLedgerClient;
  let address: string;

  beforeAll(async () => {
    service = await startService({ clock });
    ledger = createConsentLedgerClient({ baseUrl: service.url, apiKey: ADMIN_KEY });
  });
  beforeEach(() => {
    clock.set(NOW);
    address = somebody();
  });
  afterAll(() => service.stop());

  const optIn = () => ledger.optIn({ address, purposes, statement: signupForm, source: webForm });
  const refusal = (call: Promise<unknown>) =>
    call.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('records that a person opts in, asks, records that they opt out, and asks again', async () => {
    const { position, recorded } = await optIn();
    expect(recorded).toMatchObject([{ type: 'OptedIn' }]);
    const question = { address, purpose: 'newsletter' };
    expect(await ledger.mayISend({ ...question, minPosition: position })).toMatchObject({
      eligible: true,
      reason: 'CONSENT',
      validUntil: '2029-07-15T10:00:00.000Z',
      evidence: [{ eventId: recorded[0]!.eventId }],
    });
    const out = await ledger.optOut({ address, purposes: 'all', source: webForm });
    const refused = await ledger.mayISend({ ...question, minPosition: out.position });
    expect(refused).toMatchObject({ eligible: false, reason: 'OPTED_OUT', validUntil: null });
  });

  it('records every kind of fact, by address and by contact id', async () => {
    const { contactId } = await optIn();
    const types = [
      await ledger.recordRelationship({ contactId, kind: 'customer-started', optOutOffered: true, source: crm }),
      await ledger.recordDeliverability({
        address,
        kind: 'bounced',
        permanent: true,
        source: { kind: 'mail-provider' },
      }),
      await ledger.restrict({ contactId, restricted: true, reason: 'Bezwaar', source: { kind: 'customer-service' } }),
      await ledger.erase({ contactId, reason: 'request', source: { kind: 'customer-service' } }),
    ].flatMap(({ recorded }) => recorded.map(({ type }) => type));
    expect(types).toStrictEqual(['CustomerStarted', 'MailBounced', 'ProcessingRestricted', 'PersonalDataErased']);
  });

  it('may retry with its key, and may not write over what it has not seen', async () => {
    const fact = { address, purposes, source: webForm } as const;
    const first = await ledger.optOut(fact, { idempotencyKey: 'one' });
    expect(await ledger.optOut(fact, { idempotencyKey: 'one' })).toStrictEqual(first);
    clock.set('2026-06-16T10:00:00.000Z');
    await ledger.recordRelationship({ address, kind: 'contact', source: crm }, { ifRevision: first.revision });
    const late = await refusal(
      ledger.optOut({ address, purposes: 'all', source: webForm }, { ifRevision: first.revision }),
    );
    expect(late).toMatchObject({ code: 'PRECONDITION_FAILED', status: 412 });
  });

  it('is told by which rule the service refused', async () => {
    await ledger.optOut({ address, purposes: 'all', source: webForm });
    const imported = { address, purposes, statement: signupForm, source: { kind: 'import' } } as const;
    const error = await refusal(ledger.optIn(imported, { correlationId: 'import-7' }));
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toMatchObject({ code: 'OPTED_OUT', status: 409, problem: { correlationId: 'import-7' } });
    const unknown = await refusal(ledger.mayISend({ address, purpose: 'profiling' }));
    expect(unknown).toMatchObject({ code: 'UNKNOWN_PURPOSE', status: 422 });
    const stranger = createConsentLedgerClient({ baseUrl: service.url, apiKey: 'wrong' });
    expect(await refusal(stranger.policies())).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 });
  });

  it('asks for many at once, and for any number one by one, in the order asked', async () => {
    const { position } = await optIn();
    await ledger.mayISend({ address, purpose: 'newsletter', minPosition: position });
    const addresses = [address, 'nobody@example.org', 'not an address'];
    const expected = ['CONSENT', 'UNKNOWN_CONTACT', 'INVALID_ADDRESS'];
    const { results } = await ledger.mayISendBatch('newsletter', addresses);
    expect(results.map(({ reason }) => reason)).toStrictEqual(expected);

    const many = Array.from({ length: 9_000 }, (_, index) => addresses[index % 3]!);
    const streamed: string[] = [];
    for await (const { reason } of ledger.mayISendEach('newsletter', many)) streamed.push(reason);
    expect(streamed).toStrictEqual(many.map((_, index) => expected[index % 3]));
  });

  it('may choose whom to ask about next by the last answer', async () => {
    let answered = 0;
    async function* patiently() {
      for (let asked = 0; asked < 3; asked++) {
        await eventually(() => {
          if (answered < asked) throw new Error('The last answer is not there yet.');
        });
        yield address;
      }
    }
    for await (const { reason } of ledger.mayISendEach('newsletter', patiently())) {
      expect(reason).toBe('UNKNOWN_CONTACT');
      answered++;
    }
    expect(answered).toBe(3);
  });

  it('may stop in the middle of the answers', async () => {
    function* endless() {
      for (;;) yield address;
    }
    let taken = 0;
    for await (const { reason } of ledger.mayISendEach('newsletter', endless())) {
      expect(reason).toBe('UNKNOWN_CONTACT');
      if (++taken === 5_000) break;
    }
    expect(taken).toBe(5_000);
    expect((await service.get('/health/ready')).status).toBe(200);
  });

  it('reads what is known of a contact, what happened, and why an answer was given', async () => {
    const { contactId } = await optIn();
    clock.set('2026-06-16T10:00:00.000Z');
    await ledger.optOut({ contactId, purposes, source: webForm });
    expect(await ledger.lookUp(address)).toStrictEqual({ contactId, known: true });
    const { preferences } = await ledger.preferences(contactId);
    expect(preferences.find(({ purpose }) => purpose === 'newsletter')).toMatchObject({ reason: 'OPTED_OUT' });
    const types = async (moment: { at?: string }) =>
      (await ledger.history(contactId, moment)).events.map(({ type }) => type);
    expect(await types({})).toStrictEqual(['OptedIn', 'OptedOut']);
    expect(await types({ at: NOW })).toStrictEqual(['OptedIn']);
    const { verdict, trace } = await ledger.replay(contactId, { purpose: 'newsletter', at: NOW });
    expect([verdict.reason, trace.at(-1)?.row]).toStrictEqual(['CONSENT', 6]);
    expect(await ledger.policies()).toMatchObject([{ id: 'dnp-giftcard', version: 1 }]);
  });

  it('sends a mailing, adds recipients to it, and follows it to its end', async () => {
    const { contactId } = await optIn();
    const mailing = { id: 'spring', purpose: 'newsletter', template: 'newsletter', subject: 'Lente' };
    expect(await ledger.createMailing(mailing)).toMatchObject({ id: 'spring', state: 'open' });
    const recipients = [{ address }, { address }, { address: 'nobody@example.org' }, { address: 'nowhere' }];
    expect(await ledger.addRecipients('spring', recipients)).toMatchObject({ accepted: 2, duplicates: 1, invalid: 1 });
    await eventually(async () => {
      expect(await ledger.mailing('spring')).toMatchObject({
        state: 'completed',
        sent: 1,
        suppressed: { UNKNOWN_CONTACT: 1 },
      });
    });
    expect(await ledger.deliveries(contactId)).toMatchObject([{ mailingId: 'spring', status: 'sent' }]);
  });
});
