import type { Mark, Verdict } from '@consent-ledger/consent';
import type { Position } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import type { ShortVerdict } from './verdict-cache.js';

/** A verdict as the API writes it, without what names the question. */
export interface VerdictBody {
  readonly eligible: boolean;
  readonly reason: string;
  readonly basis: string | null;
  readonly validUntil: string | null;
}

export interface EvidenceBody {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
}

/** The answer to "may I send this?" as the API writes it. Instants are RFC 3339. */
export interface EligibilityAnswer extends VerdictBody {
  readonly contactId: string;
  readonly purpose: string;
  readonly at: string;
  readonly missing?: readonly string[];
  readonly evidence: readonly EvidenceBody[];
  readonly policy: { readonly id: string; readonly version: number };
  readonly position: Position;
}

export function verdictBody({ eligible, reason, basis, validUntil }: ShortVerdict): VerdictBody {
  return { eligible, reason, basis, validUntil: validUntil === null ? null : toRfc3339(validUntil) };
}

export function evidenceBody({ id, type, at }: Mark): EvidenceBody {
  return { eventId: id, type, occurredAt: toRfc3339(at) };
}

export function policyBody({ policy }: Verdict): { id: string; version: number } {
  return { id: policy.id, version: policy.version };
}

/** The whole answer for one question. */
export function eligibilityAnswer(
  question: { readonly contactId: string; readonly purpose: string },
  at: number,
  verdict: Verdict,
  position: Position,
): EligibilityAnswer {
  const { contactId, purpose } = question;
  const { eligible, reason, basis, validUntil } = verdictBody(verdict);
  const evidence = verdict.evidence.map(evidenceBody);
  const policy = policyBody(verdict);
  const answer = { contactId, purpose, at: toRfc3339(at), eligible, reason, basis, validUntil };
  return verdict.missing
    ? { ...answer, missing: verdict.missing, evidence, policy, position }
    : { ...answer, evidence, policy, position };
}
