import { compilePolicy, nextDue, type PolicyDocument, type PolicyHistory } from '@consent-ledger/consent';
import { createMemoryEventStore, START } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contactStream } from '../contact-events.js';
import { PreferencesProjection } from '../preferences/preferences.projection.js';
import { PreferencesView } from '../preferences/preferences.view.js';
import {
  append,
  contact,
  contactEvent,
  cut,
  dump,
  handle,
  log,
  noon,
  readModelsInMemory,
  recorded,
} from '../recorded.fixture.js';
import type { PolicyShelf } from '../policies/policy-shelf.js';
import { rebuild } from '../rebuild.js';
import { DueDatesProjection, LONGEST_WAIT_MS } from './due-dates.projection.js';
import { DueDatesView } from './due-dates.view.js';

const text = { nl: 'Tekst', en: 'Text' };
const giftcardDocument: PolicyDocument = {
  id: 'dnp-giftcard',
  version: 1,
  inForceFrom: '2018-05-25T00:00:00+02:00',
  timeZone: 'Europe/Amsterdam',
  controller: { name: 'A', postalAddress: 'B', email: 'c@example.org', privacyPolicyUrl: 'https://example.org' },
  purposes: {
    newsletter: {
      kind: 'commercial',
      name: text,
      description: text,
      consent: { renewAfter: 'P3Y', answerWindow: 'P30D', reminderAfter: 'P14D' },
    },
  },
  serviceMail: { whenRestricted: 'deny' },
  sameActWithin: 'PT5M',
  statements: [],
  retention: {
    consentProof: { period: 'P2Y', from: 'ended' },
    agreementEnded: 'P12M',
    purchase: 'P7Y',
    salesContact: 'P12M',
    inactive: 'P7Y',
    recording: 'P30D',
  },
};
const giftcard = compilePolicy(giftcardDocument);
const DAY = 86_400_000;

const known: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];

function setUp() {
  let history = known;
  const readModels = readModelsInMemory();
  const preferences = new PreferencesProjection(readModels);
  const view = new PreferencesView(readModels);
  let told = 0;
  const shelf = { history: () => history, find: () => undefined } satisfies PolicyShelf;
  const listener = { changed: () => void told++ };
  const dueDates = new DueDatesProjection({ readModels, preferences: view, policies: shelf, listener });
  return {
    readModels,
    preferences,
    view,
    dueDates,
    dueView: new DueDatesView(readModels),
    told: () => told,
    follow(events: Parameters<typeof handle>[2]) {
      handle(readModels, preferences, events);
      handle(readModels, dueDates, events);
    },
    publish: (policies: PolicyHistory) => void (history = policies),
  };
}

const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'ab'.repeat(32) };
const optIn = (number: number, at: number) => ({
  streamId: contactStream(contact(number)),
  type: 'OptedIn',
  data: { purposes: ['newsletter'], statement, actOf: 'person' },
  at,
});

const optOut = (number: number) => ({
  streamId: contactStream(contact(number)),
  type: 'OptedOut',
  data: { purposes: 'all' },
});

describe('the due dates projection', () => {
  it('holds for each contact when the next thing falls due for it (P5)', () => {
    fc.assert(
      fc.property(log, (events) => {
        const { follow, view, dueView, readModels } = setUp();
        follow(events);
        const due = new Map(
          dueView.due(Number.MAX_SAFE_INTEGER, 100).map(({ contactId, dueAt }) => [contactId, dueAt]),
        );
        for (const { contactId, state } of view.page(undefined, 100))
          expect(due.get(contactId)).toBe(nextDue(state, known)?.at);
        readModels.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is byte for byte the same wherever the batches end, and when batches come again (law 5)', () => {
    fc.assert(
      fc.property(log, fc.array(fc.nat(60)), (events, places) => {
        const [one, other] = [setUp(), setUp()];
        one.follow(events);
        for (const batch of cut(events, places)) {
          other.follow(batch);
          other.follow(batch);
        }
        expect(dump(other.readModels)).toBe(dump(one.readModels));
        one.readModels.close();
        other.readModels.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is byte for byte the same in one go, together with the preferences that it follows from (law 5)', async () => {
    const { preferences, dueDates, follow, readModels } = setUp();
    const store = createMemoryEventStore();
    await append(store, [optIn(1, noon), optIn(2, noon), { ...optOut(1), at: noon + DAY }]);
    follow(await store.readAll(START, 10));
    const live = dump(readModels);
    await rebuild({ store, readModels, projections: [preferences, dueDates] }, { batchSize: 1 });
    expect(dump(readModels)).toBe(live);
    await store.close();
  });

  it('has every contact looked at once more when it comes past a policy in one go', async () => {
    const { preferences, dueDates, dueView, readModels } = setUp();
    const store = createMemoryEventStore();
    await append(store, [{ streamId: 'policy-dnp-giftcard', type: 'PolicyPublished' }, optIn(1, noon), optIn(2, noon)]);
    await rebuild({ store, readModels, projections: [preferences, dueDates] });
    expect(dueDates.isUnderReview).toBe(true);
    while (dueDates.review(1));
    expect(dueView.due(Number.MAX_SAFE_INTEGER, 10).map(({ contactId }) => contactId)).toStrictEqual(
      [1, 2].map(contact),
    );
    await store.close();
  });

  it.each(['OptedIn', 'PersonalDataErased', 'ConsentLapsed'] as const)('is idempotent if run twice: %s', (type) => {
    const [event] = fc.sample(contactEvent(type), { numRuns: 1, seed: 1 });
    const { follow, readModels } = setUp();
    const events = recorded([optIn(1, noon), { ...event!, streamId: contactStream(contact(1)) }]);
    follow(events);
    const once = dump(readModels);
    follow(events.slice(1));
    expect(dump(readModels)).toBe(once);
  });

  it('lists what is due in order of due date, page by page', () => {
    const { follow, dueView } = setUp();
    follow(recorded([3, 1, 2].map((number) => optIn(number, noon + number * DAY))));
    const all = dueView.due(Number.MAX_SAFE_INTEGER, 10);
    expect(all.map(({ contactId }) => contactId)).toStrictEqual([1, 2, 3].map(contact));
    expect(dueView.due(Number.MAX_SAFE_INTEGER, 10, all[0])).toStrictEqual(all.slice(1));
    expect(dueView.due(all[1]!.dueAt, 10)).toStrictEqual(all.slice(0, 2));
    expect(dueView.due(all[0]!.dueAt - 1, 10)).toStrictEqual([]);
    expect(dueView.nextDueAt()).toBe(all[0]!.dueAt);
  });

  it('looks at every contact again once a policy is published, in bounded steps that survive a stop (P5)', () => {
    const { follow, dueDates, dueView, readModels, view, publish } = setUp();
    follow(recorded([1, 2, 3, 4, 5].map((number) => optIn(number, noon))));
    const before = dueView.nextDueAt();
    const { newsletter } = giftcardDocument.purposes;
    const purposes = { ...giftcardDocument.purposes, newsletter: { ...newsletter!, consent: { renewAfter: 'P1Y' } } };
    const shorter = compilePolicy({ ...giftcardDocument, version: 2, purposes });
    publish([{ policy: shorter, publishedAt: 0 }]);
    handle(readModels, dueDates, recorded([{ streamId: 'policy-dnp-giftcard', type: 'PolicyPublished' }]));
    expect(dueView.nextDueAt()).toBe(before);

    expect(dueDates.review(2)).toBe(true);
    const policies = { history: (): PolicyHistory => [{ policy: shorter, publishedAt: 0 }], find: () => undefined };
    const again = new DueDatesProjection({ readModels, preferences: view, policies });
    expect(again.review(2)).toBe(true);
    expect(again.review(2)).toBe(false);
    expect(again.review(2)).toBe(false);
    expect(dueView.due(before! - 1, 10)).toHaveLength(5);
  });

  it('tells who waits of what falls due soon, and leaves them asleep for the rest', () => {
    const { follow, told } = setUp();
    follow(recorded([optIn(1, noon)]));
    expect(told()).toBe(0);
    const [late] = recorded([optIn(2, noon - 4 * 366 * DAY)]);
    follow([{ ...late!, metadata: { ...late!.metadata, recordedAt: new Date(noon - LONGEST_WAIT_MS).toISOString() } }]);
    expect(told()).toBe(1);
  });
});
