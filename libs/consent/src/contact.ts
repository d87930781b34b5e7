import type { Instant } from './instant.js';

/** The text a person agreed to (P3); `hash` is the SHA-256 of the text in that language, in hex. */
export interface StatementReference {
  readonly id: string;
  readonly version: number;
  readonly language: string;
  readonly hash: string;
}

/**
 * Whose act an opt-in is (P3, P4): `person` when the person did it, or an agent recorded it with its evidence;
 * `reported` when an import, a sync or an agent without evidence says so. Only an act of the person ends an opt-out.
 */
export type ActOf = 'person' | 'reported';

/** What each event of a contact holds in the open; what describes the person is sealed apart from it. */
export interface ContactEventData {
  OptedIn: { purposes: readonly string[]; statement: StatementReference; actOf: ActOf; evidenceEndsAt?: string };
  OptInRequested: { purposes: readonly string[]; statement: StatementReference; actOf: ActOf; evidenceEndsAt?: string };
  OptInConfirmed: { purposes: readonly string[]; statement: StatementReference; requestId: string };
  ConsentRenewed: { purposes: readonly string[]; statement: StatementReference };
  /** P5: the question whether to go on fell due for these purposes; whether its mail went out is in the delivery's stream. */
  ReconsentPrompted: { purposes: readonly string[] };
  ReconsentReminded: { purposes: readonly string[]; promptId: string };
  /** P5, P6: consent for these purposes ended by time alone, at the instant at which the event occurred. */
  ConsentLapsed: { purposes: readonly string[] };
  /** P8: the recording to which the evidence of this opt-in points is deleted. */
  EvidenceEnded: { optInId: string };
  OptedOut: { purposes: readonly string[] | 'all' };
  OptOutUndone: { optOutId: string };
  /** What an import reported was withdrawn: these opt-ins, by event id, no longer count. An act of the person is never among them. */
  OptInTakenBack: { optInIds: readonly string[] };
  CustomerStarted: { conditions: readonly string[] };
  CustomerEnded: Record<string, never>;
  PurchaseMade: Record<string, never>;
  ContactMade: Record<string, never>;
  MailBounced: { permanent: boolean };
  SpamReported: Record<string, never>;
  AddressProven: Record<string, never>;
  /** P9: with `requestId` for as long as that request of the person is judged, else until it is lifted. */
  ProcessingRestricted: { requestId?: string };
  RestrictionLifted: { requestId?: string };
  /** P9: the person is reached at another address, which is the contact `to`; this one is theirs no more. */
  AddressRectified: { to: string };
  /** P9: what the person settled under another address counts here too; it never ends what stands against it here. */
  PreferencesCarriedOver: CarriedPreferences;
  LegalHoldPlaced: Record<string, never>;
  LegalHoldLifted: Record<string, never>;
  /** `requestedAt` is RFC 3339: when it was asked for, where that was told. It is erased when the event occurred. */
  PersonalDataErased: {
    reason: 'request' | 'retention';
    requestedAt?: string;
    /** P7: the grounds that held the data and when each ended; only of an erasure by retention. */
    grounds?: readonly EndedGround[];
  };
}

/** P9: what comes along from the contact `from`. Event ids are those of the events there. */
export interface CarriedPreferences {
  readonly from: string;
  /** The person named this address in place of that one; absent where what came later to the old address follows it. */
  readonly adopted?: true;
  readonly consents: readonly CarriedConsent[];
  readonly optOuts: readonly CarriedOptOut[];
  /** The opt-outs, carried over before, that the person took back there. */
  readonly undone?: readonly string[];
  /** Processing was restricted there. */
  readonly restricted?: true;
  /** The requests during which processing is restricted there, and those of which the restriction was lifted. */
  readonly restrictedFor?: readonly string[];
  readonly liftedFor?: readonly string[];
  readonly relationship?: CarriedRelationship;
}

/** An event of the other contact; `at` is when it happened, RFC 3339. */
export interface CarriedAct {
  readonly eventId: string;
  readonly type: ContactEventType;
  readonly at: string;
}

export interface CarriedConsent extends CarriedAct {
  readonly purpose: string;
  readonly actOf: ActOf;
}

/** An opt-out that stands there, also by a complaint or an erasure on request, and the purposes that it no longer stops. */
export interface CarriedOptOut {
  readonly optOutId: string;
  readonly purposes: readonly string[] | 'all';
  readonly except?: readonly string[];
}

export interface CarriedRelationship {
  readonly started?: CarriedAct & { readonly conditions: readonly string[] };
  readonly ended?: CarriedAct;
  readonly purchased?: CarriedAct;
  readonly contacted?: CarriedAct;
}

/** P7: a ground that held personal data, and the instant at which it ended, RFC 3339. */
export interface EndedGround {
  readonly ground: string;
  readonly purpose?: string;
  readonly endedAt: string;
}

export type ContactEventType = keyof ContactEventData;

/** An event of a contact as a decision makes it. It never holds personal data: the caller seals that beside it. */
export type NewContactEvent = {
  [T in ContactEventType]: { readonly type: T; readonly data: ContactEventData[T] };
}[ContactEventType];

/** An event of a contact as the log holds it: when it happened in the world, and when this service learnt of it. */
export type ContactEvent = {
  [T in ContactEventType]: {
    readonly id: string;
    readonly type: T;
    readonly data: ContactEventData[T];
    readonly occurredAt: Instant;
    readonly recordedAt: Instant;
    /** What a second copy of this act would bear too; absent where nothing tells, or it may be taken back by who made it. */
    readonly act?: string;
  };
}[ContactEventType];

/** The trace an event leaves in a contact's state: enough to compare it and to name it as evidence. */
export interface Mark {
  readonly at: Instant;
  readonly id: string;
  readonly type: ContactEventType;
}

export interface OptOutMark extends Mark {
  readonly purposes: readonly string[] | 'all';
}

/** P3: an opt-in that another party reported; one for each purpose where it was carried over (P9). */
export interface ReportMark extends Mark {
  readonly purposes: readonly string[];
}

export interface CustomerStartMark extends Mark {
  /** The conditions of P2 that were on record when the relationship started, sorted. */
  readonly conditions: readonly string[];
}

/** P8: an opt-in whose evidence points to a recording, and when that is to be deleted. */
export interface RecordingMark extends Mark {
  readonly endsAt: Instant;
}

/** P9: an opt-out of another address, which stands here from the moment at which it was carried over. */
export interface CarriedOptOutMark extends Mark, CarriedOptOut {}

/** P9: where a person is reached instead of here. */
export interface RectificationMark extends Mark {
  readonly to: string;
}

/** P9: instead of which contact a person is reached here. */
export interface AdoptionMark extends Mark {
  readonly from: string;
}

export type ByPurpose = Readonly<Record<string, Mark>>;
export type ByRequest = Readonly<Record<string, Mark>>;

/**
 * What is known of a contact: a set of registers, each the latest event of its kind by `occurredAt`. A register does not
 * depend on the order in which events arrive, and reading an event twice changes nothing (law 1).
 */
export interface ContactState {
  /** The latest `occurredAt` of any event; absent for a contact that the service has never heard of. */
  readonly latest?: Instant;
  /** P3: the latest consent per purpose that the person gave, confirmed or renewed. */
  readonly given: ByPurpose;
  /** P3: the latest consent per purpose that another party reported, and did not take back. */
  readonly reported: ByPurpose;
  /** The latest opt-in per purpose that waits, or waited, for its confirmation. */
  readonly requested: ByPurpose;
  /** P4: every opt-out, so that undoing one brings back the one before. */
  readonly optOuts: readonly OptOutMark[];
  /** P4: the opt-outs that the person took back, by event id. An undo names its opt-out, so their times are not compared. */
  readonly undone: readonly string[];
  /** P3: every opt-in that another party reported, so that taking one back lets the next one count. */
  readonly reports: readonly ReportMark[];
  /** The reported opt-ins that were taken back, by event id, whether or not they are known yet. */
  readonly takenBack: readonly string[];
  /** The latest time at which some were. */
  readonly tookBack?: Mark;
  /** P5: the latest re-consent prompt per purpose, the latest reminder, and the latest lapse on record. */
  readonly prompted: ByPurpose;
  readonly reminded: ByPurpose;
  readonly lapsed: ByPurpose;
  /** P8: every opt-in whose evidence points to a recording, and those whose recording is deleted, by event id. */
  readonly recordings: readonly RecordingMark[];
  readonly evidenceEnded: readonly string[];
  readonly customerStarted?: CustomerStartMark;
  readonly customerEnded?: Mark;
  readonly purchased?: Mark;
  readonly contacted?: Mark;
  readonly bounced?: Mark;
  readonly addressProven?: Mark;
  readonly complained?: Mark;
  readonly restricted?: Mark;
  readonly restrictionLifted?: Mark;
  /** P9: the restrictions that last while a request is judged, and when each was lifted, by the request's id. */
  readonly restrictedFor: ByRequest;
  readonly liftedFor: ByRequest;
  /** P9: the latest rectification of this address, and the latest time it came in place of another. */
  readonly rectified?: RectificationMark;
  readonly adopted?: AdoptionMark;
  /** P9: consents given, or reported, under another address. They end nothing that stands against this one. */
  readonly carried: ByPurpose;
  readonly carriedReports: readonly ReportMark[];
  readonly carriedOptOuts: readonly CarriedOptOutMark[];
  readonly carriedUndone: readonly string[];
  readonly carriedStart?: CustomerStartMark;
  readonly carriedEnd?: Mark;
  readonly carriedPurchase?: Mark;
  readonly carriedContact?: Mark;
  readonly holdPlaced?: Mark;
  readonly holdLifted?: Mark;
  readonly erased?: Mark;
  /** P7: the latest erasure that the person asked for; it counts as an opt-out. */
  readonly erasedOnRequest?: Mark;
}

/** A contact of which nothing is known. */
export const unknownContact: ContactState = {
  given: {},
  reported: {},
  requested: {},
  optOuts: [],
  undone: [],
  reports: [],
  takenBack: [],
  prompted: {},
  reminded: {},
  lapsed: {},
  recordings: [],
  evidenceEnded: [],
  restrictedFor: {},
  liftedFor: {},
  carried: {},
  carriedReports: [],
  carriedOptOuts: [],
  carriedUndone: [],
};

/** The state after the events, whatever their order (law 1). */
export function foldContact(events: Iterable<ContactEvent>, from: ContactState = unknownContact): ContactState {
  let state = from;
  for (const event of events) state = evolve(state, event);
  return state;
}

/** The events that the answer for moment `at` with knowledge of moment `knownAt` may use (law 3). */
export function eventsKnown(events: readonly ContactEvent[], at: Instant, knownAt: Instant): ContactEvent[] {
  return events.filter(({ occurredAt, recordedAt }) => occurredAt <= at && recordedAt <= knownAt);
}

/** The state after one more event. */
export function evolve(state: ContactState, event: ContactEvent): ContactState {
  const mark: Mark = { at: event.occurredAt, id: event.id, type: event.type };
  const latest = Math.max(state.latest ?? event.occurredAt, event.occurredAt);
  return { ...state, latest, ...registersMoved(state, event, mark) };
}

/** The registers in which an event leaves its mark, as they stand then. */
function registersMoved(state: ContactState, event: ContactEvent, mark: Mark): Partial<ContactState> {
  switch (event.type) {
    case 'OptedIn': {
      const recordings = addRecording(state.recordings, mark, event.data.evidenceEndsAt);
      if (event.data.actOf === 'reported') {
        const reports = addMark(state.reports, { ...mark, purposes: event.data.purposes });
        return { recordings, reports, reported: latestReports(reports, state.takenBack) };
      }
      return { recordings, ...personGave(state, event.data.purposes, mark) };
    }
    case 'OptInConfirmed':
    case 'ConsentRenewed':
      return personGave(state, event.data.purposes, mark);
    case 'OptInRequested':
      return {
        recordings: addRecording(state.recordings, mark, event.data.evidenceEndsAt),
        requested: mergeAll(state.requested, event.data.purposes, mark),
      };
    case 'OptedOut':
      return { optOuts: addMark(state.optOuts, { ...mark, purposes: event.data.purposes }) };
    case 'OptOutUndone':
      return { undone: addSorted(state.undone, event.data.optOutId) };
    case 'OptInTakenBack': {
      const takenBack = event.data.optInIds.reduce(addSorted, state.takenBack);
      return {
        takenBack,
        tookBack: later(state.tookBack, mark),
        reported: latestReports(state.reports, takenBack),
      };
    }
    case 'CustomerStarted':
      return { customerStarted: laterStart(state.customerStarted, mark, event.data.conditions) };
    case 'CustomerEnded':
      return { customerEnded: later(state.customerEnded, mark) };
    case 'PurchaseMade':
      return { purchased: later(state.purchased, mark) };
    case 'ContactMade':
      return { contacted: later(state.contacted, mark) };
    case 'MailBounced':
      return event.data.permanent ? { bounced: later(state.bounced, mark) } : {};
    case 'SpamReported':
      return { complained: later(state.complained, mark) };
    case 'AddressProven':
      return { addressProven: later(state.addressProven, mark) };
    case 'ProcessingRestricted': {
      const { requestId } = event.data;
      if (requestId === undefined) return { restricted: later(state.restricted, mark) };
      return { restrictedFor: mergeAll(state.restrictedFor, [requestId], mark) };
    }
    case 'RestrictionLifted': {
      const { requestId } = event.data;
      if (requestId === undefined) return { restrictionLifted: later(state.restrictionLifted, mark) };
      return { liftedFor: mergeAll(state.liftedFor, [requestId], mark) };
    }
    case 'AddressRectified':
      return { rectified: later(state.rectified, { ...mark, to: event.data.to }) };
    case 'PreferencesCarriedOver':
      return carriedInto(state, event.data, mark);
    case 'PersonalDataErased': {
      const erased = later(state.erased, mark);
      if (event.data.reason === 'retention') return { erased };
      return { erased, erasedOnRequest: later(state.erasedOnRequest, mark) };
    }
    case 'LegalHoldPlaced':
      return { holdPlaced: later(state.holdPlaced, mark) };
    case 'LegalHoldLifted':
      return { holdLifted: later(state.holdLifted, mark) };
    case 'ReconsentPrompted':
      return { prompted: mergeAll(state.prompted, event.data.purposes, mark) };
    case 'ReconsentReminded':
      return { reminded: mergeAll(state.reminded, event.data.purposes, mark) };
    case 'ConsentLapsed':
      return { lapsed: mergeAll(state.lapsed, event.data.purposes, mark) };
    case 'EvidenceEnded':
      return { evidenceEnded: addSorted(state.evidenceEnded, event.data.optInId) };
    default:
      return unreadable(event);
  }
}

/** The later of two marks; at the same instant the greater id, so that the choice does not depend on order. */
export function later<M extends Mark>(a: M | undefined, b: M): M {
  if (!a) return b;
  if (a.at !== b.at) return a.at > b.at ? a : b;
  return a.id >= b.id ? a : b;
}

function personGave(state: ContactState, purposes: readonly string[], mark: Mark) {
  return { given: mergeAll(state.given, purposes, mark), addressProven: later(state.addressProven, mark) };
}

function carriedInto(state: ContactState, data: CarriedPreferences, mark: Mark): Partial<ContactState> {
  const { from, adopted, consents, optOuts, undone = [], restricted, restrictedFor = [], liftedFor = [] } = data;
  const { started, ended, purchased, contacted } = data.relationship ?? {};
  const marks = optOuts.map((optOut) => ({ ...mark, ...optOut }));
  return {
    ...(adopted && { adopted: later(state.adopted, { ...mark, from }) }),
    ...(restricted && { restricted: later(state.restricted, mark) }),
    restrictedFor: mergeAll(state.restrictedFor, restrictedFor, mark),
    liftedFor: mergeAll(state.liftedFor, liftedFor, mark),
    carried: consents.filter(isByPerson).reduce(mergeConsent, state.carried),
    carriedReports: consents.filter((consent) => !isByPerson(consent)).reduce(addCarriedReport, state.carriedReports),
    carriedOptOuts: marks.reduce(addCarriedOptOut, state.carriedOptOuts),
    carriedUndone: undone.reduce(addSorted, state.carriedUndone),
    ...(started && { carriedStart: laterStart(state.carriedStart, markOf(started), started.conditions) }),
    ...(ended && { carriedEnd: later(state.carriedEnd, markOf(ended)) }),
    ...(purchased && { carriedPurchase: later(state.carriedPurchase, markOf(purchased)) }),
    ...(contacted && { carriedContact: later(state.carriedContact, markOf(contacted)) }),
  };
}

function markOf({ eventId, type, at }: CarriedAct): Mark {
  return { at: Date.parse(at), id: eventId, type };
}

function isByPerson({ actOf }: CarriedConsent): boolean {
  return actOf === 'person';
}

function mergeConsent(marks: ByPurpose, consent: CarriedConsent): ByPurpose {
  return mergeAll(marks, [consent.purpose], markOf(consent));
}

function addCarriedReport(marks: readonly ReportMark[], consent: CarriedConsent): readonly ReportMark[] {
  const report: ReportMark = { ...markOf(consent), purposes: [consent.purpose] };
  if (marks.some((mark) => byTime(mark, report) === 0 && mark.purposes[0] === consent.purpose)) return marks;
  return [...marks, report].sort((a, b) => byTime(a, b) || (a.purposes[0]! < b.purposes[0]! ? -1 : 1));
}

function addCarriedOptOut(marks: readonly CarriedOptOutMark[], mark: CarriedOptOutMark): readonly CarriedOptOutMark[] {
  if (marks.some(({ id, optOutId }) => id === mark.id && optOutId === mark.optOutId)) return marks;
  return [...marks, mark].sort((a, b) => byTime(a, b) || (a.optOutId < b.optOutId ? -1 : 1));
}

function mergeAll(marks: ByPurpose, purposes: readonly string[], mark: Mark): ByPurpose {
  const merged: Record<string, Mark> = { ...marks };
  for (const purpose of purposes) merged[purpose] = later(merged[purpose], mark);
  return merged;
}

function addMark<M extends Mark>(marks: readonly M[], mark: M): readonly M[] {
  return marks.some(({ id }) => id === mark.id) ? marks : [...marks, mark].sort(byTime);
}

/** The latest report per purpose of those that were not taken back. */
export function latestReports(reports: readonly ReportMark[], takenBack: readonly string[]): ByPurpose {
  let latest: ByPurpose = {};
  for (const { at, id, type, purposes } of reports)
    if (!takenBack.includes(id)) latest = mergeAll(latest, purposes, { at, id, type });
  return latest;
}

function addRecording(
  recordings: readonly RecordingMark[],
  mark: Mark,
  endsAt: string | undefined,
): readonly RecordingMark[] {
  return endsAt === undefined ? recordings : addMark(recordings, { ...mark, endsAt: Date.parse(endsAt) });
}

function byTime(a: Mark, b: Mark): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

function addSorted(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids : [...ids, id].sort();
}

/** The stricter wins (law 1): of two starts at the same instant only what both have on record counts. */
export function laterStart(
  a: CustomerStartMark | undefined,
  { at, id, type }: Mark,
  conditions: readonly string[],
): CustomerStartMark {
  const b: CustomerStartMark = { at, id, type, conditions: [...new Set(conditions)].sort() };
  if (!a || a.at < b.at) return b;
  if (a.at > b.at) return a;
  const both = a.conditions.filter((condition) => b.conditions.includes(condition));
  return { ...later(a, b), conditions: both };
}

function unreadable(event: never): never {
  throw new TypeError(`Unknown contact event: ${JSON.stringify((event as { type?: unknown }).type)}`);
}
