import {
  compilePolicy,
  decideEligibility,
  momentFor,
  unknownContact,
  type PolicyHistory,
  type Verdict,
} from '@consent-ledger/consent';
import { NO_STREAM, type JsonObject, type RecordedEvent } from '@consent-ledger/event-store';
import { deterministicId, toRfc3339 } from '@consent-ledger/platform';
import { contactIdBytes } from '@consent-ledger/privacy';
import { contactStream, openReadModels, PreferencesProjection, PreferencesView } from '@consent-ledger/projections';
import { person, shippedPolicy, signupForm } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { eligibilityAnswer } from './answer.js';
import { VerdictCache } from './verdict-cache.js';

const DAY = 86_400_000;
const START = Date.parse('2024-01-01T00:00:00Z');
/** Ten slots for five contacts and three purposes: they get in each other's way. */
const TEN_SLOTS = 880 / 2 ** 20;

const purposes = ['newsletter', 'sales-contact', 'service'];
const contacts = ['anna', 'bram', 'cato', 'daan', 'emma'].map((name) => person(name).contactId);

const shipped = { policy: compilePolicy(shippedPolicy), publishedAt: 0 };
const shorter = compilePolicy({
  ...shippedPolicy,
  version: 2,
  inForceFrom: '2025-06-01T00:00:00+02:00',
  purposes: {
    ...shippedPolicy.purposes,
    newsletter: { ...shippedPolicy.purposes['newsletter']!, consent: { renewAfter: 'P1Y', answerWindow: 'P30D' } },
  },
});

const acts: readonly { readonly type: string; readonly data: JsonObject }[] = [
  { type: 'OptedIn', data: { purposes, statement: { ...signupForm }, actOf: 'person' } },
  { type: 'OptedOut', data: { purposes: 'all' } },
  { type: 'MailBounced', data: { permanent: true } },
  { type: 'ContactMade', data: {} },
  { type: 'CustomerStarted', data: { conditions: ['informedAtCollection'] } },
  { type: 'PersonalDataErased', data: { reason: 'retention' } },
];

type Step =
  | { readonly kind: 'ask'; readonly contact: number; readonly purpose: number; readonly daysAgo: number }
  | { readonly kind: 'act'; readonly contact: number; readonly act: number; readonly daysAhead: number }
  | { readonly kind: 'wait'; readonly days: number }
  | { readonly kind: 'publish' }
  | { readonly kind: 'clear' };

const contact = fc.nat(contacts.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      contact,
      purpose: fc.nat(purposes.length - 1),
      daysAgo: fc.oneof(fc.constant(0), fc.nat(400)),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      contact,
      act: fc.nat(acts.length - 1),
      daysAhead: fc.oneof(fc.constant(0), fc.integer({ min: -400, max: 40 })),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'publish' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
);

/** The projection beside a cache of its verdicts, and a way to ask each of them. */
function openProjection(mebibytes: number) {
  const cache = new VerdictCache(mebibytes);
  const readModels = openReadModels(':memory:');
  const projection = new PreferencesProjection(readModels, cache);
  const view = new PreferencesView(readModels);
  const revisions = new Map<string, number>();
  let position = -1;
  let hits = 0;

  const decide = (contactId: string, purpose: string, at: number, history: PolicyHistory) => {
    const state = view.find(contactId)?.state ?? unknownContact;
    const moment = momentFor(state, at);
    return { moment, verdict: decideEligibility(state, history, purpose, moment) };
  };

  return {
    cache,
    decide,
    hits: () => hits,
    askCached(contactId: string, purpose: string, at: number, history: PolicyHistory) {
      const key = contactIdBytes(contactId);
      const verdicts = cache.for(purpose, history);
      const found = { whole: verdicts.findWhole(key, at), short: verdicts.find(key, at) };
      if (found.whole) hits += 1;
      const { moment, verdict } = decide(contactId, purpose, at, history);
      if (!found.whole) verdicts.keep(key, moment, verdict);
      return { ...found, moment, verdict };
    },
    project(contactId: string, occurredAt: number, act: (typeof acts)[number]) {
      const revision = (revisions.get(contactId) ?? NO_STREAM) + 1;
      revisions.set(contactId, revision);
      position += 1;
      const metadata = { occurredAt: toRfc3339(occurredAt), recordedAt: toRfc3339(occurredAt), schemaVersion: 1 };
      const event: RecordedEvent = {
        id: deterministicId(position),
        streamId: contactStream(contactId),
        revision,
        position,
        metadata,
        ...act,
      };
      projection.handle([event]);
    },
    clear() {
      revisions.clear();
      projection.clear();
    },
  };
}

function shortOf({ eligible, reason, basis, validUntil }: Verdict) {
  return { eligible, reason, basis, validUntil };
}

function expectSameVerdicts(steps: readonly Step[], mebibytes: number): number {
  const { askCached, project, clear, hits } = openProjection(mebibytes);
  let history: PolicyHistory = [shipped];
  let now = START;
  for (const taken of steps)
    switch (taken.kind) {
      case 'ask': {
        const question = [
          contacts[taken.contact]!,
          purposes[taken.purpose]!,
          now - taken.daysAgo * DAY,
          history,
        ] as const;
        const { whole, short, moment, verdict } = askCached(...question);
        const [contactId, purpose, at] = question;
        const answer = (judgedAt: number, judged: Verdict) =>
          eligibilityAnswer({ contactId, purpose }, judgedAt, judged, 0);
        if (short) expect(short).toStrictEqual(shortOf(verdict));
        if (whole) expect(answer(at, whole)).toStrictEqual(answer(moment, verdict));
        break;
      }
      case 'act':
        project(contacts[taken.contact]!, now + taken.daysAhead * DAY, acts[taken.act]!);
        break;
      case 'wait':
        now += taken.days * DAY;
        break;
      case 'publish':
        history = [...history, { policy: shorter, publishedAt: now }];
        break;
      case 'clear':
        clear();
    }
  return hits();
}

describe('the cache of verdicts', () => {
  it.each([
    ['with room for all', 1],
    ['that is too small', TEN_SLOTS],
  ])('%s answers as the projection does, whatever happens in between (law 4)', (_, mebibytes) => {
    let hits = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
        hits += expectSameVerdicts(steps, mebibytes);
      }),
      { numRuns: 200 },
    );
    expect(hits).toBeGreaterThan(100);
  });

  it('keeps nothing without memory', () => {
    const { cache, askCached, hits } = openProjection(0);
    askCached(contacts[0]!, 'newsletter', START, [shipped]);
    askCached(contacts[0]!, 'newsletter', START, [shipped]);
    cache.changed(contactIdBytes(contacts[0]!));
    expect(hits()).toBe(0);
  });

  it('drops a verdict at the very instant at which it ends', () => {
    const { askCached, project } = openProjection(1);
    project(contacts[0]!, START, acts[0]!);
    const { validUntil } = askCached(contacts[0]!, 'newsletter', START, [shipped]).verdict;
    expect(askCached(contacts[0]!, 'newsletter', validUntil! - 1, [shipped])).toMatchObject({
      short: { eligible: true },
      whole: { eligible: true },
    });
    expect(askCached(contacts[0]!, 'newsletter', validUntil!, [shipped])).toMatchObject({
      short: undefined,
      whole: undefined,
      verdict: { eligible: false },
    });
  });

  it('gives no verdict for a moment before the latest act on record: it would name another moment than was judged', () => {
    const { askCached, project } = openProjection(1);
    project(contacts[0]!, START + DAY, acts[0]!);
    for (const at of [START, START])
      expect(askCached(contacts[0]!, 'newsletter', at, [shipped])).toMatchObject({
        short: undefined,
        whole: undefined,
        moment: START + DAY,
      });
  });

  it('gives no whole verdict under another policy than the one it was decided by, though the answer is the same', () => {
    const { askCached, project } = openProjection(1);
    const both: PolicyHistory = [shipped, { policy: shorter, publishedAt: START }];
    project(contacts[0]!, START, acts[1]!);
    askCached(contacts[0]!, 'newsletter', START, both);
    expect(askCached(contacts[0]!, 'newsletter', Date.parse('2025-06-01T00:00:00+02:00'), both)).toMatchObject({
      short: { reason: 'OPTED_OUT' },
      whole: undefined,
      verdict: { policy: { version: 2 } },
    });
  });

  it('gives no whole verdict that rests on an event whose id it cannot write down', () => {
    const { cache, decide } = openProjection(1);
    const key = contactIdBytes(contacts[0]!);
    const verdicts = cache.for('newsletter', [shipped]);
    const { verdict } = decide(contacts[0]!, 'newsletter', START, [shipped]);
    verdicts.keep(key, START, { ...verdict, evidence: [{ at: START, id: 'not-a-uuid', type: 'OptedOut' }] });
    expect(verdicts.findWhole(key, START)).toBeUndefined();
    expect(verdicts.find(key, START)).toStrictEqual(shortOf(verdict));
  });

  it('keeps no room for purposes that no policy has', () => {
    const { cache, decide } = openProjection(1);
    const key = contactIdBytes(contacts[0]!);
    const verdicts = cache.for('horoscopes', [shipped]);
    verdicts.keep(key, START, decide(contacts[0]!, 'newsletter', START, [shipped]).verdict);
    expect(verdicts.find(key, START)).toBeUndefined();
  });

  it('gives a stream that began under earlier policies nothing that was decided under later ones', () => {
    const { cache, decide } = openProjection(1);
    const key = contactIdBytes(contacts[0]!);
    const before = cache.for('newsletter', [shipped]);
    const after = cache.for('newsletter', [shipped, { policy: shorter, publishedAt: START }]);
    const { verdict } = decide(contacts[0]!, 'newsletter', START, [shipped]);
    after.keep(key, START, verdict);
    expect(before.find(key, START)).toBeUndefined();
    expect(before.findWhole(key, START)).toBeUndefined();
    before.keep(key, START, { ...verdict, reason: 'NO_CONSENT' });
    expect(after.findWhole(key, START)).toStrictEqual(verdict);
  });
});
