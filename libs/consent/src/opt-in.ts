import { consentOnRecord, endOfConsent } from './basis.js';
import type { ActOf, ContactState, StatementReference } from './contact.js';
import { nothing, quoted, record, refuse, refusePurposes, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { standingComplaint, standingOptOut } from './standing.js';

export interface OptIn {
  readonly purposes: readonly string[];
  readonly statement: Omit<StatementReference, 'hash'>;
  readonly confirmation: 'none' | 'double';
  readonly actOf: ActOf;
  /** Whether the evidence points to a call recording, which is deleted after a while (P8). */
  readonly recorded: boolean;
  readonly occurredAt: Instant;
}

/**
 * Gives consent per purpose with its evidence (P3), at once or once it is confirmed. What another party only reports is
 * refused with `OPTED_OUT` where the person has opted out: it never ends an opt-out (P4, law 2). `state` is everything on
 * record of the contact.
 */
export function optIn(state: ContactState, command: OptIn, policy: Policy): Decision {
  const refused = refusePurposes(policy, command.purposes);
  if (refused) return refused;

  const statement = findStatement(policy, command.statement);
  if (!statement) return refuse('UNKNOWN_STATEMENT', unknownStatement(policy, command.statement));
  const uncovered = command.purposes.filter((purpose) => !statement.covers.includes(purpose));
  if (uncovered.length > 0)
    return refuse(
      'STATEMENT_DOES_NOT_COVER',
      `Statement "${statement.reference.id}" version ${statement.reference.version} does not cover ${quoted(uncovered)}.`,
      uncovered,
    );

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

function findStatement(policy: Policy, wanted: OptIn['statement']) {
  const statement = policy.document.statements.find(
    ({ id, version }) => id === wanted.id && version === wanted.version,
  );
  const hash = statement && Object.hasOwn(statement.hashes, wanted.language) && statement.hashes[wanted.language];
  if (!statement || !hash) return undefined;
  const reference = { id: wanted.id, version: wanted.version, language: wanted.language, hash };
  return { reference, covers: statement.covers };
}

function unknownStatement(policy: Policy, { id, version, language }: OptIn['statement']): string {
  const known = policy.document.statements.map(
    (statement) => `"${statement.id}" version ${statement.version} (${Object.keys(statement.texts).join(', ')})`,
  );
  return `The policy has no statement "${id}" version ${version} in "${language}"; it has: ${known.join('; ')}.`;
}

/** A consent given again moves its clock and is recorded (P5); a report of one that runs already changes nothing. */
function isOnRecord(state: ContactState, command: OptIn, policy: Policy, name: string): boolean {
  const { confirmation, actOf, occurredAt } = command;
  if (confirmation === 'double') return state.requested[name]?.at === occurredAt;
  if (actOf === 'person') return state.given[name]?.at === occurredAt;
  const consent = consentOnRecord(state, policy, policy.purposes.get(name)!);
  return consent !== undefined && consent.act.at <= occurredAt && occurredAt < endOfConsent(consent);
}

function evidenceEnd(policy: Policy, occurredAt: Instant): string {
  return new Date(policy.calendar.add(occurredAt, policy.retention.recording)).toISOString();
}
