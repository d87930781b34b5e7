import {
  anna,
  by,
  createTestLedger,
  doubleOptIn,
  erase,
  given,
  later,
  nextPolicy,
  openPartOf,
  optIn,
  optOut,
  recordDeliverability,
  restrict,
  shippedPolicy,
  signupForm,
} from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { CONFIRMATIONS } from '../deliver/delivery.js';
import { DeliveriesQuery } from '../show-deliveries/show-deliveries.query.js';
import { ShowPreferencesQuery } from '../show-preferences/show-preferences.query.js';

const optedIn = { purposes: ['newsletter'], statement: signupForm, actOf: 'person' } as const;
const evidence = {
  ip: '192.0.2.7',
  userAgent: 'Lynx',
  url: 'https://example.org/form',
  note: 'Anna de Vries',
  recordingRef: 'call-7',
};

describe('opting in (P3)', () => {
  it('is recorded with the statement that was shown, and its hash', async () => {
    await given()
      .when(optIn(by(anna)))
      .thenRecords({ type: 'OptedIn', data: optedIn });
    expect(signupForm.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names each purpose once', async () => {
    await given()
      .when(optIn(by(anna), { purposes: ['newsletter', 'sales-contact', 'newsletter'] }))
      .thenRecords({ type: 'OptedIn', data: { ...optedIn, purposes: ['newsletter', 'sales-contact'] } });
  });

  it('given again is recorded again: it moves the clock of P5', async () => {
    await given(optIn(by(anna)), later(1000))
      .when(optIn(by(anna)))
      .thenRecords({ type: 'OptedIn', data: optedIn });
  });

  it('is refused without a statement of the policy, beyond what it covers, and for service mail', async () => {
    const statement = { id: 'signup-form', version: 1, language: 'nl' };
    await given()
      .when(optIn(by(anna), { statement: { ...statement, id: 'pre-ticked-box' } }))
      .thenRefuses('UNKNOWN_STATEMENT');
    await given()
      .when(optIn(by(anna), { statement: { ...statement, version: 2 } }))
      .thenRefuses('UNKNOWN_STATEMENT');
    await given()
      .when(optIn(by(anna), { statement: { ...statement, language: 'de' } }))
      .thenRefuses('UNKNOWN_STATEMENT');
    await given()
      .when(optIn(by(anna), { purposes: ['advertising'] }))
      .thenRefuses('UNKNOWN_PURPOSE');
    await given()
      .when(optIn(by(anna), { purposes: ['service'] }))
      .thenRefuses('PURPOSE_NOT_COMMERCIAL');
  });

  it('through an import is kept as reported, and is refused where the person opted out or complained (P4)', async () => {
    const imported = optIn(by(anna, { source: { kind: 'import', reference: 'list of 2019' } }));
    await given()
      .when(imported)
      .thenRecords({ type: 'OptedIn', data: { ...optedIn, actOf: 'reported' } });
    await given(optOut(by(anna)), later(1000))
      .when(imported)
      .thenRefuses('OPTED_OUT');
    await given(optOut(by(anna), 'all'), later(1000))
      .when(imported)
      .thenRefuses('OPTED_OUT');
    await given(recordDeliverability(by(anna), { kind: 'complained' }), later(1000))
      .when(imported)
      .thenRefuses('OPTED_OUT');
    await given(erase(by(anna)), later(1000))
      .when(imported)
      .thenRefuses('OPTED_OUT');
  });

  it('recorded by an agent ends an opt-out with evidence, and is refused without', async () => {
    const source = { kind: 'customer-service' } as const;
    const actor = { kind: 'agent', id: 'key-1' } as const;
    await given(optOut(by(anna)))
      .when(optIn(by(anna, { source, actor })))
      .thenRefuses('OPTED_OUT');
    await given(optOut(by(anna)))
      .when(optIn(by(anna, { source: { ...source, reference: '' }, actor }), { evidence: { note: ' ' } }))
      .thenRefuses('OPTED_OUT');
    await given(optOut(by(anna)))
      .when(optIn(by(anna, { source, actor }), { evidence: { note: 'a signed form' } }))
      .thenRecords({ type: 'OptedIn', data: optedIn });
    await given(optOut(by(anna)))
      .when(optIn(by(anna, { source: { ...source, reference: 'ticket-7' }, actor })))
      .thenRecords({ type: 'OptedIn', data: optedIn });
  });

  it('whose evidence is a call recording says when that recording is deleted (P8)', async () => {
    await given()
      .when(optIn(by(anna, { source: { kind: 'phone' } }), { evidence: { recordingRef: 'call-7' } }))
      .thenRecords({ type: 'OptedIn', data: { ...optedIn, evidenceEndsAt: '2024-03-31T11:00:00.000Z' } });
  });

  it('seals all that describes the person: the log shows none of it, and opens it until erasure', async () => {
    const { ledger, stored } = await given()
      .when(optIn(by(anna, { source: { kind: 'phone', reference: 'ticket-7 Vries' } }), { evidence }))
      .thenRecords({ type: 'OptedIn', data: { ...optedIn, evidenceEndsAt: '2024-03-31T11:00:00.000Z' } });
    const [event] = stored as [(typeof stored)[0]];
    const place = { streamId: event.streamId, eventId: event.id };
    const sealed = event.data['sealed'] as string;

    expect(JSON.stringify(event)).not.toMatch(/anna|vries|192\.0\.2|lynx|form\b(?!")|call-7|ticket-7/i);
    expect(await ledger.personalData.open(anna.contactId, place, sealed)).toStrictEqual({
      address: 'anna@example.org',
      reference: 'ticket-7 Vries',
      evidence,
    });

    await ledger.execute(erase(by(anna)));
    expect(await ledger.personalData.open(anna.contactId, place, sealed)).toBe('erased');
  });

  it('seals nothing of a contact that is named by its id alone, and makes it no key', async () => {
    const { address: _address, ...fact } = by(anna);
    const { ledger, stored } = await given().when(optIn(fact)).thenRecords({ type: 'OptedIn', data: optedIn });
    expect(stored[0]!.data).not.toHaveProperty('sealed');
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('is judged by the policy in force when it occurred, and says which', async () => {
    const ledger = await createTestLedger();
    ledger.policies.publish(
      nextPolicy('2024-03-01T00:00:00Z', { statements: [shippedPolicy.statements[1]!] }),
      Date.parse('2024-02-01T00:00:00Z'),
    );
    await expect(ledger.execute(optIn(by(anna)))).rejects.toMatchObject({ code: 'UNKNOWN_STATEMENT' });
    await ledger.execute(optIn(by(anna, { occurredAt: Date.parse('2024-02-15T00:00:00Z') })));
    const [event] = await ledger.eventsOf(anna.contactId);
    expect(event!.metadata['policyVersion']).toBe('dnp-giftcard@1');
  });
});

describe('opting in by double opt-in', () => {
  const requested = { type: 'OptInRequested', data: optedIn } as const;

  it('waits for the confirmation, and asks for the mail that carries it', async () => {
    const { ledger, answer } = await given()
      .when(doubleOptIn(by(anna)))
      .thenRecords(requested);
    expect(answer).toMatchObject({ status: 'pending' });

    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ purpose: 'newsletter', eligible: false, reason: 'PENDING_CONFIRMATION' });

    await ledger.caughtUp();
    const [delivery] = await ledger.ask(new DeliveriesQuery(anna.contactId));
    expect(delivery).toMatchObject({ mailingId: CONFIRMATIONS, purpose: 'confirmation', status: 'requested' });
    const [event] = await ledger.deliveryEvents(delivery!.deliveryId);
    expect(openPartOf(event!)).toStrictEqual({
      type: 'DeliveryRequested',
      data: {
        deliveryId: delivery!.deliveryId,
        mailingId: CONFIRMATIONS,
        contactId: anna.contactId,
        purpose: 'confirmation',
        template: 'confirm-opt-in',
        language: 'nl',
        requestId: answer.recorded[0]!.eventId,
        requestedPurposes: ['newsletter'],
      },
    });
    expect(JSON.stringify(event)).not.toContain('anna');
  });

  it('needs the address, and records nothing without', async () => {
    const { address: _address, ...fact } = by(anna);
    await given().when(doubleOptIn(fact)).thenRefuses('ADDRESS_NEEDED');
  });

  it('does not wait where consent of the person stands already: one asked for later does', async () => {
    const { ledger } = await given(optIn(by(anna)), later(1000))
      .when(doubleOptIn(by(anna)))
      .thenRecords(requested);
    const { preferences } = await ledger.ask(new ShowPreferencesQuery(anna.contactId));
    expect(preferences[0]).toMatchObject({ reason: 'CONSENT' });
  });

  it('asked for again by the same key sends one mail, also when the first try died before it asked for it', async () => {
    const ledger = await createTestLedger();
    const command = doubleOptIn(by(anna, { idempotencyKey: 'form-1' }));
    ledger.store.beforeAppend(async (streamId) => {
      if (streamId.startsWith('delivery-')) throw new Error('the process died');
    }, 2);
    await expect(ledger.execute(command)).rejects.toThrow('the process died');
    const first = await ledger.execute(command);
    const second = await ledger.execute(command);
    expect(second).toStrictEqual(first);
    expect(await ledger.eventsOf(anna.contactId)).toHaveLength(1);
    await ledger.caughtUp();
    expect(await ledger.ask(new DeliveriesQuery(anna.contactId))).toHaveLength(1);
  });

  it('asked for again after erasure gives the contact no new key', async () => {
    const ledger = await createTestLedger();
    const command = doubleOptIn(by(anna, { idempotencyKey: 'form-1' }));
    await ledger.execute(command);
    await ledger.execute(erase(by(anna)));
    await ledger.execute(command);
    expect(await ledger.vault.find(anna.contactId)).toBeUndefined();
  });

  it('is recorded while processing is restricted; the mail is for the mailer to keep back', async () => {
    await given(restrict(by(anna)))
      .when(doubleOptIn(by(anna)))
      .thenRecords(requested);
  });
});
