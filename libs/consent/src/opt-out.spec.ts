import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn, optedOut } from './contact.fixture.js';
import { isStopped, optOut, undoOptOut } from './opt-out.js';
import { giftcard } from './policy.fixture.js';

const first = '2024-03-30T11:00:00.000Z';
const within = '2024-03-30T11:04:59.999Z';
const minutesLater = '2024-03-30T11:05:00.000Z';
const act = 'one-click';
const fromAll = { ...happened('OptedOut', first, { purposes: 'all' }), act };
const fromNewsletter = { ...optedOut(first), act };

/** Opt-outs are copies of one act unless said otherwise. */
function given(...events: ContactEvent[]) {
  const state = foldContact(events);
  return {
    when: (purposes: readonly string[] | 'all', at: string, of: string | undefined = act) =>
      optOut({ state, events }, { purposes, occurredAt: instant(at), act: of }, giftcard),
  };
}

function recorded(purposes: readonly string[] | 'all') {
  return { events: [{ type: 'OptedOut', data: { purposes } }] };
}

describe('an opt-out (P4)', () => {
  it('is recorded for one purpose, for some, or for all, of anyone', () => {
    expect(given().when(['newsletter'], first)).toStrictEqual(recorded(['newsletter']));
    expect(given().when(['newsletter', 'sales-contact', 'newsletter'], first)).toStrictEqual(
      recorded(['newsletter', 'sales-contact']),
    );
    expect(given().when('all', first)).toStrictEqual(recorded('all'));
  });

  it.each([
    ['of a purpose', fromNewsletter, ['newsletter']],
    [
      'of two purposes, in any order',
      { ...optedOut(first, 'newsletter', 'sales-contact'), act },
      ['sales-contact', 'newsletter'],
    ],
    ['of all', fromAll, 'all'],
  ] as const)('%s is not recorded again within five minutes, and is after that', (_sentence, event, purposes) => {
    expect(given(event).when(purposes, first)).toStrictEqual({ events: [] });
    expect(given(event).when(purposes, within)).toStrictEqual({ events: [] });
    expect(given(event).when(purposes, minutesLater)).toStrictEqual(recorded(purposes));
  });

  it('is recorded beside one of another act, however soon: that one may be taken back', () => {
    for (const before of [fromNewsletter, { ...fromNewsletter, act: 'form-1' }, optedOut(first)])
      expect(given(before).when(['newsletter'], first, 'customer-service')).toStrictEqual(recorded(['newsletter']));
  });

  it('of which nothing tells whether it is a copy is recorded', () => {
    const state = foldContact([optedOut(first)]);
    const again = { purposes: ['newsletter'], occurredAt: instant(within) };
    expect(optOut({ state, events: [optedOut(first)] }, again, giftcard)).toStrictEqual(recorded(['newsletter']));
  });

  it('is recorded where it happened before the one on record', () => {
    const before = new Date(instant(first) - 1).toISOString();
    expect(given(fromNewsletter).when(['newsletter'], before)).toStrictEqual(recorded(['newsletter']));
  });

  it('is recorded again after an opt-in', () => {
    expect(given(fromNewsletter, optedIn(within)).when(['newsletter'], within)).toStrictEqual(recorded(['newsletter']));
    expect(given(fromAll, optedIn(within, 'sales-contact')).when('all', within)).toStrictEqual(recorded('all'));
  });

  it('is recorded again after it was taken back', () => {
    const optOuts = [
      [fromNewsletter, ['newsletter']],
      [fromAll, 'all'],
    ] as const;
    for (const [event, purposes] of optOuts) {
      const undone = happened('OptOutUndone', first, { optOutId: event.id });
      expect(given(event, undone).when(purposes, within)).toStrictEqual(recorded(purposes));
    }
  });

  it('is recorded beside a wider one, so that undoing that one does not undo it too', () => {
    expect(given(fromAll).when(['newsletter'], within)).toStrictEqual(recorded(['newsletter']));
    expect(given(optedOut(first, 'newsletter', 'sales-contact')).when(['newsletter'], within)).toStrictEqual(
      recorded(['newsletter']),
    );
    expect(given(fromNewsletter).when('all', within)).toStrictEqual(recorded('all'));
  });

  it('is recorded after erasure on request, which stands for itself (P7)', () => {
    const erased = happened('PersonalDataErased', first, { reason: 'request' });
    expect(given(erased).when(['newsletter'], within)).toStrictEqual(recorded(['newsletter']));
  });

  it('of nothing is nothing', () => {
    expect(given().when([], first)).toStrictEqual({ events: [] });
  });

  it('is refused for a purpose that the policy lacks, and for service mail (P10, P1)', () => {
    expect(given().when(['advertising'], first)).toMatchObject({ refused: { code: 'UNKNOWN_PURPOSE' } });
    expect(given().when(['service'], first)).toMatchObject({ refused: { code: 'PURPOSE_NOT_COMMERCIAL' } });
  });
});

describe('what is stopped (P4)', () => {
  const stopped = (purposes: readonly string[] | 'all', ...events: ContactEvent[]) =>
    isStopped(foldContact(events), purposes);

  it('is what every purpose was stopped for, by name or with all', () => {
    expect(stopped(['newsletter'], fromNewsletter)).toBe(true);
    expect(stopped(['newsletter', 'sales-contact'], fromNewsletter)).toBe(false);
    expect(stopped(['newsletter', 'sales-contact'], fromAll)).toBe(true);
    expect(stopped('all', fromAll)).toBe(true);
    expect(stopped('all', happened('SpamReported', first, {}))).toBe(true);
    expect(stopped('all', fromNewsletter)).toBe(false);
    expect(stopped('all')).toBe(false);
  });

  it('is not what the person began again, nor what they took back', () => {
    expect(stopped('all', fromAll, optedIn(within, 'sales-contact'))).toBe(false);
    expect(stopped(['newsletter'], fromAll, optedIn(within, 'sales-contact'))).toBe(true);
    expect(stopped('all', fromAll, happened('OptOutUndone', within, { optOutId: fromAll.id }))).toBe(false);
  });
});

describe('undoing an opt-out (P4)', () => {
  const optOutId = fromAll.id;

  it('takes back the one that is named', () => {
    expect(undoOptOut(foldContact([fromAll]), { optOutId })).toStrictEqual({
      events: [{ type: 'OptOutUndone', data: { optOutId } }],
    });
  });

  it('does nothing the second time, nor for one that was never made', () => {
    const undone = happened('OptOutUndone', within, { optOutId });
    expect(undoOptOut(foldContact([fromAll, undone]), { optOutId })).toStrictEqual({ events: [] });
    expect(undoOptOut(foldContact([fromAll]), { optOutId: 'another' })).toStrictEqual({ events: [] });
  });
});
