import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { restrictProcessing } from './restriction.js';

const [first, within, minutesLater] = [
  '2024-06-01T10:00:00.000Z',
  '2024-06-01T10:04:59.999Z',
  '2024-06-01T10:05:00.000Z',
];
const restricted = happened('ProcessingRestricted', first, {});

function given(...events: ContactEvent[]) {
  const state = foldContact(events);
  return {
    when: (restrict: boolean, at: string) =>
      restrictProcessing(state, { restricted: restrict, occurredAt: instant(at) }, giftcard),
  };
}

describe('restricting the processing (P9)', () => {
  const recorded = { events: [{ type: 'ProcessingRestricted', data: {} }] };

  it('is recorded, once in five minutes while it stands', () => {
    expect(given().when(true, first)).toStrictEqual(recorded);
    expect(given(restricted).when(true, within)).toStrictEqual({ events: [] });
    expect(given(restricted).when(true, minutesLater)).toStrictEqual(recorded);
  });

  it('is recorded again after it was lifted', () => {
    expect(given(restricted, happened('RestrictionLifted', within, {})).when(true, within)).toStrictEqual(recorded);
  });
});

describe('lifting a restriction (P9)', () => {
  it('is recorded where one stands, and only there', () => {
    const lifted = happened('RestrictionLifted', within, {});
    expect(given(restricted).when(false, within)).toStrictEqual({ events: [{ type: 'RestrictionLifted', data: {} }] });
    expect(given(restricted, lifted).when(false, minutesLater)).toStrictEqual({ events: [] });
    expect(given().when(false, first)).toStrictEqual({ events: [] });
  });
});
