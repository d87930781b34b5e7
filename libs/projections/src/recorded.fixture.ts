import type { ContactEventData, ContactEventType } from '@consent-ledger/consent';
import { NO_STREAM, type EventStore, type NewEvent, type RecordedEvent } from '@consent-ledger/event-store';
import { contactIdFromBytes } from '@consent-ledger/privacy';
import fc from 'fast-check';
import { contactStream } from './contact-events.js';
import type { Projection } from './projection.js';
import { openReadModels, type ReadModels } from './read-models.js';

/** An event before it has a place in a log. */
export interface Told {
  readonly streamId: string;
  readonly type: string;
  readonly data?: object;
  /** Epoch milliseconds. */
  readonly at?: number;
}

export const noon = Date.parse('2024-03-01T12:00:00.000Z');

/** The contact with this number: one that sorts where its number does. */
export function contact(number: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(number);
  return contactIdFromBytes(bytes);
}

/** The events as a log records them: positions with gaps, revisions by stream, ids by position. */
export function recorded(told: readonly Told[]): RecordedEvent[] {
  const revisions = new Map<string, number>();
  return told.map((event, index) => {
    const revision = (revisions.get(event.streamId) ?? NO_STREAM) + 1;
    revisions.set(event.streamId, revision);
    return { ...written(event, index), streamId: event.streamId, revision, position: index * 3 };
  });
}

/** Appends the events one by one, each at the end of its stream; answers the position of the last. */
export async function append(store: EventStore, told: readonly Told[]): Promise<number> {
  let last = await store.head();
  for (const event of told) {
    const stream = await store.readStream(event.streamId);
    const { position } = await store.append(event.streamId, stream.length - 1, [written(event, last + 1)]);
    last = position;
  }
  return last;
}

function written({ type, data = {}, at = noon }: Told, index: number): NewEvent {
  const instant = new Date(at).toISOString();
  return {
    id: eventId(index),
    type,
    data: data as NewEvent['data'],
    metadata: { occurredAt: instant, recordedAt: instant, schemaVersion: 1 },
  };
}

function eventId(index: number): string {
  return `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

/** Read models that live in memory, and what stands in them. */
export function readModelsInMemory(): ReadModels {
  return openReadModels(':memory:');
}

/** Every row of every table of the projections, bytes as hex: what "byte for byte" is held against. */
export function dump({ db }: ReadModels): string {
  const tables = db
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'checkpoints' ORDER BY name")
    .pluck()
    .all();
  return JSON.stringify(tables.map((table) => [table, db.prepare(`SELECT * FROM ${table}`).all()]));
}

/** Lets a projection handle the events as a processor does: in one transaction, then what follows it. */
export function handle(readModels: ReadModels, projection: Projection, events: readonly RecordedEvent[]): void {
  readModels.db.transaction(() => projection.handle(events))();
  projection.afterCommit?.();
}

const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'ab'.repeat(32) };
const purposes = fc.subarray(['newsletter', 'event-invitation', 'sales-contact'], { minLength: 1 });
const nothing = fc.constant({});
/** The id of one of the first events of a log, which may well be a report of the contact in question. */
const someEventId = fc.integer({ min: 0, max: 30 }).map(eventId);

const forRequest = fc.oneof(nothing, fc.record({ requestId: fc.constantFrom('one', 'other') }));

function carriedAct(type: ContactEventType) {
  return fc.record({
    eventId: someEventId,
    type: fc.constant(type),
    at: fc.integer({ min: -5, max: 5 }).map((hour) => new Date(noon + hour * 3_600_000).toISOString()),
  });
}

const data: { readonly [T in ContactEventType]: fc.Arbitrary<ContactEventData[T]> } = {
  OptedIn: fc.record({ purposes, statement: fc.constant(statement), actOf: fc.constantFrom('person', 'reported') }),
  OptInRequested: fc.record({ purposes, statement: fc.constant(statement), actOf: fc.constant('person') }),
  OptInConfirmed: fc.record({ purposes, statement: fc.constant(statement), requestId: fc.uuid() }),
  ConsentRenewed: fc.record({ purposes, statement: fc.constant(statement) }),
  ReconsentPrompted: fc.record({ purposes }),
  ReconsentReminded: fc.record({ purposes, promptId: fc.uuid() }),
  ConsentLapsed: fc.record({ purposes }),
  EvidenceEnded: fc.record({ optInId: fc.uuid() }),
  OptedOut: fc.record({ purposes: fc.oneof(purposes, fc.constant('all' as const)) }),
  OptOutUndone: fc.record({ optOutId: fc.uuid() }),
  OptInTakenBack: fc.record({ optInIds: fc.array(someEventId, { minLength: 1, maxLength: 3 }) }),
  CustomerStarted: fc.record({ conditions: fc.subarray(['informedAtCollection', 'optOutOffered']) }),
  CustomerEnded: nothing,
  PurchaseMade: nothing,
  ContactMade: nothing,
  MailBounced: fc.record({ permanent: fc.boolean() }),
  SpamReported: nothing,
  AddressProven: nothing,
  ProcessingRestricted: forRequest,
  RestrictionLifted: forRequest,
  AddressRectified: fc.record({ to: fc.constantFrom(contact(1), contact(2)) }),
  PreferencesCarriedOver: fc.record(
    {
      from: fc.constantFrom(contact(1), contact(2)),
      adopted: fc.constant(true as const),
      consents: fc.array(
        fc
          .tuple(carriedAct('OptedIn'), fc.constantFrom('newsletter', 'sales-contact'))
          .chain(([act, purpose]) =>
            fc.constantFrom('person' as const, 'reported' as const).map((actOf) => ({ ...act, purpose, actOf })),
          ),
        { maxLength: 2 },
      ),
      optOuts: fc.array(
        fc.record(
          { optOutId: someEventId, purposes: fc.oneof(purposes, fc.constant('all' as const)), except: purposes },
          { requiredKeys: ['optOutId', 'purposes'], noNullPrototype: true },
        ),
        { maxLength: 2 },
      ),
      undone: fc.array(someEventId, { maxLength: 2 }),
      restricted: fc.constant(true as const),
      restrictedFor: fc.array(fc.constantFrom('one', 'other'), { maxLength: 2 }),
      liftedFor: fc.array(fc.constantFrom('one', 'other'), { maxLength: 2 }),
      relationship: fc.record(
        {
          started: carriedAct('CustomerStarted').map((act) => ({ ...act, conditions: ['optOutOffered'] })),
          ended: carriedAct('CustomerEnded'),
          purchased: carriedAct('PurchaseMade'),
          contacted: carriedAct('ContactMade'),
        },
        { requiredKeys: [], noNullPrototype: true },
      ),
    },
    { requiredKeys: ['from', 'consents', 'optOuts'], noNullPrototype: true },
  ),
  LegalHoldPlaced: nothing,
  LegalHoldLifted: nothing,
  PersonalDataErased: fc.record({ reason: fc.constantFrom('request', 'retention') }),
};

export const contactEventTypes = Object.keys(data) as ContactEventType[];

/** Some event of a contact, of this type when one is named. */
export function contactEvent(type?: ContactEventType): fc.Arbitrary<Omit<Told, 'streamId'>> {
  return (type === undefined ? fc.constantFrom(...contactEventTypes) : fc.constant(type)).chain((chosen) =>
    fc.record({
      type: fc.constant(chosen),
      data: data[chosen] as fc.Arbitrary<object>,
      // Few moments, so that acts of one contact fall together and come out of order.
      at: fc.integer({ min: 0, max: 5 }).map((hour) => noon + hour * 3_600_000),
    }),
  );
}

/** A log in which a few contacts act in turn, among events of other streams. */
export const log: fc.Arbitrary<RecordedEvent[]> = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.tuple(fc.integer({ min: 1, max: 6 }), contactEvent()) },
      { weight: 1, arbitrary: fc.constant('elsewhere' as const) },
    ),
    { maxLength: 60 },
  )
  .map((turns) =>
    recorded(
      turns.map((turn) =>
        turn === 'elsewhere'
          ? { streamId: 'request-1', type: 'RequestReceived' }
          : { ...turn[1], streamId: contactStream(contact(turn[0])) },
      ),
    ),
  );

/** The list cut into stretches at these places. */
export function cut<T>(list: readonly T[], places: readonly number[]): T[][] {
  const at = [...new Set(places.map((place) => place % (list.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => list.slice(from, at[index] ?? list.length));
}
