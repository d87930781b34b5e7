import fc from 'fast-check';
import { createCalendar } from './calendar.js';
import type { ContactEvent, ContactEventData, ContactEventType } from './contact.js';
import { statement } from './contact.fixture.js';
import type { Instant } from './instant.js';
import { parsePeriod } from './period.js';
import { compilePolicy } from './policy.js';
import type { PolicyHistory, PublishedPolicy } from './policy-history.js';
import { giftcard, harbour, harbourDocument, orchard, orchardDocument } from './policy.fixture.js';

/** Every purpose of any of the policies. */
export const purposes = [
  'newsletter',
  'event-invitation',
  'personalised-message',
  'sales-contact',
  'survey',
  'service',
] as const;

const DAY = 86_400_000;
const calendars = [createCalendar('Europe/Amsterdam'), createCalendar('America/New_York')];
const periods = [['P3Y', 'P30D'], ['P1Y', 'P7D'], ['P18M'], ['P12M'], ['P6M'], ['P3M'], ['P2Y'], ['P1D']];

/** Few, and at the edges of the calendar: a leap day, and days on which a clock skips or repeats an hour a year later. */
const starts = ['2020-02-29T11:00:00Z', '2020-03-28T01:30:00Z', '2020-10-31T00:30:00Z', '2021-03-14T05:00:00Z'].map(
  (text) => Date.parse(text),
);
const ends = starts.flatMap((start) =>
  calendars.flatMap((calendar) =>
    periods.map((added) => added.reduce((at, period) => calendar.add(at, parsePeriod(period)!), start)),
  ),
);

/** The instants at which answers change, for histories that start at one of few moments. */
export const edges: readonly Instant[] = [...new Set([...starts, ...ends])].sort((a, b) => a - b);

/** A moment: mostly one that others share, or one of those a period later, or a millisecond beside such a one. */
export const moments: fc.Arbitrary<Instant> = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...starts) },
  { weight: 4, arbitrary: fc.constantFrom(...edges) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...edges), fc.constantFrom(-1, 1)).map(([edge, beside]) => edge + beside),
  },
  { weight: 1, arbitrary: fc.integer({ min: starts[0]! - DAY, max: edges.at(-1)! + 400 * DAY }) },
);

/** A moment to ask about: any, also one after everything. */
export const questions: fc.Arbitrary<Instant> = fc.oneof(
  { weight: 3, arbitrary: moments },
  { weight: 2, arbitrary: fc.constantFrom(Date.UTC(2022, 5, 1), Date.UTC(2024, 5, 1), Date.UTC(2040, 0, 1)) },
);

/** The purposes that the events of a history are about; another is left untouched. */
export const commercial = ['newsletter', 'event-invitation', 'sales-contact', 'survey'];
const somePurposes = fc.subarray(commercial, { minLength: 1 });
/** Every condition of P2 in any of the policies. */
export const conditions = ['informedAtCollection', 'memberOfClub', 'optOutOffered', 'similarProducts'];
const someConditions = fc.oneof(fc.constant(conditions), fc.subarray(conditions));
const eventIds = fc.integer({ min: 0, max: 9 }).map((index) => `event-${index}`);
const nothing = fc.constant({});
const contactIds = fc.constantFrom('elsewhere', 'anywhere');
const requestIds = fc.constantFrom('request-1', 'request-2');
const forRequest = fc.record({ requestId: requestIds });

function carriedActs<T extends ContactEventType>(type: T) {
  return fc.record({
    eventId: eventIds,
    type: fc.constant(type),
    at: moments.map((moment) => new Date(moment).toISOString()),
  });
}

const carriedConsents = fc
  .tuple(
    carriedActs('OptedIn'),
    fc.constantFrom(...commercial),
    fc.constantFrom('person' as const, 'reported' as const),
  )
  .map(([act, purpose, actOf]) => ({ ...act, purpose, actOf }));
const carriedOptOuts = fc.record(
  {
    optOutId: eventIds,
    purposes: fc.oneof(somePurposes, fc.constant('all' as const)),
    except: fc.subarray(commercial),
  },
  { requiredKeys: ['optOutId', 'purposes'], noNullPrototype: true },
);
const carriedRelationships = fc.record(
  {
    started: fc
      .tuple(carriedActs('CustomerStarted'), someConditions)
      .map(([act, onRecord]) => ({ ...act, conditions: onRecord })),
    ended: carriedActs('CustomerEnded'),
    purchased: carriedActs('PurchaseMade'),
    contacted: carriedActs('ContactMade'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const dataOf: { readonly [T in ContactEventType]: fc.Arbitrary<ContactEventData[T]> } = {
  OptedIn: fc.record({
    purposes: somePurposes,
    statement: fc.constant(statement),
    actOf: fc.constantFrom('person', 'person', 'reported'),
  }),
  OptInRequested: fc.record({
    purposes: somePurposes,
    statement: fc.constant(statement),
    actOf: fc.constantFrom('person', 'reported'),
  }),
  OptInConfirmed: fc.record({ purposes: somePurposes, statement: fc.constant(statement), requestId: eventIds }),
  ConsentRenewed: fc.record({ purposes: somePurposes, statement: fc.constant(statement) }),
  ReconsentPrompted: fc.record({ purposes: somePurposes }),
  ReconsentReminded: fc.record({ purposes: somePurposes, promptId: eventIds }),
  ConsentLapsed: fc.record({ purposes: somePurposes }),
  EvidenceEnded: fc.record({ optInId: eventIds }),
  OptedOut: fc.record({ purposes: fc.oneof(somePurposes, fc.constant('all' as const)) }),
  OptOutUndone: fc.record({ optOutId: eventIds }),
  OptInTakenBack: fc.record({ optInIds: fc.array(eventIds, { minLength: 1, maxLength: 3 }) }),
  CustomerStarted: fc.record({ conditions: someConditions }),
  CustomerEnded: nothing,
  PurchaseMade: nothing,
  ContactMade: nothing,
  MailBounced: fc.record({ permanent: fc.boolean() }),
  SpamReported: nothing,
  AddressProven: nothing,
  ProcessingRestricted: fc.oneof(nothing, forRequest),
  RestrictionLifted: fc.oneof(nothing, forRequest),
  AddressRectified: fc.record({ to: contactIds }),
  PreferencesCarriedOver: fc.record(
    {
      from: contactIds,
      adopted: fc.constant(true as const),
      consents: fc.array(carriedConsents, { maxLength: 2 }),
      optOuts: fc.array(carriedOptOuts, { maxLength: 2 }),
      undone: fc.array(eventIds, { maxLength: 1 }),
      restricted: fc.constant(true as const),
      restrictedFor: fc.array(requestIds, { maxLength: 1 }),
      liftedFor: fc.array(requestIds, { maxLength: 1 }),
      relationship: carriedRelationships,
    },
    { requiredKeys: ['from', 'consents', 'optOuts'], noNullPrototype: true },
  ),
  LegalHoldPlaced: nothing,
  LegalHoldLifted: nothing,
  PersonalDataErased: fc.record({ reason: fc.constantFrom('request', 'retention') }),
};

/** Every type of event there is. */
export const eventTypes = Object.keys(dataOf) as ContactEventType[];

/** What verdicts rest on comes up more often than what stops them all. */
const often: readonly ContactEventType[] = ['OptedIn', 'CustomerStarted', 'CustomerEnded'].flatMap((type) =>
  Array<ContactEventType>(4).fill(type as ContactEventType),
);

type Happening = Omit<ContactEvent, 'id'>;

function happeningOf(types: readonly ContactEventType[]): fc.Arbitrary<Happening> {
  return fc.constantFrom(...types).chain((type) =>
    fc
      .record({
        data: dataOf[type] as fc.Arbitrary<ContactEventData[typeof type]>,
        occurredAt: moments,
        late: lateness,
      })
      .map(({ data, occurredAt, late }) => ({
        type,
        data: carriedBy(data, occurredAt),
        occurredAt,
        recordedAt: occurredAt + late,
      })),
  );
}

/** What is carried over from another address happened there by then. */
function carriedBy<D extends ContactEventData[ContactEventType]>(data: D, moment: number): D {
  const latest = new Date(moment).toISOString();
  const text = JSON.stringify(data, (name, value: unknown) => (name === 'at' && value! > latest ? latest : value));
  return JSON.parse(text) as D;
}

const lateness = fc.constantFrom(0, 0, 0, 1, DAY, 200 * DAY);

/** A customer who left, every condition of P2 on record: random events seldom come together so. */
const formerCustomers: fc.Arbitrary<Happening[]> = fc.constantFrom(...starts).map((start) =>
  (['CustomerStarted', 'CustomerEnded'] as const).map((type, index) => {
    const occurredAt = start + index * DAY;
    return { type, data: type === 'CustomerStarted' ? { conditions } : {}, occurredAt, recordedAt: occurredAt };
  }),
);

/** A history of a contact: events of the given types, whose ids are their places in it. */
export function histories(
  types: readonly ContactEventType[] = [...eventTypes, ...often],
  maxLength = 7,
): fc.Arbitrary<ContactEvent[]> {
  const none = { weight: 9, arbitrary: fc.constant([]) };
  return fc
    .tuple(fc.oneof(none, { weight: 1, arbitrary: formerCustomers }), fc.array(happeningOf(types), { maxLength }))
    .map((parts) => withIds(parts.flat(), 'event'));
}

function withIds(happenings: readonly Happening[], name: string): ContactEvent[] {
  return happenings.map((happening, index) => ({ ...happening, id: `${name}-${index}` }) as ContactEvent);
}

/** Events to add to a history, whose ids differ from those in it. */
export function additions(types: readonly ContactEventType[] = eventTypes): fc.Arbitrary<ContactEvent[]> {
  return fc
    .array(happeningOf(types), { minLength: 1, maxLength: 4 })
    .map((happenings) => withIds(happenings, 'addition'));
}

const harbourLater = compilePolicy({ ...harbourDocument, version: 8, inForceFrom: '2023-03-30T12:00:00+02:00' });
/** Ends consents long after they were given, or drops their purpose, while others still hold. */
const orchardLater = compilePolicy({ ...orchardDocument, version: 3, inForceFrom: '2022-06-01T00:00:00-04:00' });
const alone: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];

/** One of the policies, or two: one that comes into force later, published before or after that. */
export const policies: fc.Arbitrary<PolicyHistory> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(alone) },
  { weight: 2, arbitrary: fc.constant<PolicyHistory>([{ policy: harbour, publishedAt: 0 }]) },
  { weight: 2, arbitrary: fc.constant<PolicyHistory>([{ policy: orchard, publishedAt: 0 }]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(harbour, harbourLater, orchard, orchardLater), moments)
      .map(([policy, publishedAt]): PolicyHistory => [{ policy, publishedAt }, ...alone]),
  },
);

/** As strict as a policy may be, and in force from the same instant as another: only a total order tells them apart. */
const harbourWithoutSoftOptIn = compilePolicy({
  ...harbourDocument,
  version: 9,
  softOptIn: { purposes: [], conditions: [], holdsAfterEnd: 'P0D' },
});
const harbourEarlier = compilePolicy({ ...harbourDocument, inForceFrom: '2020-06-01T00:00:00Z' });

/** A policy to add to a history of policies, published with them or at another moment. */
export const publications: fc.Arbitrary<PublishedPolicy> = fc.record({
  policy: fc.constantFrom(harbour, harbourLater, harbourEarlier, harbourWithoutSoftOptIn, orchard),
  publishedAt: fc.oneof(fc.constant(0), moments),
});
