import type { Mark, NewContactEvent } from './contact.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import type { Ground } from './retention.js';

/** The rules by which a command may be refused. */
export type RefusalCode =
  | 'UNKNOWN_PURPOSE'
  | 'PURPOSE_NOT_COMMERCIAL'
  | 'UNKNOWN_STATEMENT'
  | 'STATEMENT_DOES_NOT_COVER'
  | 'STATEMENT_NOT_CURRENT'
  | 'OPTED_OUT'
  | 'CONSENT_ENDED'
  | 'NO_SUCH_REQUEST'
  | 'REQUEST_OVERTAKEN'
  | 'NOT_RENEWABLE'
  | 'LEGAL_HOLD'
  | 'RETENTION_NOT_ENDED';

/** Why a command was refused, in words for the caller, and the purposes it concerns or the grounds that stand against it. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
  readonly purposes?: readonly string[];
  readonly grounds?: readonly Ground[];
}

/** The events to append; none when nothing changed. */
export interface Recording {
  readonly events: readonly NewContactEvent[];
  /** When they occurred, where the decision says so and not the caller: what fell due occurred when it was due. */
  readonly occurredAt?: Instant;
}

/** What a decision function answers: the events to append, or why not. */
export type Decision = Recording | { readonly refused: Refusal };

export const nothing: Decision = { events: [] };

export function record(...events: NewContactEvent[]): Decision {
  return { events };
}

export function refuse(code: RefusalCode, detail: string, purposes?: readonly string[]): { readonly refused: Refusal } {
  return { refused: { code, detail, ...(purposes && { purposes }) } };
}

/**
 * Whether an act at `at` is the same act as the one before, sent twice: retries and double clicks are. A later objection is
 * an act of its own and is recorded, so that an opt-in of the time between, should it arrive late, cannot overtake it.
 */
export function repeats(before: Mark | undefined, at: Instant, policy: Policy): boolean {
  return before !== undefined && before.at <= at && at < before.at + policy.sameActWithin;
}

/** The refusal for purposes that the policy lacks (P10) or that need no consent (P1); `undefined` when all are commercial. */
export function refusePurposes(policy: Policy, purposes: readonly string[]): Decision | undefined {
  const unknown = purposes.filter((name) => !policy.purposes.has(name));
  if (unknown.length > 0)
    return refuse(
      'UNKNOWN_PURPOSE',
      `The policy has no purpose ${quoted(unknown)}; it has: ${[...policy.purposes.keys()].join(', ')}.`,
      unknown,
    );
  const operational = purposes.filter((name) => !policy.purposes.get(name)!.commercial);
  if (operational.length > 0)
    return refuse(
      'PURPOSE_NOT_COMMERCIAL',
      `${quoted(operational)} mail is operational: it needs no opt-in and an opt-out does not stop it.`,
      operational,
    );
  return undefined;
}

export function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
