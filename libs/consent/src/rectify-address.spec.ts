import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventsKnown, foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, instant, optedIn, optedOut, optInRequested, statement } from './contact.fixture.js';
import { decideEligibility } from './eligibility.js';
import { additions, commercial, conditions, edges, histories } from './history.fixture.js';
import { NEVER, type Instant } from './instant.js';
import { giftcard } from './policy.fixture.js';
import type { PolicyHistory } from './policy-history.js';
import { carryOver, rectifyAddress } from './rectify-address.js';
import { isWithdrawn, standingRestriction, successorOf } from './standing.js';

const history: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];
const moved = '2024-06-01T00:00:00.000Z';
const after = instant('2024-06-02T00:00:00Z');
const purposes = commercial.filter((name) => giftcard.purposes.has(name));

function reasonFor(events: readonly ContactEvent[], purpose: string, at: Instant) {
  return decideEligibility(foldContact(eventsKnown(events, at, NEVER)), history, purpose, at).reason;
}

/** Both histories once the person named the new address instead of the old one. */
function rectified(old: readonly ContactEvent[], fresh: readonly ContactEvent[], at = moved) {
  const carried = follow(old, fresh, at, true);
  return { old: [...old, happened('AddressRectified', at, { to: 'new' })], fresh: [...fresh, ...carried] };
}

/** What carrying over appends to the new history. */
function follow(old: readonly ContactEvent[], fresh: readonly ContactEvent[], at: string, adopted = false) {
  const decision = carryOver({ contactId: 'old', events: old }, foldContact(fresh), { adopted });
  if ('refused' in decision) throw new Error(decision.refused.detail);
  return decision.events.map(({ type, data }) => happened(type, at, data));
}

describe('rectifying an address (P9)', () => {
  const consent = optedIn('2023-01-01T10:00:00Z');

  it('carries consent over with its own clock, and names the act that it rests on (P5)', () => {
    const { fresh } = rectified([consent], []);
    const verdict = decideEligibility(foldContact(fresh), history, 'newsletter', after);
    expect(verdict).toMatchObject({ reason: 'CONSENT', validUntil: instant('2026-01-31T10:00:00Z') });
    expect(verdict.evidence).toStrictEqual([{ at: consent.occurredAt, id: consent.id, type: 'OptedIn' }]);
  });

  it('leaves the old address undeliverable, also for service mail, until the person opts in under it', () => {
    const { old } = rectified([consent], []);
    expect([reasonFor(old, 'newsletter', after), reasonFor(old, 'service', after)]).toStrictEqual([
      'UNDELIVERABLE',
      'UNDELIVERABLE',
    ]);
    const proven = happened('AddressProven', '2024-06-01T12:00:00Z', {});
    expect(reasonFor([...old, proven], 'service', after)).toBe('UNDELIVERABLE');
    expect(reasonFor([...old, optedIn('2024-06-01T12:00:00Z')], 'newsletter', after)).toBe('CONSENT');
  });

  it.each([
    ['an opt-out', optedOut('2022-01-01T10:00:00Z')],
    ['an opt-out from all', happened('OptedOut', '2022-01-01T10:00:00Z', { purposes: 'all' })],
    ['a complaint', happened('SpamReported', '2022-01-01T10:00:00Z', {})],
    ['a restriction', happened('ProcessingRestricted', '2022-01-01T10:00:00Z', {})],
    ['a bounce', happened('MailBounced', '2022-01-01T10:00:00Z', { permanent: true })],
  ])('ends %s of the new address by no consent of the old one, however much later (P4)', (_, against) => {
    const before = reasonFor([against], 'newsletter', after);
    expect(reasonFor(rectified([consent], [against]).fresh, 'newsletter', after)).toBe(before);
  });

  it('is a return to a new address that was erased, where an erasure on request stays an opt-out (P4, P7)', () => {
    const erased = (reason: 'request' | 'retention') =>
      happened('PersonalDataErased', '2022-01-01T10:00:00Z', { reason });
    const reasonsAfter = (reason: 'request' | 'retention') => {
      const { fresh } = rectified([consent], [erased(reason)]);
      return [reasonFor(fresh, 'newsletter', after), reasonFor(fresh, 'service', after)];
    };
    expect(reasonsAfter('retention')).toStrictEqual(['CONSENT', 'SERVICE']);
    expect(reasonsAfter('request')).toStrictEqual(['OPTED_OUT', 'SERVICE']);
  });

  it.each([
    ['an opt-out', optedOut('2023-02-01T10:00:00Z'), 'OPTED_OUT'],
    ['a complaint', happened('SpamReported', '2023-02-01T10:00:00Z', {}), 'OPTED_OUT'],
    [
      'an erasure on request',
      happened('PersonalDataErased', '2023-02-01T10:00:00Z', { reason: 'request' }),
      'OPTED_OUT',
    ],
    ['a restriction', happened('ProcessingRestricted', '2023-02-01T10:00:00Z', {}), 'RESTRICTED'],
  ])('ends %s of the old address by no earlier opt-in under the new one (P4)', (_, against, reason) => {
    const { fresh } = rectified([consent, against], [optedIn('2024-01-01T10:00:00Z')]);
    expect(reasonFor(fresh, 'newsletter', after)).toBe(reason);
    const again = [...fresh, optedIn('2024-06-01T12:00:00Z')];
    expect(reasonFor(again, 'newsletter', after)).toBe(reason === 'RESTRICTED' ? 'RESTRICTED' : 'CONSENT');
  });

  it('leaves out of an opt-out from all what the person opted in to again', () => {
    const old = [happened('OptedOut', '2022-01-01T10:00:00Z', { purposes: 'all' }), consent];
    const { fresh } = rectified(old, []);
    expect(purposes.map((purpose) => reasonFor(fresh, purpose, after))).toStrictEqual([
      'CONSENT',
      'OPTED_OUT',
      'OPTED_OUT',
    ]);
  });

  it('carries the customer relationship over with its conditions and its end (P2)', () => {
    const old = [customerStarted('2023-01-01T00:00:00Z', ...conditions)];
    expect(reasonFor(rectified(old, []).fresh, 'newsletter', after)).toBe('SOFT_OPT_IN');
    const ended = [...old, happened('CustomerEnded', '2023-02-01T00:00:00Z', {})];
    expect(reasonFor(rectified(ended, []).fresh, 'newsletter', after)).toBe('RELATIONSHIP_ENDED');
  });

  it('carries the clock of sales contact over (P6)', () => {
    const old = [optedIn('2022-01-01T00:00:00Z', 'sales-contact'), happened('ContactMade', '2024-01-01T00:00:00Z', {})];
    expect(reasonFor(rectified(old, []).fresh, 'sales-contact', after)).toBe('CONSENT');
  });

  it('is said once', () => {
    const { old, fresh } = rectified([consent], []);
    expect(rectifyAddress(foldContact(old), { to: 'new' })).toStrictEqual({ events: [] });
    expect(follow(old, fresh, moved, true)).toStrictEqual([]);
  });

  it('back to the first address makes that one count again', () => {
    const { old, fresh } = rectified([consent], []);
    const back = carryOver({ contactId: 'new', events: fresh }, foldContact(old), { adopted: true });
    const [adopted] = 'events' in back ? back.events : [];
    const again = [...old, happened(adopted!.type, '2024-06-01T12:00:00Z', adopted!.data)];
    expect(successorOf(foldContact(again))).toBeUndefined();
    expect(reasonFor(again, 'newsletter', after)).toBe('CONSENT');
  });
});

describe('links mailed to an old address (P9)', () => {
  const later = '2024-06-01T12:00:00.000Z';
  const both = rectified([optedIn('2023-01-01T10:00:00Z')], [optedIn('2024-01-01T10:00:00Z')]);

  it('opt out of mail to the new address too, and take that back', () => {
    const optOut = optedOut(later);
    const fresh = [...both.fresh, ...follow([...both.old, optOut], both.fresh, later)];
    expect(reasonFor(fresh, 'newsletter', after)).toBe('OPTED_OUT');
    const undone = happened('OptOutUndone', '2024-06-01T13:00:00Z', { optOutId: optOut.id });
    const again = [...fresh, ...follow([...both.old, optOut, undone], fresh, '2024-06-01T13:00:00Z')];
    expect(reasonFor(again, 'newsletter', after)).toBe('CONSENT');
  });

  it('confirm what was asked for before, and renew', () => {
    const request = optInRequested('2024-05-01T10:00:00Z', 'event-invitation');
    const { old, fresh } = rectified([optedIn('2021-06-03T10:00:00Z'), request], []);
    const data = { purposes: ['event-invitation'], statement, requestId: request.id };
    const confirmed = [...old, happened('OptInConfirmed', later, data)];
    const withEvents = [...fresh, ...follow(confirmed, fresh, later)];
    expect(reasonFor(withEvents, 'event-invitation', after)).toBe('CONSENT');
    const renewed = [...old, happened('ConsentRenewed', later, { purposes: ['newsletter'], statement })];
    const nextYear = instant('2025-06-01T00:00:00Z');
    expect(reasonFor(fresh, 'newsletter', nextYear)).toBe('CONSENT_LAPSED');
    expect(reasonFor([...fresh, ...follow(renewed, fresh, later)], 'newsletter', nextYear)).toBe('CONSENT');
  });

  it('are not taken for what somebody opts in to who has the old address now', () => {
    const request = { ...optInRequested('2024-06-01T11:00:00Z', 'event-invitation') };
    const stranger = [optedIn(later, 'sales-contact'), request];
    const data = { purposes: ['event-invitation'], statement, requestId: request.id };
    expect(
      follow([...both.old, ...stranger, happened('OptInConfirmed', later, data)], both.fresh, later),
    ).toStrictEqual([]);
  });

  it('lift with a request what was restricted while it was judged', () => {
    const restricted = happened('ProcessingRestricted', '2024-05-01T00:00:00Z', { requestId: 'request-1' });
    const { old, fresh } = rectified([restricted, optedIn('2023-01-01T10:00:00Z')], []);
    expect(reasonFor(fresh, 'newsletter', after)).toBe('RESTRICTED');
    const lifted = [...old, happened('RestrictionLifted', later, { requestId: 'request-1' })];
    expect(reasonFor([...fresh, ...follow(lifted, fresh, later)], 'newsletter', after)).toBe('CONSENT');
  });
});

describe('every merge (P4, P9)', () => {
  const end = new Date(edges.at(-1)! + 500 * 86_400_000).toISOString();
  /** A history whose events, and the requests and the elsewhere that they name, are told from those of every other. */
  const named = (events: readonly ContactEvent[], name: string): ContactEvent[] =>
    events.map((event) => {
      const whose = event.type === 'PreferencesCarriedOver' ? `${name}-elsewhere` : name;
      const data = JSON.stringify(event.data)
        .replaceAll('"event-', `"${whose}-event-`)
        .replaceAll('"request-', `"${name}-request-`);
      return { ...event, id: `${name}-${event.id}`, data: JSON.parse(data) as object } as ContactEvent;
    });

  it('answers no where either address has something against it, and yes only where one of them did', () => {
    let yes = 0;
    let stopped = 0;
    fc.assert(
      fc.property(histories(), histories(), (one, other) => {
        const [old, fresh] = [named(one, 'old'), named(other, 'new')];
        const both = rectified(old, fresh, end);
        const at = instant(end) + 1;
        const [theirs, ours] = [foldContact(old), foldContact(fresh)];
        for (const purpose of purposes) {
          const verdict = decideEligibility(foldContact(both.fresh), history, purpose, at);
          const stops = [standingRestriction(theirs), standingRestriction(ours)];
          const against = isWithdrawn(theirs, purpose) || isWithdrawn(ours, purpose) || stops.some(Boolean);
          if (against) stopped++;
          if (against && verdict.eligible) throw new Error(`${purpose} is ${verdict.reason}`);
          if (verdict.eligible) yes++;
          expect(decideEligibility(foldContact(both.old), history, purpose, at).eligible).toBe(false);
        }
      }),
      { numRuns: 1_500 },
    );
    expect(Math.min(yes, stopped)).toBeGreaterThan(50);
  });

  it('carries over once: a second time finds nothing to add, whatever the histories', () => {
    fc.assert(
      fc.property(histories(), histories(), (one, other) => {
        const both = rectified(named(one, 'old'), named(other, 'new'), end);
        expect(follow(both.old, both.fresh, end)).toStrictEqual([]);
      }),
      { numRuns: 1_500 },
    );
  });

  it('is the same verdict in whatever order late facts of the new address arrive (law 1)', () => {
    fc.assert(
      fc.property(histories(), histories(), additions(), (one, other, late) => {
        const both = rectified(named(one, 'old'), named(other, 'new'), end);
        const at = instant(end) + 1;
        for (const purpose of purposes)
          expect(reasonFor([...late, ...both.fresh], purpose, at)).toBe(
            reasonFor([...both.fresh, ...late].reverse(), purpose, at),
          );
      }),
      { numRuns: 500 },
    );
  });
});
