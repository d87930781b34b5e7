import { describe, expect, it } from '@jest/globals';
import { evolve, eventsKnown, foldContact, unknownContact, type ContactEvent } from './contact.js';
import {
  customerStarted,
  happened,
  instant,
  optedIn,
  optedOut,
  optInRequested,
  reported,
  statement,
} from './contact.fixture.js';

const monday = '2024-01-01T10:00:00.000Z';
const tuesday = '2024-01-02T10:00:00.000Z';

function markOf({ id, type, occurredAt }: ContactEvent) {
  return { at: occurredAt, id, type };
}

describe('the state of a contact', () => {
  it('holds nothing before the first event', () => {
    expect(foldContact([])).toStrictEqual(unknownContact);
    expect(unknownContact).not.toHaveProperty('latest');
  });

  it('holds the consent that the person gave, which proves the address too (P3)', () => {
    const event = optedIn(monday, 'newsletter', 'sales-contact');
    const mark = markOf(event);
    expect(foldContact([event])).toStrictEqual({
      ...unknownContact,
      latest: instant(monday),
      given: { newsletter: mark, 'sales-contact': mark },
      addressProven: mark,
    });
  });

  it('holds a reported consent apart, which proves nothing of the address (P3)', () => {
    const event = reported(monday);
    expect(foldContact([event])).toStrictEqual({
      ...unknownContact,
      latest: instant(monday),
      reported: { newsletter: markOf(event) },
      reports: [{ ...markOf(event), purposes: ['newsletter'] }],
    });
  });

  it('brings back the report before the one that was taken back, whatever the order of arrival (P3, law 1)', () => {
    const first = reported(monday, 'newsletter', 'sales-contact');
    const second = reported(tuesday);
    const takenBack = happened('OptInTakenBack', tuesday, { optInIds: [second.id] });
    const expected = { newsletter: markOf(first), 'sales-contact': markOf(first) };
    expect(foldContact([first, second, takenBack]).reported).toStrictEqual(expected);
    expect(foldContact([takenBack, takenBack, second, first]).reported).toStrictEqual(expected);
  });

  it('keeps the consent that the person gave, also when its id is taken back (P3)', () => {
    const given = optedIn(monday);
    const state = foldContact([given, happened('OptInTakenBack', tuesday, { optInIds: [given.id] })]);
    expect(state.given).toStrictEqual({ newsletter: markOf(given) });
  });

  it('counts a confirmation and a renewal as consent of the person (P3, P5)', () => {
    const confirmed = happened('OptInConfirmed', monday, { purposes: ['newsletter'], statement, requestId: 'request' });
    const renewed = happened('ConsentRenewed', tuesday, { purposes: ['newsletter'], statement });
    expect(foldContact([confirmed]).given).toStrictEqual({ newsletter: markOf(confirmed) });
    expect(foldContact([confirmed, renewed]).given).toStrictEqual({ newsletter: markOf(renewed) });
  });

  it('does not take a request for consent (P3)', () => {
    const state = foldContact([optInRequested(monday)]);
    expect(state.given).toStrictEqual({});
    expect(state.addressProven).toBeUndefined();
  });

  it('keeps every opt-out in the order of their moments, and what was taken back (P4)', () => {
    const first = optedOut(monday);
    const second = optedOut(tuesday, 'sales-contact');
    const state = foldContact([second, first, happened('OptOutUndone', tuesday, { optOutId: first.id })]);
    expect(state.optOuts).toStrictEqual([
      { ...markOf(first), purposes: ['newsletter'] },
      { ...markOf(second), purposes: ['sales-contact'] },
    ]);
    expect(state.undone).toStrictEqual([first.id]);
  });

  it('does not take a temporary failure for an undeliverable address', () => {
    expect(foldContact([happened('MailBounced', monday, { permanent: false })])).toStrictEqual({
      ...unknownContact,
      latest: instant(monday),
    });
  });

  it('takes erasure on request for an opt-out, and erasure by retention for none (P7)', () => {
    const byRetention = happened('PersonalDataErased', monday, { reason: 'retention' });
    const onRequest = happened('PersonalDataErased', tuesday, { reason: 'request' });
    expect(foldContact([byRetention]).erasedOnRequest).toBeUndefined();
    expect(foldContact([onRequest, byRetention])).toMatchObject({
      erased: markOf(onRequest),
      erasedOnRequest: markOf(onRequest),
    });
  });

  it('holds the latest prompt and lapse of each purpose, which no verdict rests on (P5)', () => {
    const prompted = happened('ReconsentPrompted', monday, { purposes: ['newsletter'] });
    const lapsed = happened('ConsentLapsed', monday, { purposes: ['newsletter'] });
    const at = instant(monday);
    expect(foldContact([prompted, lapsed])).toStrictEqual({
      ...unknownContact,
      latest: at,
      prompted: { newsletter: { at, id: prompted.id, type: 'ReconsentPrompted' } },
      lapsed: { newsletter: { at, id: lapsed.id, type: 'ConsentLapsed' } },
    });
  });

  it('of two customer starts keeps the conditions of the later (P2)', () => {
    const state = foldContact([customerStarted(tuesday, 'b'), customerStarted(monday, 'a')]);
    expect(state.customerStarted?.conditions).toStrictEqual(['b']);
  });

  it('of two customer starts at the same instant keeps the conditions of both, whatever the order (P2, law 1)', () => {
    const one = { ...customerStarted(monday, 'c', 'a', 'b'), id: 'one' };
    const other = { ...customerStarted(monday, 'b', 'c', 'd'), id: 'other' };
    const third = { ...customerStarted(monday, 'c', 'd'), id: 'third' };
    expect(foldContact([one, other]).customerStarted?.conditions).toStrictEqual(['b', 'c']);
    expect(foldContact([third, other, one, third]).customerStarted).toStrictEqual({
      ...markOf(third),
      conditions: ['c'],
    });
  });

  it('names the later event, and of two at the same instant the one with the greater id', () => {
    const [a, b] = [
      { ...happened('ContactMade', monday, {}), id: 'a' },
      { ...happened('ContactMade', monday, {}), id: 'b' },
    ];
    expect(foldContact([b, a]).contacted).toStrictEqual(markOf(b));
    expect(foldContact([a, b]).contacted).toStrictEqual(markOf(b));
  });

  it('does not change the state it started from', () => {
    const before = foldContact([optedIn(monday)]);
    const copy = structuredClone(before);
    evolve(before, optedOut(tuesday));
    evolve(before, optedIn(tuesday, 'sales-contact'));
    expect(before).toStrictEqual(copy);
  });

  it('refuses an event of a type that it does not know', () => {
    const event = { ...optedIn(monday), type: 'OptedSideways' } as unknown as ContactEvent;
    expect(() => foldContact([event])).toThrow(new TypeError('Unknown contact event: "OptedSideways"'));
  });
});

describe('the events known (law 3)', () => {
  const late = { ...optedIn(monday), recordedAt: instant(tuesday) };

  it('are those that occurred by the moment and were recorded by the moment of knowledge, both included', () => {
    expect(eventsKnown([late], instant(monday), instant(tuesday))).toStrictEqual([late]);
    expect(eventsKnown([late], instant(monday) - 1, instant(tuesday))).toStrictEqual([]);
    expect(eventsKnown([late], instant(monday), instant(tuesday) - 1)).toStrictEqual([]);
  });
});
