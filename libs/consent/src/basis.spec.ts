import { describe, expect, it } from '@jest/globals';
import { consentOnRecord, customerRelationship, endOfConsent, runningAgreement } from './basis.js';
import { foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, instant, optedIn, reported } from './contact.fixture.js';
import { NEVER } from './instant.js';
import type { Policy } from './policy.js';
import { giftcard, harbour, orchard } from './policy.fixture.js';

function consentFor(purpose: string, policy: Policy, ...events: ContactEvent[]) {
  return consentOnRecord(foldContact(events), policy, policy.purposes.get(purpose)!);
}

describe('the consent on record', () => {
  const given = optedIn('2022-01-01T12:00:00Z', 'newsletter', 'event-invitation', 'sales-contact');
  const act = { at: given.occurredAt, id: given.id, type: 'OptedIn' };

  it('ends three years and thirty days after the act, and never for want of contact (P5)', () => {
    expect(consentFor('newsletter', giftcard, given)).toStrictEqual({
      act,
      movedBy: undefined,
      renewalFrom: act,
      lapsesAt: instant('2025-01-31T12:00:00Z'),
      contactEndsAt: NEVER,
    });
  });

  it('ends twelve months after the last contact, and never for want of a renewal (P6)', () => {
    const purchase = happened('PurchaseMade', '2022-03-01T12:00:00Z', {});
    const contact = happened('ContactMade', '2022-02-01T12:00:00Z', {});
    expect(consentFor('sales-contact', giftcard, given, purchase, contact)).toStrictEqual({
      act,
      movedBy: { at: purchase.occurredAt, id: purchase.id, type: 'PurchaseMade' },
      renewalFrom: act,
      lapsesAt: NEVER,
      contactEndsAt: instant('2023-03-01T12:00:00Z'),
    });
  });

  it('is moved only by the contacts that the policy names (P6)', () => {
    const purchase = happened('PurchaseMade', '2022-03-01T12:00:00Z', {});
    const started = customerStarted('2022-02-01T17:00:00Z');
    expect(consentFor('newsletter', harbour, given, purchase, started)).toMatchObject({
      movedBy: { id: started.id },
      contactEndsAt: instant('2022-08-01T16:00:00Z'),
    });
  });

  it('is moved by the latest of them, in whatever order the policy names them (P6)', () => {
    const purchase = happened('PurchaseMade', '2022-02-01T12:00:00Z', {});
    const contact = happened('ContactMade', '2022-03-01T12:00:00Z', {});
    expect(consentFor('sales-contact', giftcard, given, purchase, contact)?.movedBy?.id).toBe(contact.id);
  });

  it('ends with its proof where that is kept from the day it was given, when nothing ends it before (P7)', () => {
    expect(consentFor('event-invitation', harbour, given)?.lapsesAt).toBe(instant('2024-01-01T12:00:00Z'));
    expect(consentFor('newsletter', harbour, given)?.lapsesAt).toBe(instant('2023-01-08T12:00:00Z'));
  });

  it('lapses three years after the last contact where the policy counts from there, whichever came in first (P5)', () => {
    const contact = happened('ContactMade', '2022-03-01T12:00:00Z', {});
    const purchase = happened('PurchaseMade', '2022-02-01T12:00:00Z', {});
    const consent = consentFor('newsletter', orchard, contact, given, purchase);
    expect(consent).toMatchObject({
      movedBy: { id: contact.id },
      renewalFrom: { id: contact.id },
      lapsesAt: instant('2025-03-01T12:00:00Z'),
      contactEndsAt: NEVER,
    });
  });

  it('lapses three years after it was given where no contact that counts followed (P5)', () => {
    const before = happened('ContactMade', '2021-12-31T12:00:00Z', {});
    const uncounted = customerStarted('2022-03-01T12:00:00Z');
    expect(consentFor('newsletter', orchard, before, given, uncounted)).toMatchObject({
      movedBy: undefined,
      renewalFrom: act,
      lapsesAt: instant('2025-01-01T12:00:00Z'),
    });
  });

  it('counts its answer window from where the clock of the contact ends, and each clock by its own period (P5, P6)', () => {
    const started = customerStarted('2022-03-01T12:00:00Z');
    expect(consentFor('event-invitation', orchard, given, started)).toMatchObject({
      lapsesAt: instant('2023-03-08T12:00:00Z'),
      contactEndsAt: instant('2023-09-01T11:00:00Z'),
    });
  });

  it('ends with the first of its ends', () => {
    const consent = consentFor('newsletter', harbour, given)!;
    expect(endOfConsent(consent)).toBe(consent.contactEndsAt);
    expect(endOfConsent({ ...consent, lapsesAt: 1 })).toBe(1);
  });

  it("is the person's own, whichever report came before or after it, also when it has ended (P3, P5)", () => {
    const reports = [reported('2021-01-01T12:00:00Z'), reported('2025-01-31T12:00:00Z')];
    expect(consentFor('newsletter', giftcard, given, ...reports)?.act).toStrictEqual(act);
  });

  it('is the first of several reports, and the next one where the first was taken back or erased (P3, P5)', () => {
    const [first, second] = [reported('2022-01-01T12:00:00Z'), reported('2025-02-01T12:00:00Z')];
    const takenBack = happened('OptInTakenBack', '2025-03-01T12:00:00Z', { optInIds: [first.id] });
    const erased = happened('PersonalDataErased', '2023-01-01T12:00:00Z', { reason: 'retention' });
    expect(consentFor('newsletter', giftcard, second, first)?.act.id).toBe(first.id);
    expect(consentFor('newsletter', giftcard, second, first, takenBack)?.act.id).toBe(second.id);
    expect(consentFor('newsletter', giftcard, second, first, erased)?.act.id).toBe(second.id);
  });

  it('is the report that ends first, where an earlier one ends later because of 29 February (P5)', () => {
    const [earlier, leapDay] = [reported('2024-02-28T18:00:00Z'), reported('2024-02-29T12:00:00Z')];
    expect(consentFor('newsletter', giftcard, earlier, leapDay)?.act.id).toBe(leapDay.id);
    expect(consentFor('newsletter', giftcard, leapDay, earlier)?.lapsesAt).toBe(instant('2027-03-30T11:00:00Z'));
  });

  it('is the first also of the reports that came along from another address (P9)', () => {
    const there = (at: string) =>
      ({ eventId: at, type: 'OptedIn', at, purpose: 'newsletter', actOf: 'reported' }) as const;
    const carried = (at: string, ...consents: ReturnType<typeof there>[]) =>
      happened('PreferencesCarriedOver', at, { from: 'old', consents, optOuts: [] });
    const once = carried('2025-06-01T12:00:00Z', there('2022-01-01T12:00:00.000Z'));
    const again = carried('2025-07-01T12:00:00Z', there('2025-03-01T12:00:00.000Z'));
    expect(consentFor('newsletter', giftcard, once, again)?.act.id).toBe('2022-01-01T12:00:00.000Z');
    expect(consentFor('newsletter', giftcard, reported('2021-12-31T12:00:00Z'), again, once)?.lapsesAt).toBe(
      instant('2025-01-30T12:00:00Z'),
    );
  });

  it('is none once it was erased, and none that was never given', () => {
    const erased = happened('PersonalDataErased', '2022-01-01T12:00:00Z', { reason: 'retention' });
    expect(consentFor('newsletter', giftcard, given, erased)).toBeUndefined();
    expect(consentFor('personalised-message', giftcard, given)).toBeUndefined();
  });
});

describe('the customer relationship (P2)', () => {
  const started = customerStarted('2022-01-01T12:00:00Z', 'optOutOffered');
  const ended = happened('CustomerEnded', '2024-02-29T12:00:00Z', {});
  const newsletter = giftcard.purposes.get('newsletter')!;

  it('never ends while the agreement runs', () => {
    expect(customerRelationship(foldContact([started]), giftcard, newsletter)).toMatchObject({
      missing: ['informedAtCollection', 'similarProducts'],
      endsAt: NEVER,
      evidence: [{ id: started.id }],
    });
  });

  it('ends twelve months after the agreement', () => {
    expect(customerRelationship(foldContact([started, ended]), giftcard, newsletter)).toMatchObject({
      endsAt: instant('2025-02-28T12:00:00Z'),
      evidence: [{ id: started.id }, { id: ended.id }],
    });
  });

  it('is none where the policy allows no soft opt-in, and where none was on record since erasure', () => {
    const erased = happened('PersonalDataErased', '2024-03-01T12:00:00Z', { reason: 'retention' });
    const personalised = giftcard.purposes.get('personalised-message')!;
    expect(customerRelationship(foldContact([started]), giftcard, personalised)).toBeUndefined();
    expect(customerRelationship(foldContact([started, ended, erased]), giftcard, newsletter)).toBeUndefined();
  });

  it('has an agreement that runs until it ends or is erased, also at the instant at which it started', () => {
    const at = '2022-01-01T12:00:00Z';
    const erased = happened('PersonalDataErased', at, { reason: 'retention' });
    expect(runningAgreement(foldContact([started]))?.id).toBe(started.id);
    expect(runningAgreement(foldContact([started, happened('CustomerEnded', at, {})]))).toBeUndefined();
    expect(runningAgreement(foldContact([started, erased]))).toBeUndefined();
  });
});
