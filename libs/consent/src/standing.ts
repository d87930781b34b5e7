import {
  later,
  type ByPurpose,
  type CarriedOptOutMark,
  type ContactState,
  type Mark,
  type OptOutMark,
  type RectificationMark,
  type ReportMark,
} from './contact.js';
import type { Instant } from './instant.js';

/** Whether the service has heard of this contact by the moment that the state stands for. */
export function isKnown(state: ContactState): boolean {
  return state.latest !== undefined;
}

/** The moment to judge for now: never before the latest act on record, also when the clock was set back. */
export function momentFor({ latest }: ContactState, now: Instant): Instant {
  return Math.max(now, latest ?? now);
}

/** Whether a mark is later than another. Of two acts at the same instant neither is: the stricter one stands (law 1). */
export function isAfter(mark: Mark | undefined, other: Mark): boolean {
  return mark !== undefined && mark.at > other.at;
}

/** Whether any of the acts is later than the mark. */
export function anyAfter(acts: ByPurpose, other: Mark): boolean {
  return Object.values(acts).some((act) => isAfter(act, other));
}

/** The erasure that no opt-in, no new relationship and no rectification to this address followed (P7, P9). */
export function standingErasure(state: ContactState): Mark | undefined {
  const { erased } = state;
  return erased && !returned(state, erased) ? erased : undefined;
}

function returned(state: ContactState, erased: Mark): boolean {
  const { customerStarted, purchased, contacted, adopted, given, reported } = state;
  if ([customerStarted, purchased, contacted, adopted].some((act) => isAfter(act, erased))) return true;
  return anyAfter(given, erased) || anyAfter(reported, erased);
}

/** The mark, unless the personal data it stood on was erased since (P7). */
export function sinceErasure<M extends Mark>({ erased }: ContactState, mark: M | undefined): M | undefined {
  return mark && erased && mark.at <= erased.at ? undefined : mark;
}

/**
 * The report of another party that counts for a purpose (P3): the earliest that was not taken back, nor erased. Were it the
 * latest, a nightly sync would renew a consent for ever, and revive one that lapsed (P5).
 */
export function reportOnRecord(state: ContactState, purpose: string): Mark | undefined {
  let earliest: Mark | undefined;
  for (const { purposes, ...report } of standingReports(state))
    if (purposes.includes(purpose) && isBefore(report, earliest)) earliest = report;
  return earliest;
}

/** Every report of another party that was not taken back, nor erased, here or under the address that this one replaced (P3, P9). */
export function standingReports(state: ContactState): readonly ReportMark[] {
  const { reports, carriedReports, takenBack } = state;
  if (reports.length + carriedReports.length === 0) return reports;
  return [...reports, ...carriedReports].filter(
    (report) => !takenBack.includes(report.id) && sinceErasure(state, report) !== undefined,
  );
}

/** Whether a mark is earlier than another, by its id where both are of the same instant. */
export function isBefore(mark: Mark, other: Mark | undefined): boolean {
  return !other || mark.at < other.at || (mark.at === other.at && mark.id < other.id);
}

/** The restriction of processing that was not lifted since, for itself or while a request is judged (P9). */
export function standingRestriction(state: ContactState): Mark | undefined {
  let standing = ownRestriction(state);
  for (const [requestId, restricted] of Object.entries(state.restrictedFor))
    if (isRestrictedFor(state, requestId)) standing = later(standing, restricted);
  return standing;
}

/** The restriction of processing that hangs on no request (P9). */
export function ownRestriction({ restricted, restrictionLifted }: ContactState): Mark | undefined {
  return restricted && !isAfter(restrictionLifted, restricted) ? restricted : undefined;
}

/** Whether processing is restricted while this request is judged (P9). */
export function isRestrictedFor({ restrictedFor, liftedFor }: ContactState, requestId: string): boolean {
  const restricted = restrictedFor[requestId];
  return restricted !== undefined && !isAfter(liftedFor[requestId], restricted);
}

/** When a restriction of processing was last lifted, for itself or with a request that was judged (P9). */
export function lastLift({ restrictionLifted, liftedFor }: ContactState): Mark | undefined {
  return Object.values(liftedFor).reduce((last, lift) => later(last, lift), restrictionLifted);
}

/** The rectification after which the person has not opted in under this address, nor named it again (P9). */
export function standingRectification({ rectified, adopted, given }: ContactState): RectificationMark | undefined {
  return rectified && !isAfter(adopted, rectified) && !anyAfter(given, rectified) ? rectified : undefined;
}

/** The contact at which the person is reached instead of this one, also when they opted in here again (P9). */
export function successorOf({ rectified, adopted }: ContactState): string | undefined {
  return rectified && !isAfter(adopted, rectified) ? rectified.to : undefined;
}

/** The legal hold on the personal data that was not lifted since (P7). */
export function standingHold({ holdPlaced, holdLifted }: ContactState): Mark | undefined {
  return holdPlaced && !isAfter(holdLifted, holdPlaced) ? holdPlaced : undefined;
}

/** The permanent delivery failure after which nothing has proven the address. */
export function standingBounce({ bounced, addressProven }: ContactState): Mark | undefined {
  return bounced && !isAfter(addressProven, bounced) ? bounced : undefined;
}

/** The spam complaint after which the person has not opted in to this purpose (P4). */
export function standingComplaint({ complained, given }: ContactState, purpose: string): Mark | undefined {
  return complained && !isAfter(given[purpose], complained) ? complained : undefined;
}

/** The opt-in to this purpose that waits for its confirmation, or for any other consent of the person. */
export function standingRequest(state: ContactState, purpose: string): Mark | undefined {
  const request = sinceErasure(state, state.requested[purpose]);
  const given = state.given[purpose];
  return request && !(given && given.at >= request.at) ? request : undefined;
}

/** The opt-out that stands for this purpose and has not been ended by a later opt-in of the person (P4). */
export function standingOptOut(state: ContactState, purpose: string): Mark | undefined {
  const latest = latestOptOut(state, purpose);
  return latest && !isAfter(state.given[purpose], latest) ? latest : undefined;
}

/** Whether an act of the person has ended every consent for this purpose: an opt-out or a complaint that stands (P4). */
export function isWithdrawn(state: ContactState, purpose: string): boolean {
  return (standingOptOut(state, purpose) ?? standingComplaint(state, purpose)) !== undefined;
}

/** Whether nothing commercial may be asked of the person for this purpose, whatever the basis (P5). */
export function isBarred(state: ContactState, purpose: string): boolean {
  const stopped = standingRestriction(state) ?? standingBounce(state) ?? standingRectification(state);
  return stopped !== undefined || isWithdrawn(state, purpose);
}

/** When what barred every mail to the contact was last lifted; `undefined` where nothing was. */
export function barredUntil(state: ContactState): Instant | undefined {
  const ends = [lastLift(state), state.bounced && state.addressProven, endOfRectification(state)];
  return ends.reduce(
    (last, end) => (end && !(last !== undefined && last >= end.at) ? end.at : last),
    undefined as Instant | undefined,
  );
}

/** The first act by which the person came back to an address that they had left (P9). */
function endOfRectification({ rectified, adopted, given }: ContactState): Mark | undefined {
  if (!rectified) return undefined;
  let first: Mark | undefined;
  for (const act of [adopted, ...Object.values(given)])
    if (act && isAfter(act, rectified) && !(first && first.at <= act.at)) first = act;
  return first;
}

/** The latest opt-out of this purpose that was not taken back, whether or not an opt-in followed; erasure on request is one (P7). */
export function latestOptOut(state: ContactState, purpose: string): Mark | undefined {
  let latest = state.erasedOnRequest;
  for (const optOut of state.optOuts)
    if (covers(optOut, purpose) && !state.undone.includes(optOut.id) && !(latest && latest.at > optOut.at))
      latest = optOut;
  for (const { at, id, type } of carriedOptOutsOf(state, purpose))
    if (!(latest && latest.at > at)) latest = { at, id, type };
  return latest;
}

/** Every opt-out of this purpose that was not taken back, in the order in which they occurred. */
export function optOutsOf(state: ContactState, purpose: string): readonly Mark[] {
  const own = state.optOuts.filter((optOut) => covers(optOut, purpose) && !state.undone.includes(optOut.id));
  return [...own, ...carriedOptOutsOf(state, purpose)];
}

function carriedOptOutsOf(
  { carriedOptOuts, carriedUndone }: ContactState,
  purpose: string,
): readonly CarriedOptOutMark[] {
  if (carriedOptOuts.length === 0) return carriedOptOuts;
  const counts = (mark: CarriedOptOutMark) =>
    covers(mark, purpose) && !mark.except?.includes(purpose) && !carriedUndone.includes(mark.optOutId);
  return carriedOptOuts.filter(counts);
}

function covers({ purposes }: Pick<OptOutMark, 'purposes'>, purpose: string): boolean {
  return purposes === 'all' || purposes.includes(purpose);
}
