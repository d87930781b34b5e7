import { consentOnRecord, endOfConsent, type Consent } from './basis.js';
import type { ActOf, ContactState } from './contact.js';
import { nothing, quoted, record, refuse, refusePurposes, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { standingComplaint, standingOptOut } from './standing.js';
import { statementShown, type StatementName } from './statement.js';

export interface OptIn {
  readonly purposes: readonly string[];
  readonly statement: StatementName;
  readonly confirmation: 'none' | 'double';
  readonly actOf: ActOf;
  /** Whether the evidence points to a call recording, which is deleted after a while (P8). */
  readonly recorded: boolean;
  readonly occurredAt: Instant;
}

/**
 * Gives consent per purpose with its evidence (P3), at once or once it is confirmed. What another party only reports is
 * refused with `OPTED_OUT` where the person has opted out: it never ends an opt-out (P4, law 2); and with `CONSENT_ENDED`
 * where time has ended a consent before it: silence is no renewal (P5). `state` is everything on record of the contact.
 */
export function optIn(state: ContactState, command: OptIn, policy: Policy): Decision {
  const refused = refusePurposes(policy, command.purposes);
  if (refused) return refused;

  const statement = statementShown(policy, command.statement, command.purposes);
  if ('refused' in statement) return statement;

  if (command.actOf === 'reported') {
    const optedOut = command.purposes.filter(
      (purpose) => standingOptOut(state, purpose) ?? standingComplaint(state, purpose),
    );
    if (optedOut.length > 0)
      return refuse(
        'OPTED_OUT',
        `The person opted out of ${quoted(optedOut)}; only an opt-in by the person ends that. Nothing was recorded.`,
        optedOut,
      );
  }

  const ended = command.purposes.filter((purpose) => revives(state, command, policy, purpose));
  if (ended.length > 0)
    return refuse(
      'CONSENT_ENDED',
      `Consent for ${quoted(ended)} has ended by time; only an opt-in by the person gives it again. Nothing was recorded.`,
      ended,
    );

  const purposes = [...new Set(command.purposes)].filter((purpose) => !isOnRecord(state, command, policy, purpose));
  if (purposes.length === 0) return nothing;
  return record({
    type: command.confirmation === 'double' ? 'OptInRequested' : 'OptedIn',
    data: {
      purposes,
      statement: statement.reference,
      actOf: command.actOf,
      ...(command.recorded && { evidenceEndsAt: evidenceEnd(policy, command.occurredAt) }),
    },
  });
}

/** A consent given again moves its clock and is recorded (P5); a report of one that runs already changes nothing. */
function isOnRecord(state: ContactState, command: OptIn, policy: Policy, name: string): boolean {
  const { confirmation, actOf, occurredAt } = command;
  if (confirmation === 'double') return state.requested[name]?.at === occurredAt;
  if (actOf === 'person') return state.given[name]?.at === occurredAt;
  const consent = consentBefore(state, command, policy, name);
  return consent !== undefined && occurredAt < endOfConsent(consent);
}

/** Whether another party reports a consent anew that time had ended by then (P5, P6). */
function revives(state: ContactState, command: OptIn, policy: Policy, name: string): boolean {
  if (command.actOf === 'person' || command.confirmation === 'double') return false;
  const consent = consentBefore(state, command, policy, name);
  return consent !== undefined && command.occurredAt >= endOfConsent(consent);
}

/** The consent on record, if it was given no later than what is told now. */
function consentBefore(state: ContactState, { occurredAt }: OptIn, policy: Policy, name: string): Consent | undefined {
  const consent = consentOnRecord(state, policy, policy.purposes.get(name)!);
  return consent && consent.act.at <= occurredAt ? consent : undefined;
}

function evidenceEnd(policy: Policy, occurredAt: Instant): string {
  return new Date(policy.calendar.add(occurredAt, policy.retention.recording)).toISOString();
}
