import { describe, expect, it } from '@jest/globals';
import { confirmOptIn, requestStanding } from './confirm-opt-in.js';
import { happened, optedIn, optedOut, optInRequested, statement } from './contact.fixture.js';

const [before, then, after] = ['2024-01-01T10:00:00.000Z', '2024-02-01T10:00:00.000Z', '2024-02-02T10:00:00.000Z'];
const request = optInRequested(then, 'newsletter', 'sales-contact');
const command = { requestId: request.id };
const confirmation = { purposes: ['newsletter', 'sales-contact'], statement, requestId: request.id };
const recorded = { events: [{ type: 'OptInConfirmed', data: confirmation }] };

describe('confirming an opt-in (P3)', () => {
  it('gives the consent that was asked for, with the statement that was shown', () => {
    expect(confirmOptIn([request], command)).toStrictEqual(recorded);
  });

  it('does nothing the second time, also after a later opt-out', () => {
    const confirmed = happened('OptInConfirmed', after, confirmation);
    expect(confirmOptIn([request, confirmed], command)).toStrictEqual({ events: [] });
    expect(confirmOptIn([request, confirmed, optedOut(after)], command)).toStrictEqual({ events: [] });
  });

  it('ends an opt-out from before it was asked for (P4)', () => {
    expect(confirmOptIn([optedOut(before), request], command)).toStrictEqual(recorded);
  });

  it('is not overtaken by an opt-out of another purpose, nor by one that was taken back', () => {
    const last = optedOut(after);
    const undone = happened('OptOutUndone', after, { optOutId: last.id });
    expect(confirmOptIn([request, optedOut(after, 'event-invitation')], command)).toStrictEqual(recorded);
    expect(confirmOptIn([request, last, undone], command)).toStrictEqual(recorded);
  });

  it.each([
    ['an opt-out of one of its purposes', optedOut(after)],
    ['an opt-out at the same instant', optedOut(then)],
    ['an opt-out of all', happened('OptedOut', after, { purposes: 'all' })],
    ['a spam complaint', happened('SpamReported', after, {})],
    ['an erasure', happened('PersonalDataErased', after, { reason: 'retention' })],
  ])('is refused when it was overtaken by %s (P4)', (_sentence, event) => {
    expect(confirmOptIn([event, request], command)).toStrictEqual({
      refused: {
        code: 'REQUEST_OVERTAKEN',
        detail: 'Something later stands against this opt-in; ask for it again.',
      },
    });
  });

  it.each(['unknown', optedIn(before).id])('is refused for "%s", which waits for none', (requestId) => {
    expect(confirmOptIn([request, optedIn(before)], { requestId })).toStrictEqual({
      refused: {
        code: 'NO_SUCH_REQUEST',
        detail: 'No opt-in that waits for a confirmation belongs to this link.',
      },
    });
  });
});

describe('how a request for an opt-in stands (P3)', () => {
  const confirmed = happened('OptInConfirmed', after, confirmation);
  const last = optedOut('2024-02-03T10:00:00.000Z');

  it.each([
    ['waiting', [request]],
    ['waiting', [optedOut(before), request]],
    ['confirmed', [request, confirmed]],
    ['confirmed', [request, optedOut(after, 'event-invitation'), confirmed]],
    ['overtaken', [request, optedOut(after)]],
    ['overtaken', [request, confirmed, last]],
    ['confirmed', [request, confirmed, last, happened('OptOutUndone', after, { optOutId: last.id })]],
  ])('is "%s"', (standing, events) => {
    expect(requestStanding(events, request.id)).toBe(standing);
  });

  it('is unknown for what is no request', () => {
    expect(requestStanding([optedIn(before)], optedIn(before).id)).toBeUndefined();
  });
});
