import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn } from './contact.fixture.js';
import { recordDeliverability, type DeliverabilityFact } from './deliverability.js';
import { giftcard } from './policy.fixture.js';

const [first, within, minutesLater] = [
  '2024-06-01T10:00:00.000Z',
  '2024-06-01T10:04:59.999Z',
  '2024-06-01T10:05:00.000Z',
];
const bounced = happened('MailBounced', first, { permanent: true });
const complained = happened('SpamReported', first, {});
const proven = happened('AddressProven', first, {});

function given(...events: ContactEvent[]) {
  return { when: (fact: DeliverabilityFact) => recordDeliverability(foldContact(events), fact, giftcard) };
}

const failure = (at: string, permanent = true) => ({ kind: 'bounced', permanent, occurredAt: instant(at) }) as const;
const complaint = (at: string) => ({ kind: 'complained', occurredAt: instant(at) }) as const;
const delivery = (at: string) => ({ kind: 'deliverable', occurredAt: instant(at) }) as const;

describe('a delivery failure', () => {
  const recorded = { events: [{ type: 'MailBounced', data: { permanent: true } }] };

  it('is recorded as permanent or temporary', () => {
    expect(given().when(failure(first))).toStrictEqual(recorded);
    expect(given().when(failure(first, false))).toStrictEqual({
      events: [{ type: 'MailBounced', data: { permanent: false } }],
    });
  });

  it('is recorded once in five minutes while it stands', () => {
    expect(given(bounced).when(failure(within))).toStrictEqual({ events: [] });
    expect(given(bounced).when(failure(minutesLater))).toStrictEqual(recorded);
  });

  it('is recorded again after the address was proven', () => {
    expect(given(bounced, happened('AddressProven', within, {})).when(failure(within))).toStrictEqual(recorded);
    expect(given(bounced, optedIn(within)).when(failure(within))).toStrictEqual(recorded);
  });
});

describe('a spam complaint (P4)', () => {
  const recorded = { events: [{ type: 'SpamReported', data: {} }] };

  it('is recorded, once in five minutes while it stands', () => {
    expect(given().when(complaint(first))).toStrictEqual(recorded);
    expect(given(complained).when(complaint(within))).toStrictEqual({ events: [] });
    expect(given(complained).when(complaint(minutesLater))).toStrictEqual(recorded);
  });

  it('is recorded again after an opt-in to anything: it stands against all', () => {
    expect(given(complained, optedIn(within, 'sales-contact')).when(complaint(within))).toStrictEqual(recorded);
  });
});

describe('a proof of the address', () => {
  const recorded = { events: [{ type: 'AddressProven', data: {} }] };

  it('is recorded, once in five minutes while it stands', () => {
    expect(given().when(delivery(first))).toStrictEqual(recorded);
    expect(given(proven).when(delivery(within))).toStrictEqual({ events: [] });
    expect(given(proven).when(delivery(minutesLater))).toStrictEqual(recorded);
  });

  it('is recorded again after a permanent failure', () => {
    const failed = happened('MailBounced', within, { permanent: true });
    expect(given(proven, failed).when(delivery(within))).toStrictEqual(recorded);
  });
});
