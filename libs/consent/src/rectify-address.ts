import { customerEnd, customerStart, lastContact, lastPurchase } from './basis.js';
import {
  foldContact,
  type ByPurpose,
  type CarriedAct,
  type CarriedConsent,
  type CarriedOptOut,
  type CarriedPreferences,
  type CarriedRelationship,
  type ContactEvent,
  type ContactState,
  type Mark,
} from './contact.js';
import { nothing, record, type Decision } from './decision.js';
import { NEVER, type Instant } from './instant.js';
import {
  isAfter,
  isRestrictedFor,
  isWithdrawn,
  ownRestriction,
  reportOnRecord,
  sinceErasure,
  standingReports,
  successorOf,
} from './standing.js';

/** Says that the person is reached at another contact (P9). The caller carries their preferences over before. */
export function rectifyAddress(state: ContactState, { to }: { readonly to: string }): Decision {
  return successorOf(state) === to ? nothing : record({ type: 'AddressRectified', data: { to } });
}

/** A contact whose preferences are to be carried over: everything on record of it. */
export interface Origin {
  readonly contactId: string;
  readonly events: readonly ContactEvent[];
}

/**
 * Carries over to a contact what the person settled under the address that it replaces, as far as it is not there yet (P9).
 * What stands against mail there stands against it here from now on; consents and the relationship come with their own
 * clocks, and end nothing (P4). `into` is everything on record of the contact; with `adopted` the person just named it.
 */
export function carryOver(origin: Origin, into: ContactState, { adopted }: { readonly adopted: boolean }): Decision {
  const theirs = foldContact(adopted ? origin.events : eventsOfThePerson(origin.events));
  const parts: Omit<CarriedPreferences, 'from' | 'adopted'> = {
    consents: [...consentsToCarry(theirs, into), ...reportsToCarry(theirs, into)],
    optOuts: optOutsToCarry(theirs, into),
    ...ifAny('undone', takenBack(theirs, into)),
    ...(restrictsAnew(theirs, into, adopted) && { restricted: true as const }),
    ...ifAny(
      'restrictedFor',
      requests(theirs.restrictedFor, (id) => isRestrictedFor(theirs, id) && !into.restrictedFor[id]),
    ),
    ...ifAny(
      'liftedFor',
      requests(theirs.liftedFor, (id) => isLiftedThere(theirs, id) && isRestrictedFor(into, id)),
    ),
    ...ifAny('relationship', relationshipToCarry(theirs, into)),
  };
  const isNew = adopted && !(into.adopted?.from === origin.contactId && successorOf(into) === undefined);
  const { consents, optOuts, ...others } = parts;
  if (!isNew && consents.length === 0 && optOuts.length === 0 && Object.keys(others).length === 0) return nothing;
  const data = { from: origin.contactId, ...(adopted && { adopted: true as const }), ...parts };
  return record({ type: 'PreferencesCarriedOver', data });
}

/**
 * What the person did under an address that was rectified: everything of before, and of after it what stops mail, and the
 * answers to questions of before, because links already mailed keep working. Whoever gives the address anew may be another.
 */
function eventsOfThePerson(events: readonly ContactEvent[]): readonly ContactEvent[] {
  const until = foldContact(events).rectified?.at ?? NEVER;
  const before = events.filter(({ occurredAt }) => occurredAt <= until);
  return events.filter((event) => event.occurredAt <= until || isStrict(event) || answers(event, before, until));
}

function isStrict({ type }: ContactEvent): boolean {
  switch (type) {
    case 'OptedOut':
    case 'OptOutUndone':
    case 'OptInTakenBack':
    case 'SpamReported':
    case 'CustomerEnded':
    case 'PersonalDataErased':
    case 'ProcessingRestricted':
    case 'RestrictionLifted':
    case 'PreferencesCarriedOver':
      return true;
    default:
      return false;
  }
}

function answers(event: ContactEvent, before: readonly ContactEvent[], until: Instant): boolean {
  if (event.type === 'OptInConfirmed') return before.some(({ id }) => id === event.data.requestId);
  if (event.type !== 'ConsentRenewed' || event.occurredAt <= until) return false;
  const { given, reported } = foldContact(before);
  return event.data.purposes.every((purpose) => given[purpose] ?? reported[purpose]);
}

function consentsToCarry(theirs: ContactState, into: ContactState): CarriedConsent[] {
  const purposes = [...new Set([...Object.keys(theirs.given), ...Object.keys(theirs.carried)])].sort();
  return purposes.flatMap((purpose) => {
    const act = sinceErasure(theirs, laterOf(theirs.given, theirs.carried, purpose));
    if (!act || isWithdrawn(theirs, purpose) || isKnownThere(act, into.given[purpose], into.carried[purpose]))
      return [];
    return [{ ...actFrom(act), purpose, actOf: 'person' }];
  });
}

/** A report that is no earlier than the one that counts here would have no effect (P3). */
function reportsToCarry(theirs: ContactState, into: ContactState): CarriedConsent[] {
  const purposes = [...new Set(standingReports(theirs).flatMap((report) => report.purposes))].sort();
  return purposes.flatMap((purpose) => {
    const report = reportOnRecord(theirs, purpose)!;
    const here = reportOnRecord(into, purpose);
    if (isWithdrawn(theirs, purpose) || (here && here.at <= report.at) || isToldThere(into, report, purpose)) return [];
    return [{ ...actFrom(report), purpose, actOf: 'reported' }];
  });
}

/** Also where it was taken back or erased since: it does not come back. */
function isToldThere({ reports, carriedReports }: ContactState, { id }: Mark, purpose: string): boolean {
  return [...reports, ...carriedReports].some((report) => report.id === id && report.purposes.includes(purpose));
}

function laterOf(own: ByPurpose, carried: ByPurpose, purpose: string): Mark | undefined {
  const [a, b] = [own[purpose], carried[purpose]];
  return a && b ? (isAfter(b, a) ? b : a) : (a ?? b);
}

/** Whether a register already holds this act, or one that is no earlier. */
function isKnownThere(act: Mark, own: Mark | undefined, carried: Mark | undefined): boolean {
  return own?.id === act.id || (carried !== undefined && !isAfter(act, carried));
}

/** Every opt-out that stands for some purpose; a complaint and an erasure on request count as opt-outs from all (P4, P7). */
function optOutsToCarry(theirs: ContactState, into: ContactState): CarriedOptOut[] {
  const here = [...into.optOuts, into.complained, into.erasedOnRequest].map((mark) => mark?.id);
  const known = new Set([...here, ...into.carriedOptOuts.map(({ optOutId }) => optOutId)]);
  const all = [theirs.complained, theirs.erasedOnRequest].flatMap((mark) =>
    mark ? [{ ...mark, optOutId: mark.id, purposes: 'all' as const, except: [] }] : [],
  );
  const own = theirs.optOuts.map((mark) => ({ ...mark, optOutId: mark.id, except: [] as readonly string[] }));
  const standing = own.filter(({ id }) => !theirs.undone.includes(id));
  const carried = theirs.carriedOptOuts.filter(({ optOutId }) => !theirs.carriedUndone.includes(optOutId));
  return [...standing, ...all, ...carried]
    .filter(({ optOutId }) => !known.has(optOutId))
    .map(({ optOutId, purposes, except = [], ...mark }) => stillStopping(theirs, mark, { optOutId, purposes, except }))
    .filter(({ purposes }) => purposes.length > 0);
}

/** An opt-out without the purposes to which the person has opted in again since. */
function stillStopping({ given }: ContactState, mark: Mark, optOut: Required<CarriedOptOut>): CarriedOptOut {
  const { optOutId, purposes, except } = optOut;
  const ended = Object.keys(given).filter((purpose) => isAfter(given[purpose], mark));
  if (purposes !== 'all')
    return { optOutId, purposes: purposes.filter((purpose) => !ended.includes(purpose) && !except.includes(purpose)) };
  const open = [...new Set([...except, ...ended])].sort();
  return { optOutId, purposes, ...(open.length > 0 && { except: open }) };
}

function takenBack(theirs: ContactState, into: ContactState): readonly string[] {
  const carried = into.carriedOptOuts.map(({ optOutId }) => optOutId);
  const own = theirs.undone.filter((undone) => theirs.optOuts.some(({ id }) => id === undone));
  const handed = theirs.carriedUndone.filter((undone) =>
    theirs.carriedOptOuts.some(({ optOutId }) => optOutId === undone),
  );
  const undone = [...new Set([...own, ...handed])].sort();
  return undone.filter((id) => carried.includes(id) && !into.carriedUndone.includes(id));
}

/** One that came over, and was lifted here since, does not come back. */
function restrictsAnew(theirs: ContactState, into: ContactState, adopted: boolean): boolean {
  const there = ownRestriction(theirs);
  if (!there || ownRestriction(into)) return false;
  return adopted || !isAfter(into.restrictionLifted, there);
}

function isLiftedThere(theirs: ContactState, requestId: string): boolean {
  return theirs.restrictedFor[requestId] !== undefined && !isRestrictedFor(theirs, requestId);
}

function requests(marks: ContactState['restrictedFor'], counts: (requestId: string) => boolean): readonly string[] {
  return Object.keys(marks).filter(counts).sort();
}

function relationshipToCarry(theirs: ContactState, into: ContactState): CarriedRelationship {
  const started = sinceErasure(theirs, customerStart(theirs));
  const acts = {
    ended: [customerEnd(theirs), customerEnd(into)],
    purchased: [lastPurchase(theirs), lastPurchase(into)],
    contacted: [lastContact(theirs), lastContact(into)],
  } as const;
  const later = Object.entries(acts).flatMap(([name, [there, here]]) => {
    const act = sinceErasure(theirs, there);
    return act && !(here && !isAfter(act, here)) ? [[name, actFrom(act)] as const] : [];
  });
  const here = customerStart(into);
  const starts = started && !(here && !isAfter(started, here));
  return {
    ...(starts && { started: { ...actFrom(started), conditions: started.conditions } }),
    ...Object.fromEntries(later),
  };
}

function actFrom({ id, type, at }: Mark): CarriedAct {
  return { eventId: id, type, at: new Date(at).toISOString() };
}

function ifAny<N extends string, V extends object>(name: N, value: V): { [K in N]?: V } {
  return (Object.keys(value).length > 0 ? { [name]: value } : {}) as { [K in N]?: V };
}
