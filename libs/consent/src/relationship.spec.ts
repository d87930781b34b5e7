import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, instant } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { recordRelationship, type RelationshipFact } from './relationship.js';

const [first, later] = ['2024-01-01T10:00:00.000Z', '2024-06-01T10:00:00.000Z'];
const ended = happened('CustomerEnded', later, {});

function given(...events: ContactEvent[]) {
  return { when: (fact: RelationshipFact) => recordRelationship(foldContact(events), fact, giftcard) };
}

const start = (...conditions: string[]) =>
  ({ kind: 'customer-started', conditions, occurredAt: instant(later) }) as const;
const fact = (kind: 'customer-ended' | 'purchase' | 'contact') => ({ kind, occurredAt: instant(later) }) as const;

function started(...conditions: string[]) {
  return { events: [{ type: 'CustomerStarted', data: { conditions } }] };
}

describe('an agreement that starts (P2)', () => {
  it('is recorded with its conditions, sorted and each once', () => {
    expect(given().when(start('similarProducts', 'optOutOffered', 'similarProducts'))).toStrictEqual(
      started('optOutOffered', 'similarProducts'),
    );
  });

  it('is recorded once while it runs, and again when the conditions are others', () => {
    expect(given(customerStarted(first, 'a', 'b')).when(start('b', 'a'))).toStrictEqual({ events: [] });
    expect(given(customerStarted(first, 'a', 'b')).when(start('a'))).toStrictEqual(started('a'));
    expect(given(customerStarted(first, 'a')).when(start('b'))).toStrictEqual(started('b'));
  });

  it('is recorded again once it ended or was erased (P7)', () => {
    const erased = happened('PersonalDataErased', later, { reason: 'retention' });
    expect(given(customerStarted(first, 'a'), ended).when(start('a'))).toStrictEqual(started('a'));
    expect(given(customerStarted(first, 'a'), erased).when(start('a'))).toStrictEqual(started('a'));
  });
});

describe('an agreement that ends (P2)', () => {
  const recorded = { events: [{ type: 'CustomerEnded', data: {} }] };

  it('is recorded where one runs, and where the start was never learnt', () => {
    expect(given(customerStarted(first)).when(fact('customer-ended'))).toStrictEqual(recorded);
    expect(given().when(fact('customer-ended'))).toStrictEqual(recorded);
  });

  it('is not recorded twice within minutes', () => {
    expect(given(customerStarted(first), ended).when(fact('customer-ended'))).toStrictEqual({ events: [] });
    expect(given(ended).when(fact('customer-ended'))).toStrictEqual({ events: [] });
  });

  it('is recorded again later, so that a start between the two that arrives late does not outlive both', () => {
    const occurredAt = Date.parse('2025-01-01T10:00:00Z');
    expect(given(customerStarted(first), ended).when({ kind: 'customer-ended', occurredAt })).toStrictEqual(recorded);
  });
});

describe('a purchase and a contact (P6)', () => {
  it.each([
    ['purchase', 'PurchaseMade'],
    ['contact', 'ContactMade'],
  ] as const)('%s is recorded each time, and once for the same instant', (kind, type) => {
    const recorded = { events: [{ type, data: {} }] };
    expect(given().when(fact(kind))).toStrictEqual(recorded);
    expect(given(happened(type, first, {})).when(fact(kind))).toStrictEqual(recorded);
    expect(given(happened(type, later, {})).when(fact(kind))).toStrictEqual({ events: [] });
  });
});
