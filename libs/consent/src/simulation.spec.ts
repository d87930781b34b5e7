import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { customerStarted, happened, instant, optedIn, optedOut, statement } from './contact.fixture.js';
import { evolve, foldContact, type ContactEvent, type ContactState } from './contact.js';
import { forecast, nextDue, recordedAsDue } from './due-dates.js';
import { decideEligibility } from './eligibility.js';
import { histories, moments, policies } from './history.fixture.js';
import { NEVER, type Instant } from './instant.js';
import { policiesKnown, policyInForce, supposing, type PolicyHistory } from './policy-history.js';
import { compilePolicy } from './policy.js';
import { giftcard, giftcardDocument, harbour, orchard } from './policy.fixture.js';
import {
  createTally,
  lookAhead,
  mergeCounts,
  monthsFrom,
  refusalUnder,
  type DueCounts,
  type Outlook,
  type SimulationCounts,
} from './simulation.js';

const dnp: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];
const given = optedIn('2020-02-29T11:00:00Z');
const none: DueCounts = { prompts: 0, reminders: 0, lapses: {}, evidenceEnds: 0, erasures: 0 };
const DAY = 86_400_000;

const { newsletter } = giftcardDocument.purposes;
const shorter = compilePolicy({
  ...giftcardDocument,
  version: 2,
  inForceFrom: '2022-06-01T00:00:00+02:00',
  purposes: {
    ...giftcardDocument.purposes,
    newsletter: { ...newsletter!, consent: { renewAfter: 'P1Y', answerWindow: 'P30D' } },
  },
});

function outlook(at: string, months = 36, history = dnp): Outlook {
  return { history, at: instant(at), months: monthsFrom(history, instant(at), months) };
}

function count(plan: Outlook, ...contacts: readonly (readonly ContactEvent[])[]): SimulationCounts {
  const tally = createTally(plan);
  for (const events of contacts) tally.add(foldContact(events));
  return tally.counts;
}

/** The months in which anything falls due, by name. */
function busyMonths({ months }: Outlook, counts: SimulationCounts): Record<string, Partial<DueCounts>> {
  const busy = months.flatMap(({ name }, index) => {
    const entries = Object.entries(counts.months[index]!).filter(([, value]) =>
      typeof value === 'number' ? value > 0 : Object.keys(value as object).length > 0,
    );
    return entries.length > 0 ? [[name, Object.fromEntries(entries)]] : [];
  });
  return Object.fromEntries(busy) as Record<string, Partial<DueCounts>>;
}

describe('The months of a simulation', () => {
  it('are those of the calendar in the zone of the policy, the first from the moment on', () => {
    const told = monthsFrom(dnp, instant('2026-02-28T23:30:00Z'), 3).map(({ name, from, until }) => [
      name,
      new Date(from).toISOString(),
      new Date(until).toISOString(),
    ]);
    expect(told).toStrictEqual([
      ['2026-03', '2026-02-28T23:30:00.000Z', '2026-03-31T22:00:00.000Z'],
      ['2026-04', '2026-03-31T22:00:00.000Z', '2026-04-30T22:00:00.000Z'],
      ['2026-05', '2026-04-30T22:00:00.000Z', '2026-05-31T22:00:00.000Z'],
    ]);
  });
});

describe('What a simulation counts', () => {
  it('is in each month what falls due in it: the prompt, the reminder, the lapse and the erasure (P5, P7)', () => {
    const plan = outlook('2023-02-01T00:00:00Z');
    const other = optedIn('2020-03-10T11:00:00Z', 'newsletter', 'event-invitation');
    expect(busyMonths(plan, count(plan, [given], [other], [optedOut('2020-01-01T12:00:00Z')]))).toStrictEqual({
      '2023-02': { prompts: 1 },
      '2023-03': { prompts: 1, reminders: 2, lapses: { newsletter: 1 } },
      '2023-04': { lapses: { newsletter: 1, 'event-invitation': 1 } },
      '2025-03': { erasures: 1 },
      '2025-04': { erasures: 1 },
    });
  });

  it('is who may be sent what at the moment, by reason', () => {
    const customer = customerStarted('2021-01-01T12:00:00Z', ...giftcardDocument.softOptIn!.conditions);
    const counts = count(
      outlook('2023-02-01T00:00:00Z'),
      [given],
      [customer],
      [given, optedOut('2021-01-01T12:00:00Z')],
    );
    expect(counts.contacts).toBe(3);
    expect(counts.purposes['newsletter']).toStrictEqual({
      eligible: 2,
      gained: 0,
      lost: 0,
      reasons: { CONSENT: 1, SOFT_OPT_IN: 1, OPTED_OUT: 1 },
    });
    expect(counts.purposes['service']).toMatchObject({ eligible: 3, reasons: { SERVICE: 3 } });
  });

  it('tells what was due before the moment and is not on record apart from the months (P5)', () => {
    const plan = outlook('2023-03-20T00:00:00Z');
    const counts = count(plan, [given]);
    expect(counts.overdue).toStrictEqual({ ...none, prompts: 1, reminders: 1 });
    expect(busyMonths(plan, counts)).toStrictEqual({
      '2023-03': { lapses: { newsletter: 1 } },
      '2025-03': { erasures: 1 },
    });
  });

  it('follows a supposed policy from the moment at which it would be in force, and says who gains and who loses', () => {
    const at = instant('2022-06-15T00:00:00Z');
    const supposed = supposing(dnp, shorter, at);
    const plan: Outlook = { history: supposed, at, months: monthsFrom(supposed, at, 2), comparedWith: dnp };
    const counts = count(plan, [given], [optedIn('2021-06-20T12:00:00Z')]);
    expect(counts.purposes['newsletter']).toMatchObject({ eligible: 1, gained: 0, lost: 1 });
    expect(counts.overdue).toStrictEqual(none);
    expect(busyMonths(plan, counts)).toStrictEqual({
      '2022-06': { prompts: 1, lapses: { newsletter: 1 } },
      '2022-07': { lapses: { newsletter: 1 } },
    });
  });

  it('counts a purpose that the supposed policy lacks as lost to all who may be sent it now (P10)', () => {
    const at = instant('2022-06-15T00:00:00Z');
    const { newsletter: _newsletter, ...kept } = giftcardDocument.purposes;
    const { softOptIn: _softOptIn, reconsent: _reconsent, ...rest } = giftcardDocument;
    const lacking = compilePolicy({ ...rest, version: 2, purposes: kept, statements: [] });
    const history = supposing(dnp, lacking, at);
    const counts = count({ history, at, months: [], comparedWith: dnp }, [given]);
    expect(counts.purposes['newsletter']).toStrictEqual({ eligible: 0, gained: 0, lost: 1, reasons: {} });
  });

  it('is nothing for no contacts and no months', () => {
    expect(count(outlook('2023-02-01T00:00:00Z', 0))).toMatchObject({ contacts: 0, overdue: none, months: [] });
  });
});

describe('A message that was sent', () => {
  it('would have been refused by another policy for the reason that it gives at that moment (law 3)', () => {
    const sentAt = instant('2022-01-01T12:00:00Z');
    const state = foldContact([given]);
    expect(refusalUnder(giftcard, state, 'newsletter', sentAt)).toBeUndefined();
    expect(refusalUnder(shorter, state, 'newsletter', sentAt)).toBe('CONSENT_LAPSED');
    expect(refusalUnder(orchard, state, 'personalised-message', sentAt)).toBe('UNKNOWN_PURPOSE');
  });
});

describe('What lies ahead of a contact', () => {
  function told(events: readonly ContactEvent[], from: string, until: string): string[] {
    return [...lookAhead(foldContact(events), dnp, instant(from), instant(until))].map(({ at, due, verdicts }) =>
      [new Date(at).toISOString(), due?.kind, verdicts.get('newsletter')!.reason].join(' '),
    );
  }

  it('is a re-consent from prompt to lapse and to the end of its proof, with the verdicts between (P5, P7)', () => {
    expect(told([given], '2022-01-01T00:00:00Z', '2030-01-01T00:00:00Z')).toStrictEqual([
      '2022-01-01T00:00:00.000Z  CONSENT',
      '2023-02-28T11:00:00.000Z prompt CONSENT',
      '2023-03-14T11:00:00.000Z reminder CONSENT',
      '2023-03-30T10:00:00.000Z lapse CONSENT_LAPSED',
      '2025-03-30T10:00:00.000Z retention-end ERASED',
    ]);
  });

  it('tells a verdict that changes without anything falling due: the end of a soft opt-in (P2)', () => {
    const customer = customerStarted('2021-01-01T12:00:00Z', ...giftcardDocument.softOptIn!.conditions);
    const purchase = happened('PurchaseMade', '2021-01-01T12:00:00Z', {});
    const ended = happened('CustomerEnded', '2022-01-01T12:00:00Z', {});
    expect(told([customer, purchase, ended], '2022-02-01T00:00:00Z', '2024-01-01T00:00:00Z')).toStrictEqual([
      '2022-02-01T00:00:00.000Z  SOFT_OPT_IN',
      '2023-01-01T12:00:00.000Z  RELATIONSHIP_ENDED',
    ]);
  });

  it('tells what is overdue at the instant at which it was due, before anything else', () => {
    expect(told([given], '2023-03-20T00:00:00Z', '2023-03-25T00:00:00Z')).toStrictEqual([
      '2023-03-20T00:00:00.000Z  CONSENT',
      '2023-02-28T11:00:00.000Z prompt CONSENT',
      '2023-03-14T11:00:00.000Z reminder CONSENT',
    ]);
  });

  it('ends before the instant that it is asked for', () => {
    const renewed = happened('ConsentRenewed', '2023-03-01T11:00:00Z', { purposes: ['newsletter'], statement });
    expect(told([given, renewed], '2023-03-02T00:00:00Z', '2026-03-01T11:00:00Z')).toHaveLength(1);
  });
});

describe('Laws of a simulation', () => {
  const contacts = fc.array(histories(), { minLength: 1, maxLength: 4 });
  const plans = fc.tuple(policies, moments, fc.integer({ min: 0, max: 40 }));

  it('the months and what is overdue add up to what is forecast (P5, P7, P8)', () => {
    let dues = 0;
    fc.assert(
      fc.property(contacts, plans, (all, [history, at, length]) => {
        const plan = { history, at, months: monthsFrom(history, at, length) };
        const expected = all
          .flatMap((events) => [...forecast(foldContact(events), history, plan.months.at(-1)?.until ?? at)])
          .map((due) => (due.kind === 'lapse' ? due.purposes.length : 1))
          .reduce((sum, each) => sum + each, 0);
        dues += expected;
        expect(sumOf(count(plan, ...all))).toBe(expected);
      }),
    );
    expect(dues).toBeGreaterThan(40);
  });

  it('the answers are those of single questions, one by one, whatever is supposed', () => {
    fc.assert(
      fc.property(
        contacts,
        plans,
        fc.constantFrom(giftcard, harbour, orchard, shorter),
        (all, [comparedWith, at], policy) => {
          const history = supposing(comparedWith, policy, at);
          const { purposes } = count({ history, at, months: [], comparedWith }, ...all);
          for (const [purpose, { eligible, gained, lost, reasons }] of Object.entries(purposes)) {
            const pairs = all.map((events) => [
              answer(foldContact(events), history, purpose, at),
              answer(foldContact(events), comparedWith, purpose, at),
            ]);
            expect({ eligible, gained, lost }).toStrictEqual({
              eligible: pairs.filter(([then]) => then?.eligible).length,
              gained: pairs.filter(([then, now]) => then?.eligible && !now?.eligible).length,
              lost: pairs.filter(([then, now]) => !then?.eligible && now?.eligible).length,
            });
            const told = pairs.flatMap(([then]) => (then ? [then.reason] : []));
            expect(
              Object.entries(reasons)
                .flatMap(([reason, times]) => Array<string>(times).fill(reason))
                .sort(),
            ).toStrictEqual(told.sort());
          }
        },
      ),
    );
  });

  it('counting in parts and merging is counting at once', () => {
    fc.assert(
      fc.property(contacts, contacts, plans, (some, others, [history, at, length]) => {
        const plan = { history, at, months: monthsFrom(history, at, length) };
        const merged = mergeCounts(count(plan, ...some), count(plan, ...others));
        expect(merged).toStrictEqual(count(plan, ...some, ...others));
      }),
    );
  });

  it('under the policies in force it is what comes about when a clock is driven through the months (P5, P7)', () => {
    let recorded = 0;
    fc.assert(
      fc.property(
        histories(),
        plans,
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
        (events, [published, at, length], steps) => {
          const history = policiesKnown(published, at);
          const before = foldContact(events.filter(({ occurredAt }) => occurredAt <= at));
          const months = monthsFrom(history, at, length);
          const until = months.at(-1)?.until ?? at;
          const tally = createTally({ history, at, months });
          tally.add(before);
          const lived = liveThrough(before, history, { from: at, until, steps });
          recorded += lived.length;
          const predicted = sumOf(tally.counts);
          expect(predicted).toBe(lived.reduce((sum, { weight }) => sum + weight, 0));
          for (const [index, { from, until: end }] of months.entries()) {
            const within = lived.filter((one) => one.at >= from && one.at < end && one.at >= at);
            expect(sumOfDues(tally.counts.months[index]!)).toBe(within.reduce((sum, { weight }) => sum + weight, 0));
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(recorded).toBeGreaterThan(40);
  });

  it('what lies ahead of one contact holds at every moment until the next scene (law 4)', () => {
    fc.assert(
      fc.property(histories(), policies, moments, ([...events], history, at) => {
        const state = foldContact(events.filter(({ occurredAt }) => occurredAt <= at));
        const scenes = [...lookAhead(state, history, at, NEVER)];
        for (const [index, { at: from, verdicts }] of scenes.entries()) {
          const next = scenes[index + 1];
          // What is overdue is told at its own instant, with the verdicts of now.
          if (!next || next.at <= from || from < at) continue;
          for (const { validUntil } of verdicts.values()) expect(validUntil ?? NEVER).toBeGreaterThanOrEqual(next.at);
        }
        const dues = scenes.flatMap(({ due }) => (due ? [due] : []));
        expect(dues).toMatchObject([...forecast(state, history, NEVER)].map(({ kind, at }) => ({ kind, at })));
      }),
    );
  });
});

/** What a worker records whose clock moves on by these many days at a time, again and again. */
function liveThrough(
  contact: ContactState,
  history: PolicyHistory,
  { from, until, steps }: { readonly from: Instant; readonly until: Instant; readonly steps: readonly number[] },
) {
  const lived: { readonly at: Instant; readonly weight: number }[] = [];
  let [state, now] = [contact, from];
  for (let step = 0; step === 0 || now < until; step++) {
    now = Math.min(until, now + steps[step % steps.length]! * DAY);
    for (
      let due = nextDue(state, history, now);
      due && due.at <= now && due.at < until;
      due = nextDue(state, history, now)
    ) {
      lived.push({ at: due.at, weight: due.kind === 'lapse' ? due.purposes.length : 1 });
      state = evolve(state, { ...recordedAsDue(due, `worker-${lived.length}`), recordedAt: now });
    }
  }
  return lived;
}

function answer(state: ContactState, history: PolicyHistory, purpose: string, at: Instant) {
  const moment = Math.max(at, state.latest ?? at);
  if (!policyInForce(history, at, NEVER).purposes.has(purpose)) return undefined;
  const alone: PolicyHistory = [{ policy: policyInForce(history, at, NEVER), publishedAt: 0 }];
  return decideEligibility(state, alone, purpose, moment);
}

function sumOf({ overdue, months }: SimulationCounts): number {
  return sumOfDues(overdue) + months.reduce((sum, month) => sum + sumOfDues(month), 0);
}

function sumOfDues({ prompts, reminders, lapses, evidenceEnds, erasures }: DueCounts): number {
  return Object.values(lapses).reduce((sum, each) => sum + each, prompts + reminders + evidenceEnds + erasures);
}
