import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant } from './contact.fixture.js';
import { placeLegalHold } from './legal-hold.js';
import { giftcard } from './policy.fixture.js';

const [first, within, minutesLater] = [
  '2024-06-01T10:00:00.000Z',
  '2024-06-01T10:04:59.999Z',
  '2024-06-01T10:05:00.000Z',
];
const placed = happened('LegalHoldPlaced', first, {});
const lifted = happened('LegalHoldLifted', within, {});

function given(...events: ContactEvent[]) {
  const state = foldContact(events);
  return {
    when: (held: boolean, at: string) => placeLegalHold(state, { held, occurredAt: instant(at) }, giftcard),
  };
}

describe('placing a legal hold (P7)', () => {
  const recorded = { events: [{ type: 'LegalHoldPlaced', data: {} }] };

  it('is recorded, once in five minutes while it stands', () => {
    expect(given().when(true, first)).toStrictEqual(recorded);
    expect(given(placed).when(true, within)).toStrictEqual({ events: [] });
    expect(given(placed).when(true, minutesLater)).toStrictEqual(recorded);
  });

  it('is recorded again after it was lifted', () => {
    expect(given(placed, lifted).when(true, within)).toStrictEqual(recorded);
  });
});

describe('lifting a legal hold (P7)', () => {
  it('is recorded where one stands, and only there', () => {
    expect(given(placed).when(false, within)).toStrictEqual({ events: [{ type: 'LegalHoldLifted', data: {} }] });
    expect(given(placed, lifted).when(false, minutesLater)).toStrictEqual({ events: [] });
    expect(given().when(false, first)).toStrictEqual({ events: [] });
  });
});
