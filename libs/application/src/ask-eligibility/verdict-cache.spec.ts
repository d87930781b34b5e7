import { compilePolicy, decideEligibility, unknownContact, type PolicyHistory } from '@consent-ledger/consent';
import { NO_STREAM, type JsonObject, type RecordedEvent } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import { contactIdBytes } from '@consent-ledger/privacy';
import { contactStream, openReadModels, PreferencesProjection, PreferencesView } from '@consent-ledger/projections';
import { person, shippedPolicy, signupForm } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VerdictCache } from './verdict-cache.js';

const DAY = 86_400_000;
const START = Date.parse('2024-01-01T00:00:00Z');
/** Ten slots for five contacts and three purposes: they get in each other's way. */
const TEN_SLOTS = 400 / 2 ** 20;

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
    const { eligible, reason, basis, validUntil } = decideEligibility(
      state,
      history,
      purpose,
      Math.max(at, state.latest ?? at),
    );
    return { eligible, reason, basis, validUntil };
  };

  return {
    cache,
    decide,
    hits: () => hits,
    askCached(contactId: string, purpose: string, at: number, history: PolicyHistory) {
      const key = contactIdBytes(contactId);
      const verdicts = cache.for(purpose, history);
      const found = verdicts.find(key, at);
      if (found) hits += 1;
      const verdict = found ?? decide(contactId, purpose, at, history);
      verdicts.keep(key, at, verdict);
      return verdict;
    },
    project(contactId: string, occurredAt: number, act: (typeof acts)[number]) {
      const revision = (revisions.get(contactId) ?? NO_STREAM) + 1;
      revisions.set(contactId, revision);
      position += 1;
      const metadata = { occurredAt: toRfc3339(occurredAt), recordedAt: toRfc3339(occurredAt), schemaVersion: 1 };
      const event: RecordedEvent = {
        id: `event-${position}`,
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

function expectSameVerdicts(steps: readonly Step[], mebibytes: number): number {
  const { askCached, decide, project, clear, hits } = openProjection(mebibytes);
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
        expect(askCached(...question)).toStrictEqual(decide(...question));
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
    const { askCached, project, hits } = openProjection(1);
    project(contacts[0]!, START, acts[0]!);
    const { validUntil } = askCached(contacts[0]!, 'newsletter', START, [shipped]);
    expect(askCached(contacts[0]!, 'newsletter', validUntil! - 1, [shipped]).eligible).toBe(true);
    expect(hits()).toBe(1);
    expect(askCached(contacts[0]!, 'newsletter', validUntil!, [shipped]).eligible).toBe(false);
  });

  it('gives a stream that began under earlier policies nothing that was decided under later ones', () => {
    const { cache } = openProjection(1);
    const key = contactIdBytes(contacts[0]!);
    const before = cache.for('newsletter', [shipped]);
    const after = cache.for('newsletter', [shipped, { policy: shorter, publishedAt: START }]);
    const verdict = { eligible: false, reason: 'UNKNOWN_CONTACT', basis: null, validUntil: null } as const;
    after.keep(key, START, verdict);
    expect(before.find(key, START)).toBeUndefined();
    before.keep(key, START, { ...verdict, reason: 'NO_CONSENT' });
    expect(after.find(key, START)).toStrictEqual(verdict);
  });
});
