import {
  latestReports,
  type ByPurpose,
  type CarriedOptOut,
  type ContactEventType,
  type ContactState,
  type CustomerStartMark,
  type Instant,
  type Mark,
} from '@consent-ledger/consent';

/**
 * A contact's state as a short text: each mark stands once and the registers point at it. Under half the size of the
 * state as JSON and read in half the time, which is what a look-up mostly costs. Equal states give equal texts.
 */
type Encoded = readonly [
  latest: Instant | null,
  /** `at`, `id` and the index in `types`, mark after mark. */
  marks: readonly (number | string)[],
  /** A purpose and the index of its mark, pair after pair, sorted by purpose. */
  given: readonly (string | number)[],
  requested: readonly (string | number)[],
  /** The index of a mark and what it opted out of, pair after pair. */
  optOuts: readonly (number | readonly string[] | 'all')[],
  undone: readonly string[],
  /** The index of a mark and the purposes it reported, pair after pair; the register `reported` is made of them. */
  reports: readonly (number | readonly string[])[],
  takenBack: readonly string[],
  /** The index in `registers` and that of the mark, pair after pair. */
  registers: readonly number[],
  /** Of `customerStarted`; absent without it. */
  conditions?: readonly string[] | null,
  /** What time has made fall due; absent where nothing has. */
  timed?: Timed | null,
  /** What rights the person used; absent where none. */
  rights?: Rights,
];

type Rights = readonly [
  /** A request and the index of its mark, pair after pair. */
  restrictedFor: readonly (string | number)[],
  liftedFor: readonly (string | number)[],
  /** The index of a mark and the other contact; absent without it. */
  rectified: readonly (string | number)[],
  adopted: readonly (string | number)[],
  carried: readonly (string | number)[],
  /** The index of a mark and the purpose it reported, pair after pair. */
  carriedReports: readonly (number | readonly string[])[],
  /** The index of a mark and its opt-out, pair after pair. */
  carriedOptOuts: readonly (number | CarriedOptOut)[],
  carriedUndone: readonly string[],
  /** The index of the mark of `carriedStart` and its conditions; absent without it. */
  carriedStart: readonly (number | readonly string[])[],
];

type Timed = readonly [
  prompted: readonly (string | number)[],
  reminded: readonly (string | number)[],
  lapsed: readonly (string | number)[],
  /** The index of a mark and when its recording is to be deleted, pair after pair. */
  recordings: readonly number[],
  evidenceEnded: readonly string[],
];

/** A place in these lists is part of the stored form: add at the end only, or raise the projection's version. */
const types = [
  'OptedIn',
  'OptInRequested',
  'OptInConfirmed',
  'ConsentRenewed',
  'ReconsentPrompted',
  'ConsentLapsed',
  'OptedOut',
  'OptOutUndone',
  'CustomerStarted',
  'CustomerEnded',
  'PurchaseMade',
  'ContactMade',
  'MailBounced',
  'SpamReported',
  'AddressProven',
  'ProcessingRestricted',
  'RestrictionLifted',
  'PersonalDataErased',
  'ReconsentReminded',
  'EvidenceEnded',
  'LegalHoldPlaced',
  'LegalHoldLifted',
  'OptInTakenBack',
  'AddressRectified',
  'PreferencesCarriedOver',
] as const satisfies readonly ContactEventType[];

const registers = [
  'customerStarted',
  'customerEnded',
  'purchased',
  'contacted',
  'bounced',
  'addressProven',
  'complained',
  'restricted',
  'restrictionLifted',
  'erased',
  'erasedOnRequest',
  'holdPlaced',
  'holdLifted',
  'carriedEnd',
  'carriedPurchase',
  'carriedContact',
  'tookBack',
] as const satisfies readonly (keyof ContactState)[];

/** The text of a contact's state; it holds marks, no personal data. */
export function encodeContactState(state: ContactState): string {
  const marks: (number | string)[] = [];
  const encoded: Encoded = [
    state.latest ?? null,
    marks,
    purposePairs(state.given, marks),
    purposePairs(state.requested, marks),
    scopePairs(state.optOuts, marks),
    state.undone,
    scopePairs(state.reports, marks),
    state.takenBack,
    registerPairs(state, marks),
  ];
  const conditions = state.customerStarted?.conditions;
  const timed = encodeTimed(state, marks);
  const rights = encodeRights(state, marks);
  if (rights) return JSON.stringify([...encoded, conditions ?? null, timed ?? null, rights]);
  if (timed) return JSON.stringify([...encoded, conditions ?? null, timed]);
  return JSON.stringify(conditions ? [...encoded, conditions] : encoded);
}

/** The state of which this is the text. */
export function decodeContactState(text: string): ContactState {
  const encoded = JSON.parse(text) as Encoded;
  const [latest, flatMarks, given, requested, optOuts, undone, reported, takenBack, held, conditions] = encoded;
  const [, , , , , , , , , , timed, rights] = encoded;
  const marks = readMarks(flatMarks);
  const reports = readScopes<readonly string[]>(reported, marks);
  const state: Writable<ContactState> = {
    ...(latest === null ? {} : { latest }),
    given: readPurposes(given, marks),
    reported: latestReports(reports, takenBack),
    requested: readPurposes(requested, marks),
    optOuts: readScopes<readonly string[] | 'all'>(optOuts, marks),
    undone,
    reports,
    takenBack,
    prompted: timed ? readPurposes(timed[0], marks) : {},
    reminded: timed ? readPurposes(timed[1], marks) : {},
    lapsed: timed ? readPurposes(timed[2], marks) : {},
    recordings: timed ? readRecordings(timed[3], marks) : [],
    evidenceEnded: timed ? timed[4] : [],
    ...(rights ? readRights(rights, marks) : noRights),
  };
  for (let i = 0; i < held.length; i += 2) {
    const name = registers[held[i]!]!;
    const mark = marks[held[i + 1]!]!;
    if (name === 'customerStarted') state.customerStarted = readCustomerStart(mark, conditions!);
    else state[name] = mark;
  }
  return state;
}

const noRights = {
  restrictedFor: {},
  liftedFor: {},
  carried: {},
  carriedReports: [],
  carriedOptOuts: [],
  carriedUndone: [],
} as const satisfies Partial<ContactState>;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function indexOfMark(marks: (number | string)[], { at, id, type }: Mark): number {
  const typeIndex = types.indexOf(type);
  for (let i = 0; i < marks.length; i += 3)
    if (marks[i + 1] === id && marks[i] === at && marks[i + 2] === typeIndex) return i / 3;
  return marks.push(at, id, typeIndex) / 3 - 1;
}

function purposePairs(register: ByPurpose, marks: (number | string)[]): Encoded[2] {
  const purposes = Object.keys(register);
  if (purposes.length === 0) return [];
  const pairs: (string | number)[] = [];
  for (const purpose of purposes.sort()) pairs.push(purpose, indexOfMark(marks, register[purpose]!));
  return pairs;
}

function scopePairs<S>(scoped: readonly (Mark & { readonly purposes: S })[], marks: (number | string)[]) {
  const pairs: (number | S)[] = [];
  for (const mark of scoped) pairs.push(indexOfMark(marks, mark), mark.purposes);
  return pairs;
}

function encodeTimed(state: ContactState, marks: (number | string)[]): Timed | undefined {
  const timed: Timed = [
    purposePairs(state.prompted, marks),
    purposePairs(state.reminded, marks),
    purposePairs(state.lapsed, marks),
    state.recordings.flatMap((recording) => [indexOfMark(marks, recording), recording.endsAt]),
    state.evidenceEnded,
  ];
  return timed.some(({ length }) => length > 0) ? timed : undefined;
}

function encodeRights(state: ContactState, marks: (number | string)[]): Rights | undefined {
  const { rectified, adopted, carriedStart } = state;
  const rights: Rights = [
    purposePairs(state.restrictedFor, marks),
    purposePairs(state.liftedFor, marks),
    rectified ? [indexOfMark(marks, rectified), rectified.to] : [],
    adopted ? [indexOfMark(marks, adopted), adopted.from] : [],
    purposePairs(state.carried, marks),
    scopePairs(state.carriedReports, marks),
    state.carriedOptOuts.flatMap(({ optOutId, purposes, except, ...mark }) => [
      indexOfMark(marks, mark),
      { optOutId, purposes, ...(except && { except }) },
    ]),
    state.carriedUndone,
    carriedStart ? [indexOfMark(marks, carriedStart), carriedStart.conditions] : [],
  ];
  return rights.some(({ length }) => length > 0) ? rights : undefined;
}

function readRights(rights: Rights, marks: readonly Mark[]) {
  const [restrictedFor, liftedFor, rectified, adopted, carried, carriedReports, optOuts, carriedUndone, start] = rights;
  const carriedOptOuts = [];
  for (let i = 0; i < optOuts.length; i += 2)
    carriedOptOuts.push({ ...marks[optOuts[i] as number]!, ...(optOuts[i + 1] as CarriedOptOut) });
  return {
    restrictedFor: readPurposes(restrictedFor, marks),
    liftedFor: readPurposes(liftedFor, marks),
    ...(rectified.length > 0 && { rectified: { ...marks[rectified[0] as number]!, to: rectified[1] as string } }),
    ...(adopted.length > 0 && { adopted: { ...marks[adopted[0] as number]!, from: adopted[1] as string } }),
    carried: readPurposes(carried, marks),
    carriedReports: readScopes<readonly string[]>(carriedReports, marks),
    carriedOptOuts,
    carriedUndone,
    ...(start.length > 0 && {
      carriedStart: readCustomerStart(marks[start[0] as number]!, start[1] as readonly string[]),
    }),
  };
}

function registerPairs(state: ContactState, marks: (number | string)[]): Encoded[8] {
  const pairs: number[] = [];
  for (let index = 0; index < registers.length; index++) {
    const mark = state[registers[index]!];
    if (mark) pairs.push(index, indexOfMark(marks, mark));
  }
  return pairs;
}

function readMarks(flat: Encoded[1]): Mark[] {
  const marks: Mark[] = [];
  for (let i = 0; i < flat.length; i += 3)
    marks.push({ at: flat[i] as number, id: flat[i + 1] as string, type: types[flat[i + 2] as number]! });
  return marks;
}

function readPurposes(pairs: Encoded[2], marks: readonly Mark[]): ByPurpose {
  const register: Record<string, Mark> = {};
  for (let i = 0; i < pairs.length; i += 2) register[pairs[i] as string] = marks[pairs[i + 1] as number]!;
  return register;
}

function readScopes<S>(pairs: readonly (number | S)[], marks: readonly Mark[]): (Mark & { readonly purposes: S })[] {
  const scoped = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const { at, id, type } = marks[pairs[i] as number]!;
    scoped.push({ at, id, type, purposes: pairs[i + 1] as S });
  }
  return scoped;
}

function readRecordings(pairs: Timed[3], marks: readonly Mark[]): ContactState['recordings'] {
  const recordings = [];
  for (let i = 0; i < pairs.length; i += 2) recordings.push({ ...marks[pairs[i]!]!, endsAt: pairs[i + 1]! });
  return recordings;
}

function readCustomerStart({ at, id, type }: Mark, conditions: readonly string[]): CustomerStartMark {
  return { at, id, type, conditions };
}
