import type { DueCounts, Policy, PurposeCounts } from '@consent-ledger/consent';
import type { Position } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import type { JudgedSend, SimulationResult, Supposition } from './simulator.js';

/** A simulation as the API and the command line write it. Instants are RFC 3339. */
export interface SimulationAnswer {
  readonly at: string;
  readonly knownAt?: string;
  /** The position in the log that the contacts were looked at from; what came later may be counted too. */
  readonly position: Position;
  readonly contacts: number;
  /** The policy by which the answers at the moment were given. */
  readonly policy: { readonly id: string; readonly version: number };
  readonly supposed?: SupposedBody;
  readonly timeZone: string;
  readonly purposes: Readonly<Record<string, PurposeCounts>>;
  readonly overdue: DueCounts;
  readonly months: readonly (DueCounts & { readonly month: string; readonly from: string; readonly until: string })[];
  /** Only where a policy is supposed. */
  readonly pastSends?: PastSends;
}

export interface SupposedBody {
  readonly id: string;
  readonly version: number;
  readonly from: string;
}

/** The messages that went out on a yes, judged again by the supposed policy. */
export interface PastSends {
  readonly judged: number;
  readonly refused: number;
  readonly reasons: Readonly<Record<string, number>>;
  /** The first of those that would have been refused, by delivery id. */
  readonly list: readonly RefusedSendBody[];
}

export interface RefusedSendBody {
  readonly deliveryId: string;
  readonly contactId: string;
  readonly purpose: string;
  readonly sentAt: string;
  readonly reason: string;
}

/** The answer that tells what a simulation found. */
export function simulationAnswer(
  result: SimulationResult,
  position: Position,
  pastSends?: PastSends,
): SimulationAnswer {
  const { at, knownAt, policy, supposed, months, counts } = result;
  return {
    at: toRfc3339(at),
    ...(knownAt !== undefined && { knownAt: toRfc3339(knownAt) }),
    position,
    contacts: counts.contacts,
    policy: referenceTo(policy),
    ...(supposed && { supposed: supposedBody(supposed) }),
    timeZone: policy.calendar.timeZone,
    purposes: counts.purposes,
    overdue: counts.overdue,
    months: months.map(({ name, from, until }, index) => ({
      month: name,
      from: toRfc3339(from),
      until: toRfc3339(until),
      ...counts.months[index]!,
    })),
    ...(pastSends && { pastSends }),
  };
}

/** Counts what was judged, and keeps the first `limit` of those that would have been refused. */
export async function gatherSends(sends: AsyncIterable<JudgedSend>, limit: number): Promise<PastSends> {
  let [judged, refused] = [0, 0];
  const reasons: Record<string, number> = {};
  const list: RefusedSendBody[] = [];
  for await (const send of sends) {
    judged++;
    const body = refusedSendBody(send);
    if (!body) continue;
    refused++;
    reasons[body.reason] = (reasons[body.reason] ?? 0) + 1;
    if (list.length < limit) list.push(body);
  }
  return { judged, refused, reasons, list };
}

/** A message that would have been refused, as it is told; `undefined` for one that would have gone out all the same. */
export function refusedSendBody(send: JudgedSend): RefusedSendBody | undefined {
  const { deliveryId, contactId, purpose, sentAt, refusal } = send;
  return refusal && { deliveryId, contactId, purpose, sentAt: toRfc3339(sentAt), reason: refusal };
}

function supposedBody({ policy, from }: Supposition): SupposedBody {
  return { ...referenceTo(policy), from: toRfc3339(from) };
}

function referenceTo({ id, version }: Policy): { id: string; version: number } {
  return { id, version };
}
