import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eventsKnown, foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, optedIn, optedOut } from './contact.fixture.js';
import type { Decision } from './decision.js';
import { decideEligibility, UnknownPurpose, type Verdict } from './eligibility.js';
import { retentionEndBy } from './erasure.js';
import {
  additions,
  commercial,
  conditions,
  edges,
  eventTypes,
  histories,
  policies,
  publications,
  purposes,
  questions,
} from './history.fixture.js';
import { NEVER, type Instant } from './instant.js';
import { giftcard } from './policy.fixture.js';
import { optOut, undoOptOut } from './opt-out.js';
import type { PolicyHistory } from './policy-history.js';
import type { Reason } from './verdict-table.js';

const alone: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];
const reached = new Map<Reason | 'UNKNOWN_PURPOSE', number>();

/** The verdict for moment `at` with knowledge of moment `knownAt`, or that the policy has no such purpose (P10). */
function ask(
  events: readonly ContactEvent[],
  history: PolicyHistory,
  purpose: string,
  at: Instant,
  knownAt: Instant = NEVER,
): Verdict | 'UNKNOWN_PURPOSE' {
  return decide(foldContact(eventsKnown(events, at, knownAt)), history, purpose, at, knownAt);
}

function decide(...question: Parameters<typeof decideEligibility>): Verdict | 'UNKNOWN_PURPOSE' {
  try {
    const verdict = decideEligibility(...question);
    reached.set(verdict.reason, (reached.get(verdict.reason) ?? 0) + 1);
    return verdict;
  } catch (error) {
    if (!(error instanceof UnknownPurpose)) throw error;
    return 'UNKNOWN_PURPOSE';
  }
}

/** What stays the same until `validUntil`; whether it is a yes, and on which basis, follows from the reason. */
function answerOf(verdict: Verdict | 'UNKNOWN_PURPOSE'): string {
  if (verdict === 'UNKNOWN_PURPOSE') return verdict;
  return [verdict.reason, ...(verdict.missing ?? [])].join(' ');
}

function isEligible(verdict: Verdict | 'UNKNOWN_PURPOSE'): boolean {
  return verdict !== 'UNKNOWN_PURPOSE' && verdict.eligible;
}

/** Acts of which one allows and the other forbids; `strict` wins where both happened at the same instant. */
const opposites = oppositesOf('2000-01-01T00:00:00Z');

function oppositesOf(at: string): readonly { lenient: ContactEvent; strict: ContactEvent }[] {
  const optIn = optedIn(at, ...commercial);
  const started = customerStarted(at, ...conditions);
  return [
    { lenient: optIn, strict: happened('OptedOut', at, { purposes: 'all' }) },
    { lenient: optIn, strict: optedOut(at) },
    { lenient: optIn, strict: happened('SpamReported', at, {}) },
    { lenient: optIn, strict: happened('PersonalDataErased', at, { reason: 'request' }) },
    { lenient: optIn, strict: happened('PersonalDataErased', at, { reason: 'retention' }) },
    { lenient: optIn, strict: happened('MailBounced', at, { permanent: true }) },
    { lenient: happened('AddressProven', at, {}), strict: happened('MailBounced', at, { permanent: true }) },
    { lenient: happened('RestrictionLifted', at, {}), strict: happened('ProcessingRestricted', at, {}) },
    {
      lenient: happened('RestrictionLifted', at, { requestId: 'request-1' }),
      strict: happened('ProcessingRestricted', at, { requestId: 'request-1' }),
    },
    { lenient: optIn, strict: happened('AddressRectified', at, { to: 'elsewhere' }) },
    {
      lenient: optIn,
      strict: happened('PreferencesCarriedOver', at, {
        from: 'elsewhere',
        consents: [],
        optOuts: [{ optOutId: 'theirs', purposes: 'all' }],
      }),
    },
    { lenient: started, strict: happened('CustomerEnded', at, {}) },
    { lenient: started, strict: happened('PersonalDataErased', at, { reason: 'retention' }) },
  ];
}

/** The events with some repeated, each repetition put at a place of its own. */
function scatter(events: readonly ContactEvent[], repeated: readonly ContactEvent[], places: readonly number[]) {
  return repeated.reduce((arrived, event, index) => {
    const place = (places[index] ?? 0) % (arrived.length + 1);
    return [...arrived.slice(0, place), event, ...arrived.slice(place)];
  }, events);
}

describe('law 1: order does not matter', () => {
  const shuffled = histories().chain((events) =>
    fc
      .tuple(
        fc.shuffledSubarray(events, { minLength: events.length }),
        fc.subarray(events),
        fc.array(fc.nat(), { maxLength: 7 }),
      )
      .map(([permuted, repeated, places]) => ({ events, arrived: scatter(permuted, repeated, places) })),
  );

  it('gives the same state and the same verdict for every order of arrival and every duplicate', () => {
    fc.assert(
      fc.property(shuffled, policies, questions, ({ events, arrived }, history, at) => {
        expect(foldContact(arrived)).toStrictEqual(foldContact(events));
        for (const purpose of purposes)
          expect(ask(arrived, history, purpose, at)).toStrictEqual(ask(events, history, purpose, at));
      }),
      { numRuns: 3_000 },
    );
  });

  it('does not depend on the order in which the policies are listed', () => {
    fc.assert(
      fc.property(histories(), policies, publications, questions, questions, (events, history, added, at, knownAt) => {
        const [forwards, backwards]: PolicyHistory[] = [
          [...history, added],
          [added, ...[...history].reverse()],
        ];
        for (const purpose of purposes)
          expect(ask(events, backwards!, purpose, at, knownAt)).toStrictEqual(
            ask(events, forwards!, purpose, at, knownAt),
          );
      }),
      { numRuns: 600 },
    );
  });

  it('lets the stricter of two acts at the same instant win, as if it had come a millisecond later', () => {
    let decisive = 0;
    fc.assert(
      fc.property(histories(), fc.constantFrom(...opposites), fc.constantFrom(...edges), (others, pair, tie) => {
        const before = others.filter(({ occurredAt }) => Math.abs(occurredAt - tie) > 1);
        const lenient = { ...pair.lenient, occurredAt: tie };
        const tied = { ...pair.strict, occurredAt: tie };
        const later = { ...pair.strict, occurredAt: tie + 1 };
        const at = tie + 2;
        for (const purpose of purposes) {
          const verdict = answerOf(ask([...before, tied, lenient], alone, purpose, at));
          expect(verdict).toBe(answerOf(ask([...before, later, lenient], alone, purpose, at)));
          const earlier = { ...pair.strict, occurredAt: tie - 1 };
          if (isEligible(ask([...before, earlier, lenient], alone, purpose, at))) decisive++;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(decisive).toBeGreaterThan(50);
  });
});

describe('law 2: an opt-out is monotone', () => {
  const others = eventTypes.filter((type) => !['OptInConfirmed', 'ConsentRenewed'].includes(type));

  interface StopStep {
    readonly after: number;
    readonly purposes: readonly string[] | 'all';
    readonly act: string | undefined;
  }
  interface UndoStep {
    readonly after: number;
    readonly undo: number;
  }

  /** Milliseconds between one act and the next: mostly within the time in which a repeated act is one. */
  const after = fc.constantFrom(1, 1_000, 60_000, 299_999, 300_000);
  const optOuts: fc.Arbitrary<StopStep> = fc.record({
    after,
    purposes: fc.constantFrom(['newsletter'], ['newsletter', 'sales-contact'], 'all' as const),
    act: fc.constantFrom('one-click', 'customer-service', 'form-1', 'form-2', undefined),
  });
  const undos: fc.Arbitrary<UndoStep> = fc.record({ after, undo: fc.nat(7) });
  const consented: Course = {
    events: [optedIn('2024-01-01T00:00:00Z', 'newsletter', 'event-invitation', 'sales-contact')],
    stops: [],
    now: Date.UTC(2024, 2, 1),
  };

  it('answers no whatever is added that is not an act of the person, whenever it happened', () => {
    let tried = 0;
    fc.assert(
      fc.property(histories(), additions(others), policies, questions, (events, added, history, at) => {
        const known = eventsKnown(events, at, NEVER);
        const after = [...known, ...added.filter((event) => !isOptIn(event))];
        const undone = added.filter(({ type }) => type === 'OptOutUndone');
        for (const purpose of commercial.filter((name) => hasOptedOut([...known, ...undone], name)))
          for (const moment of [at, ...edges.filter((edge) => edge > at)]) {
            const verdict = ask(after, history, purpose, moment);
            if (verdict === 'UNKNOWN_PURPOSE' || verdict.basis === 'service') continue;
            tried++;
            if (verdict.eligible) throw new Error(`${purpose} is ${verdict.reason} at ${moment}`);
          }
      }),
      { numRuns: 1_000 },
    );
    expect(tried).toBeGreaterThan(1_000);
  });

  it('stands until it is taken back itself, however soon after another it was made (P4)', () => {
    let [stopped, takenBack] = [0, 0];
    fc.assert(
      fc.property(fc.array(fc.oneof(optOuts, undos), { maxLength: 8 }), (acts) => {
        const { events, stops, now } = acts.reduce(carriedOut, consented);
        for (const purpose of ['newsletter', 'event-invitation', 'sales-contact']) {
          const isStopped = stops.some(({ purposes }) => purposes === 'all' || purposes.includes(purpose));
          if (isStopped) stopped++;
          else if (acts.length > 0) takenBack++;
          expect(isEligible(ask(events, alone, purpose, now))).toBe(!isStopped);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(stopped, takenBack)).toBeGreaterThan(200);
  });

  /** What was acknowledged and stands. Who made it on a page may take it back, by the event that the page names. */
  interface Stop {
    readonly purposes: readonly string[] | 'all';
    readonly act: string | undefined;
    readonly undoableBy?: string;
  }

  interface Course {
    readonly events: readonly ContactEvent[];
    readonly stops: readonly Stop[];
    readonly now: Instant;
  }

  function carriedOut(course: Course, { after, ...step }: StopStep | UndoStep): Course {
    const now = course.now + after;
    return 'undo' in step ? takenBackIn({ ...course, now }, step.undo) : stoppedIn({ ...course, now }, step);
  }

  function stoppedIn({ events, stops, now }: Course, { purposes, act }: Omit<StopStep, 'after'>): Course {
    const decision = optOut({ state: foldContact(events), events }, { purposes, act, occurredAt: now }, giftcard);
    const recorded = eventsFrom(decision, events.length, now).map((event) => ({ ...event, ...(act && { act }) }));
    const copied = stops.findLast((stop) => stop.act === act && String(stop.purposes) === String(purposes));
    const named = recorded[0]?.id ?? copied?.undoableBy;
    const isOnPage = act === undefined || act.startsWith('form');
    const stop = { purposes, act, ...(isOnPage && named !== undefined && { undoableBy: named }) };
    return { events: [...events, ...recorded], stops: [...stops, stop], now };
  }

  function takenBackIn({ events, stops, now }: Course, choice: number): Course {
    const undoable = stops.flatMap(({ undoableBy }) => undoableBy ?? []);
    if (undoable.length === 0) return { events, stops, now };
    const optOutId = undoable[choice % undoable.length]!;
    const recorded = eventsFrom(undoOptOut(foldContact(events), { optOutId }), events.length, now);
    return {
      events: [...events, ...recorded],
      stops: stops.filter(({ undoableBy }) => undoableBy !== optOutId),
      now,
    };
  }

  function eventsFrom(decision: Decision, count: number, at: Instant): ContactEvent[] {
    if ('refused' in decision) throw new Error(decision.refused.code);
    return decision.events.map((event) => ({ ...event, id: `act-${count}`, occurredAt: at, recordedAt: at }));
  }

  function isOptIn({ type, data }: ContactEvent): boolean {
    if (type === 'OptInConfirmed' || type === 'ConsentRenewed') return true;
    return type === 'OptedIn' && 'actOf' in data && data.actOf === 'person';
  }

  /** P4 as it is written, without regard to how the domain goes about it. */
  function hasOptedOut(events: readonly ContactEvent[], purpose: string): boolean {
    const undone = events.map(({ data }) => ('optOutId' in data ? data.optOutId : undefined));
    const names = ({ data }: ContactEvent) =>
      'purposes' in data && (data.purposes as readonly string[]).includes(purpose);
    const isOptOut = (event: ContactEvent) => {
      if (event.type === 'SpamReported') return true;
      if (event.type === 'PersonalDataErased') return event.data.reason === 'request';
      return event.type === 'OptedOut' && !undone.includes(event.id) && (event.data.purposes === 'all' || names(event));
    };
    const isEnded = ({ occurredAt }: ContactEvent) =>
      events.some((event) => isOptIn(event) && names(event) && event.occurredAt > occurredAt);
    return events.some((event) => isOptOut(event) && !isEnded(event));
  }
});

describe('what another party reports', () => {
  const ended: readonly string[] = ['CONSENT_LAPSED', 'NO_RECENT_CONTACT'];

  it('never gives again what time has ended, whenever it is dated, also where it came from another address (P5, P9)', () => {
    let tried = 0;
    const reports = additions(['OptedIn', 'PreferencesCarriedOver']).map((added) => added.map(asReport));
    const consents = histories(['OptedIn', 'OptedIn', 'ContactMade', 'CustomerStarted', 'ConsentLapsed'], 4);
    fc.assert(
      fc.property(consents, reports, policies, questions, (events, added, history, at) => {
        for (const moment of [at, ...edges.filter((edge) => edge > at)])
          for (const purpose of commercial) {
            if (!ended.includes(answerOf(ask(events, history, purpose, moment)))) continue;
            tried++;
            const verdict = ask([...added, ...events], history, purpose, moment);
            if (isEligible(verdict)) throw new Error(`${purpose} is ${answerOf(verdict)} at ${moment}`);
          }
      }),
      { numRuns: 600 },
    );
    expect(tried).toBeGreaterThan(1_000);
  });

  /** The event as no more than a report: without the person's own consents, and without contacts, which move a clock. */
  function asReport(event: ContactEvent): ContactEvent {
    if (event.type === 'OptedIn') return { ...event, data: { ...event.data, actOf: 'reported' } };
    if (event.type !== 'PreferencesCarriedOver') return event;
    const { from, consents } = event.data;
    const onlyReports = consents.map((consent) => ({ ...consent, actOf: 'reported' as const }));
    return { ...event, data: { from, consents: onlyReports, optOuts: [] } };
  }
});

describe('what an import reported and took back', () => {
  it('leaves every verdict as if it had never been reported, whatever the order of arrival (P3, law 1)', () => {
    let mattered = 0;
    const reports = additions(['OptedIn']).map((added) =>
      added.map((event) => ({ ...event, data: { ...event.data, actOf: 'reported' } }) as ContactEvent),
    );
    const known = { ...happened('MailBounced', '2000-01-01T00:00:00Z', { permanent: false }), id: 'known' };
    fc.assert(
      fc.property(histories(), reports, policies, questions, fc.boolean(), (others, added, history, at, first) => {
        const optInIds = added.map(({ id }) => id);
        const takenBack = { ...happened('OptInTakenBack', '2000-01-01T00:00:00Z', { optInIds }), id: 'taken-back' };
        const events = [known, ...others];
        const after = first ? [takenBack, ...added, ...events] : [...events, ...added, takenBack];
        for (const purpose of purposes) {
          const verdict = ask(events, history, purpose, at);
          expect(ask(after, history, purpose, at)).toStrictEqual(verdict);
          if (answerOf(ask([...events, ...added], history, purpose, at)) !== answerOf(verdict)) mattered++;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(mattered).toBeGreaterThan(100);
  });
});

describe('law 3: time is honest', () => {
  it('uses no event that happened after the moment or was recorded after the moment of knowledge', () => {
    fc.assert(
      fc.property(histories(), additions(), policies, questions, questions, (events, added, history, at, knownAt) => {
        const unknown = added.map((event, index) =>
          index % 2 === 0 ? { ...event, occurredAt: at + 1 + index } : { ...event, recordedAt: knownAt + index },
        );
        for (const purpose of purposes)
          expect(ask([...unknown, ...events], history, purpose, at, knownAt)).toStrictEqual(
            ask(events, history, purpose, at, knownAt),
          );
      }),
      { numRuns: 600 },
    );
  });

  it('uses an event from the very moment at which it happened and was recorded', () => {
    const optOut = {
      ...happened('OptedOut', '2022-01-01T00:00:00Z', { purposes: 'all' }),
      recordedAt: Date.UTC(2022, 5),
    };
    const { occurredAt, recordedAt } = optOut;
    expect(ask([optOut], alone, 'newsletter', occurredAt, recordedAt)).toMatchObject({ reason: 'OPTED_OUT' });
    expect(ask([optOut], alone, 'newsletter', occurredAt, recordedAt - 1)).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
    expect(ask([optOut], alone, 'newsletter', occurredAt - 1, recordedAt)).toMatchObject({ reason: 'UNKNOWN_CONTACT' });
  });

  it('uses no policy that was published after the moment of knowledge', () => {
    fc.assert(
      fc.property(histories(), policies, publications, questions, questions, (events, history, added, at, known) => {
        const knownAt = Math.max(known, ...history.map(({ publishedAt }) => publishedAt));
        const unknown = { ...added, publishedAt: knownAt + 1 };
        for (const purpose of purposes)
          expect(ask(events, [...history, unknown], purpose, at, knownAt)).toStrictEqual(
            ask(events, history, purpose, at, knownAt),
          );
      }),
      { numRuns: 600 },
    );
  });

  it('lets a policy that comes into force later move no answer, only its end', () => {
    fc.assert(
      fc.property(histories(), policies, publications, questions, (events, history, { policy }, at) => {
        const inForceFrom = Math.max(at, ...history.map((published) => published.policy.inForceFrom)) + 1;
        const coming = { policy: { ...policy, inForceFrom }, publishedAt: 0 };
        for (const purpose of purposes)
          expect(answerOf(ask(events, [...history, coming], purpose, at))).toStrictEqual(
            answerOf(ask(events, history, purpose, at)),
          );
      }),
      { numRuns: 600 },
    );
  });
});

describe('law 4: validUntil is exact', () => {
  it('holds the answer until then, and not at that instant', () => {
    const ended = new Set<Reason>();
    fc.assert(
      fc.property(
        histories(),
        policies,
        questions,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
        (events, history, at, parts) => {
          const state = foldContact(eventsKnown(events, at, NEVER));
          for (const purpose of purposes) {
            const verdict = decide(state, history, purpose, at);
            if (verdict === 'UNKNOWN_PURPOSE') continue;
            const { validUntil } = verdict;
            const end = validUntil ?? Date.UTC(2160, 0, 1);
            expect(end).toBeGreaterThan(at);
            const answer = answerOf(verdict);
            const changesAt = (moment: Instant) => answerOf(decide(state, history, purpose, moment)) !== answer;
            expect(momentsBetween(at, end, parts).filter(changesAt)).toStrictEqual([]);
            if (validUntil === null) continue;
            expect(changesAt(validUntil)).toBe(true);
            ended.add(verdict.reason);
          }
        },
      ),
      { numRuns: 1_500 },
    );
    expect([...ended]).toStrictEqual(
      expect.arrayContaining(['CONSENT', 'SOFT_OPT_IN', 'SOFT_OPT_IN_INCOMPLETE', 'NO_RECENT_CONTACT']),
    );
  });

  function momentsBetween(at: Instant, end: Instant, parts: readonly number[]): Instant[] {
    const beside = edges.flatMap((edge) => [edge - 1, edge, edge + 1]);
    const random = parts.map((part) => Math.floor(at + part * (end - at)));
    return [end - 1, ...beside, ...random].filter((moment) => moment >= at && moment < end);
  }
});

describe('law 5: replay is the same', () => {
  it('grows to the same state event by event, in batches and from the beginning', () => {
    fc.assert(
      fc.property(histories(), fc.nat({ max: 7 }), (events, cut) => {
        const grown = foldContact(events.slice(cut), foldContact(events.slice(0, cut)));
        expect(JSON.stringify(grown)).toBe(JSON.stringify(foldContact(events)));
      }),
      { numRuns: 600 },
    );
  });

  it('grows on from a state that was stored as JSON, byte for byte', () => {
    fc.assert(
      fc.property(histories(), fc.nat({ max: 7 }), (events, cut) => {
        const state = foldContact(events.slice(0, cut));
        const stored = JSON.parse(JSON.stringify(state)) as typeof state;
        expect(stored).toStrictEqual(state);
        expect(JSON.stringify(foldContact(events.slice(cut), stored))).toBe(JSON.stringify(foldContact(events)));
      }),
      { numRuns: 600 },
    );
  });
});

describe('law 6: erasure leaves the verdicts', () => {
  const reasons = fc.constantFrom('request' as const, 'retention' as const);
  const someMoments = fc.array(questions, { minLength: 1, maxLength: 5 });
  const LATE = Date.UTC(2100, 0, 1);

  /** An erasure that occurred at one moment, and was recorded so much later. */
  function erased(at: Instant, reason: 'request' | 'retention', late = 0): ContactEvent {
    const event = happened('PersonalDataErased', new Date(at).toISOString(), { reason });
    return { ...event, id: 'erasure', recordedAt: at + late };
  }

  function after(events: readonly ContactEvent[]): Instant {
    return Math.max(0, ...events.map(({ recordedAt }) => recordedAt)) + 1;
  }

  function verdictsAt(
    moments: readonly Instant[],
    events: readonly ContactEvent[],
    history: PolicyHistory,
    knownAt = NEVER,
  ) {
    return moments.flatMap((at) => purposes.map((purpose) => ask(events, history, purpose, at, knownAt)));
  }

  it('of every moment before it, whatever was known, and of every moment as known before it', () => {
    fc.assert(
      fc.property(histories(), policies, someMoments, questions, reasons, (events, history, moments, known, reason) => {
        const end = after(events);
        const all = [...events, erased(end, reason)];
        const before = moments.filter((moment) => moment < end);
        expect(verdictsAt(before, all, history)).toStrictEqual(verdictsAt(before, events, history));
        const knownAt = Math.min(known, end - 1);
        expect(verdictsAt(moments, all, history, knownAt)).toStrictEqual(verdictsAt(moments, events, history, knownAt));
      }),
      { numRuns: 300 },
    );
  });

  it('by retention too, which occurred when it was due and is recorded whenever the key went (P7)', () => {
    let tried = 0;
    const lateness = fc.integer({ min: 0, max: 10_000 }).map((days) => days * 86_400_000);
    fc.assert(
      fc.property(histories(), policies, someMoments, lateness, (events, history, moments, late) => {
        const due = retentionEndBy(foldContact(events), history, LATE);
        if (!due) return;
        tried++;
        const erasure = erased(due.at, 'retention', late);
        const all = [...events, erasure];
        const before = [due.at - 1, ...moments].filter((moment) => moment < due.at);
        expect(verdictsAt(before, all, history)).toStrictEqual(verdictsAt(before, events, history));
        const knownAt = erasure.recordedAt - 1;
        const any = [due.at, ...moments];
        expect(verdictsAt(any, all, history, knownAt)).toStrictEqual(verdictsAt(any, events, history, knownAt));
      }),
      { numRuns: 200 },
    );
    expect(tried).toBeGreaterThan(50);
  });

  it('leaves the counts: how often each kind of event and each answer is in a history (P7)', () => {
    const counted = (values: readonly string[]) => {
      const counts = new Map<string, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      return counts;
    };
    fc.assert(
      fc.property(histories(), policies, someMoments, reasons, (events, history, moments, reason) => {
        const end = after(events);
        const all = [...events, erased(end, reason)];
        const before = moments.filter((moment) => moment < end);
        const answers = (of: readonly ContactEvent[]) => counted(verdictsAt(before, of, history).map(answerOf));
        expect(answers(all)).toStrictEqual(answers(events));
        expect(counted(eventsKnown(all, end - 1, NEVER).map(({ type }) => type))).toStrictEqual(
          counted(events.map(({ type }) => type)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe('after an erasure', () => {
  const actsOfPerson = ['OptedIn', 'OptInConfirmed', 'ConsentRenewed'];
  const carrying = ['PreferencesCarriedOver', 'AddressRectified'];
  const END = Date.UTC(2024, 0, 1);
  const fullCustomer = { ...customerStarted('2024-06-01T12:00:00Z', ...conditions), id: 'customer' };
  const erasedAtEnd = (reason: 'request' | 'retention') => ({
    ...happened('PersonalDataErased', new Date(END).toISOString(), { reason }),
    id: 'erasure',
  });
  const byThen = (events: readonly ContactEvent[]) => events.filter(({ occurredAt }) => occurredAt <= END);
  const afterwards = [END, Date.UTC(2024, 5, 2), Date.UTC(2025, 0, 1), Date.UTC(2040, 0, 1)];

  it('at request every commercial answer is no, whatever comes, also late, but an opt-in of the person (P4, P7)', () => {
    let tried = 0;
    const others = additions(eventTypes.filter((type) => !actsOfPerson.includes(type)));
    const opened = additions(['OptedIn', 'OptInConfirmed', 'ConsentRenewed']).map(byThen);
    fc.assert(
      fc.property(histories(), others, opened, policies, (events, added, late, history) => {
        const told = late.map((event, index) => ({ ...event, id: `late-${index}` }));
        const all = [...byThen(events), erasedAtEnd('request'), ...added, ...told, fullCustomer];
        for (const at of [...afterwards, ...edges.filter((edge) => edge >= END)])
          for (const purpose of commercial) {
            const verdict = ask(all, history, purpose, at);
            if (verdict === 'UNKNOWN_PURPOSE' || verdict.basis === 'service') continue;
            tried++;
            if (verdict.eligible) throw new Error(`${purpose} is ${verdict.reason} at ${at}`);
          }
      }),
      { numRuns: 500 },
    );
    expect(tried).toBeGreaterThan(5_000);
  });

  it('by retention what stood for the person no longer counts, and nothing counts as an opt-out: they begin anew (P7)', () => {
    const neutral = eventTypes.filter(
      (type) =>
        !carrying.includes(type) &&
        !['OptedOut', 'SpamReported', 'MailBounced', 'ProcessingRestricted', 'PersonalDataErased'].includes(type),
    );
    let eligible = 0;
    const laterOn = (events: readonly ContactEvent[]) =>
      events.map((event, index) => {
        const at = END + 1 + index * 86_400_000;
        return { ...event, occurredAt: at, recordedAt: at };
      });
    fc.assert(
      fc.property(histories(neutral), additions(neutral).map(laterOn), policies, (events, added, history) => {
        const erasure = erasedAtEnd('retention');
        for (const at of afterwards)
          for (const purpose of purposes) {
            const anew = ask([erasure, ...added], history, purpose, at);
            expect(answerOf(ask([...byThen(events), erasure, ...added], history, purpose, at))).toBe(answerOf(anew));
            if (isEligible(anew) && purpose !== 'service') eligible++;
          }
      }),
      { numRuns: 500 },
    );
    expect(eligible).toBeGreaterThan(200);
  });

  it('by retention an opt-out of before still stands when the address returns as a customer (P4, P7)', () => {
    const others = additions(eventTypes.filter((type) => !actsOfPerson.includes(type) && type !== 'OptOutUndone'));
    fc.assert(
      fc.property(histories(['OptedIn', 'CustomerStarted']), others, policies, (events, added, history) => {
        const optOut = { ...happened('OptedOut', '2023-12-01T00:00:00Z', { purposes: 'all' }), id: 'opt-out' };
        const before = events.filter(({ occurredAt }) => occurredAt < optOut.occurredAt);
        const all = [...before, optOut, erasedAtEnd('retention'), ...added, fullCustomer];
        for (const at of afterwards)
          for (const purpose of commercial) {
            const verdict = ask(all, history, purpose, at);
            if (verdict !== 'UNKNOWN_PURPOSE' && verdict.basis !== 'service') expect(verdict.eligible).toBe(false);
          }
      }),
      { numRuns: 500 },
    );
    const [optOut, erasure] = [optedOut('2023-12-01T00:00:00Z'), erasedAtEnd('retention')];
    const at = Date.UTC(2024, 5, 2);
    expect(ask([optOut, erasure, fullCustomer], alone, 'newsletter', at)).toMatchObject({ reason: 'OPTED_OUT' });
    expect(ask([erasure, fullCustomer], alone, 'newsletter', at)).toMatchObject({ reason: 'SOFT_OPT_IN' });
    const optIn = optedIn('2024-06-01T13:00:00Z');
    expect(ask([optOut, erasure, fullCustomer, optIn], alone, 'newsletter', at)).toMatchObject({ reason: 'CONSENT' });
  });
});

describe('the laws above', () => {
  const reasons: readonly Reason[] = [
    'ERASED',
    'RESTRICTED',
    'UNDELIVERABLE',
    'COMPLAINED',
    'OPTED_OUT',
    'CONSENT',
    'SOFT_OPT_IN',
    'PENDING_CONFIRMATION',
    'CONSENT_LAPSED',
    'NO_RECENT_CONTACT',
    'RELATIONSHIP_ENDED',
    'SOFT_OPT_IN_INCOMPLETE',
    'NO_CONSENT',
    'UNKNOWN_CONTACT',
    'SERVICE',
  ];

  it.each(reasons)('were tried on verdicts of %s', (reason) => {
    expect(reached.get(reason) ?? 0).toBeGreaterThan(100);
  });
});
