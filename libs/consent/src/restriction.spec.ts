import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { liftFor, restrictFor, restrictProcessing } from './restriction.js';
import { standingRestriction } from './standing.js';

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

describe('a restriction while a request is judged (P9)', () => {
  const forRequest = happened('ProcessingRestricted', first, { requestId: 'request-1' });
  const state = foldContact([forRequest]);

  it('is recorded once', () => {
    const recorded = { events: [{ type: 'ProcessingRestricted', data: { requestId: 'request-1' } }] };
    expect(restrictFor(foldContact([]), 'request-1')).toStrictEqual(recorded);
    expect(restrictFor(state, 'request-1')).toStrictEqual({ events: [] });
  });

  it('ends with the request and with nothing else', () => {
    expect(given(forRequest).when(false, minutesLater)).toStrictEqual({ events: [] });
    expect(liftFor(state, 'request-2', { keep: false })).toStrictEqual({ events: [] });
    expect(liftFor(state, 'request-1', { keep: false })).toStrictEqual({
      events: [{ type: 'RestrictionLifted', data: { requestId: 'request-1' } }],
    });
  });

  it('leaves every other one standing when it ends', () => {
    const others = [restricted, happened('ProcessingRestricted', within, { requestId: 'request-2' })];
    const lifted = happened('RestrictionLifted', minutesLater, { requestId: 'request-1' });
    expect(standingRestriction(foldContact([forRequest, lifted]))).toBeUndefined();
    for (const other of others)
      expect(standingRestriction(foldContact([forRequest, lifted, other]))).toMatchObject({ id: other.id });
  });

  it('becomes one that stays where that was asked for', () => {
    expect(liftFor(state, 'request-1', { keep: true })).toStrictEqual({
      events: [
        { type: 'ProcessingRestricted', data: {} },
        { type: 'RestrictionLifted', data: { requestId: 'request-1' } },
      ],
    });
  });
});
