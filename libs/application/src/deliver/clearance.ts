import {
  askedBy,
  confirmOptIn,
  decideEligibility,
  isAskedAlready,
  isKnown,
  isMoreThanAskedFor,
  isReplaced,
  mayAskToConfirm,
  momentFor,
  NEVER,
  policyInForce,
  standingBounce,
  standingErasure,
  standingRectification,
  standingRestriction,
  type AskedPurpose,
  type ContactEvent,
  type ContactState,
  type Instant,
  type Policy,
  type Reason,
  type Verdict,
} from '@consent-ledger/consent';
import type { JsonObject, Revision } from '@consent-ledger/event-store';
import { toRfc3339, type Clock, type Metrics } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { evidenceBody, verdictBody } from '../ask-eligibility/answer.js';
import type { ContactRepository } from '../contact/contact-repository.js';
import type { Contact } from '../contact/load-contact.js';
import { occasionOf, type Delivery } from './delivery.js';
import type { DeliveryRepository } from './delivery-repository.js';

/** Whether a delivery may go out at this moment, and what that rests on. */
export interface Clearance {
  /** `wait` where what the message is about is not on record yet. */
  readonly outcome: 'send' | 'suppress' | 'wait';
  readonly reason: string;
  readonly policy: Policy;
  /** The revision of the contact that was judged. */
  readonly revision: Revision;
  /** The verdict as it is recorded with the delivery. */
  readonly recorded: JsonObject;
  /** When to look again, where that is known of one that waits. */
  readonly until?: Instant;
  /** P5: what a re-consent prompt still asks about; only of one that is to be sent. */
  readonly asked?: readonly AskedPurpose[];
}

type Finding = Pick<Clearance, 'outcome' | 'reason' | 'until' | 'asked'>;

/** Whether a prompt may ask about a purpose: only with the reason `CONSENT`. */
interface JudgedPurpose {
  readonly purpose: string;
  readonly reason: string;
  readonly asked: AskedPurpose | undefined;
}

export interface ClearanceDependencies {
  readonly contacts: ContactRepository;
  readonly deliveries: DeliveryRepository;
  readonly policies: PolicyShelf;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Judges a message at the moment of sending, from the contact's own stream, by the occasion that it is sent on. */
export class Clearances {
  constructor(private readonly needs: ClearanceDependencies) {}

  async clear(delivery: Delivery): Promise<Clearance> {
    const contact = await this.needs.contacts.load(delivery.contactId);
    switch (occasionOf(delivery.mailingId)) {
      case 'mailing':
        return this.clearMailing(delivery, contact);
      case 'confirmation':
        return this.clearConfirmation(delivery, contact);
      case 'reconsent':
        return this.clearReconsent(delivery, contact);
      case 'preferences':
        return this.clearPreferenceLink(contact);
    }
  }

  private clearMailing({ purpose }: Delivery, { state, revision }: Contact): Clearance {
    const { policies, clock, metrics } = this.needs;
    const at = momentFor(state, clock.now());
    const inForce = policyInForce(policies.history(), at, NEVER);
    if (!inForce.purposes.has(purpose)) return clearanceWithoutPurpose(inForce, at, revision);
    const verdict = decideEligibility(state, policies.history(), purpose, at);
    metrics.verdict(verdict.reason);
    const { eligible, reason, policy } = verdict;
    const recorded = recordedVerdict(verdict, at, revision);
    return { outcome: eligible ? 'send' : 'suppress', reason, policy, revision, recorded };
  }

  /** The mail that asks for a confirmation goes out while the opt-in still waits for it. */
  private clearConfirmation({ requestId, notBefore }: Delivery, contact: Contact): Clearance {
    const { policies, clock } = this.needs;
    const { events, revision } = contact;
    const at = clock.now();
    const policy = policyInForce(policies.history(), at, at);
    const isReplacedByNow = notBefore !== undefined && isReplaced(events, requestId!);
    const against = isReplacedByNow ? 'REPLACED' : reasonAgainstConfirmation(contact, requestId!);
    const reason = against ?? 'PENDING_CONFIRMATION';
    const recorded = { at: toRfc3339(at), reason, contactRevision: revision };
    return { outcome: against ? 'suppress' : 'send', reason, policy, revision, recorded };
  }

  /** A link to the preference page is service mail (P1), and for nobody but who is on record by more than what anybody may put there. */
  private clearPreferenceLink({ events, state, revision }: Contact): Clearance {
    const { policies, clock } = this.needs;
    const at = momentFor(state, clock.now());
    const policy = policyInForce(policies.history(), at, NEVER);
    const against = reasonAgainstLink(events, state, policy);
    const reason = against ?? 'ASKED_FOR';
    const { id, version } = policy;
    const recorded = { at: toRfc3339(at), reason, policy: { id, version }, contactRevision: revision };
    return { outcome: against ? 'suppress' : 'send', reason, policy, revision, recorded };
  }

  /**
   * P5: a prompt is itself commercial mail, so it goes out about what may be mailed by consent and is still to be answered.
   * It waits until its own event is on record, which the link in it names.
   */
  private async clearReconsent(delivery: Delivery, { events, state, revision }: Contact): Promise<Clearance> {
    const { policies, clock } = this.needs;
    const at = momentFor(state, clock.now());
    const policy = policyInForce(policies.history(), at, NEVER);
    const isOnRecord = events.some(({ id }) => id === delivery.promptId);
    const judged = this.judgeEach(delivery, state, policy, at, isOnRecord);
    const finding = await this.findingOn(judged, delivery, state, policy, at, isOnRecord);
    const recorded = {
      at: toRfc3339(at),
      reason: finding.reason,
      purposes: judged.map(({ purpose, reason }) => ({ purpose, reason })),
      policy: { id: policy.id, version: policy.version },
      contactRevision: revision,
    };
    return { ...finding, policy, revision, recorded };
  }

  private judgeEach(
    { promptId, requestedPurposes }: Delivery,
    state: ContactState,
    policy: Policy,
    at: Instant,
    isOnRecord: boolean,
  ): readonly JudgedPurpose[] {
    const purposes = requestedPurposes!;
    const open = askedBy(state, policy, { id: promptId!, purposes, isOnRecord }, at);
    return purposes.map((purpose) => {
      const asked = open.find((one) => one.purpose === purpose);
      return { purpose, asked, reason: this.reasonToAsk(purpose, asked, state, policy, at) };
    });
  }

  private async findingOn(
    judged: readonly JudgedPurpose[],
    delivery: Delivery,
    state: ContactState,
    policy: Policy,
    at: Instant,
    isOnRecord: boolean,
  ): Promise<Finding> {
    const asked = judged.flatMap(({ reason, asked }) => (reason === 'CONSENT' && asked ? [asked] : []));
    if (asked.length === 0) return { outcome: 'suppress', reason: judged[0]!.reason };
    if (!isOnRecord) return findingOnPromptToCome(asked, state, policy);
    return (await this.tooSoonToRemind(delivery, policy, at)) ?? { outcome: 'send', reason: 'CONSENT', asked };
  }

  /** A reminder follows the prompt as it was sent, not as it was due: after a standstill both may be due at once. */
  private async tooSoonToRemind({ remindsOf, requestedPurposes }: Delivery, policy: Policy, at: Instant) {
    const last = remindsOf !== undefined && (await this.needs.deliveries.load(remindsOf))?.events.at(-1);
    if (!last || isGivenUp(last.type)) return undefined;
    const wait = { outcome: 'wait', reason: 'REMINDER_NOT_DUE' } as const;
    if (last.type !== 'MailSent') return wait;
    const sentAt = Date.parse(last.metadata['occurredAt'] as string);
    const periods = requestedPurposes!.flatMap((purpose) => policy.purposes.get(purpose)?.reminderAfter ?? []);
    const until = Math.min(...periods.map((period) => policy.calendar.add(sentAt, period)));
    return at < until && Number.isFinite(until) ? { ...wait, until } : undefined;
  }

  private reasonToAsk(
    purpose: string,
    asked: AskedPurpose | undefined,
    state: ContactState,
    policy: Policy,
    at: Instant,
  ): string {
    if (!policy.purposes.has(purpose)) return 'UNKNOWN_PURPOSE';
    const { reason } = decideEligibility(state, this.needs.policies.history(), purpose, at);
    this.needs.metrics.verdict(reason);
    if (reason !== 'CONSENT') return reason;
    if (!asked) return 'RECONSENT_ANSWERED';
    return policy.renewalStatement?.covers.includes(purpose) ? reason : 'NO_STATEMENT_TO_RENEW_ON';
  }
}

function reasonAgainstConfirmation({ events, state }: Contact, requestId: string): string | undefined {
  if (standingRestriction(state)) return 'RESTRICTED';
  const decision = confirmOptIn(events, { requestId });
  if (!('events' in decision) || decision.events.length === 0) return 'NO_LONGER_PENDING';
  return mayAskToConfirm(state, events, requestId) ? undefined : 'UNDELIVERABLE';
}

function reasonAgainstLink(
  events: readonly ContactEvent[],
  state: ContactState,
  { serviceMailWhenRestricted }: Policy,
): Reason | undefined {
  if (!isKnown(state)) return 'UNKNOWN_CONTACT';
  if (standingErasure(state)) return 'ERASED';
  if (!isMoreThanAskedFor(events)) return 'PENDING_CONFIRMATION';
  if (standingRestriction(state) && !serviceMailWhenRestricted) return 'RESTRICTED';
  return standingBounce(state) || standingRectification(state) ? 'UNDELIVERABLE' : undefined;
}

/** What was decided anew between the mail and its event has another id: that one's mail goes out, and this one never could. */
function findingOnPromptToCome(asked: readonly AskedPurpose[], state: ContactState, policy: Policy): Finding {
  const purposes = asked.map(({ purpose }) => purpose);
  return isAskedAlready(state, policy, purposes)
    ? { outcome: 'suppress', reason: 'PROMPT_OVERTAKEN' }
    : { outcome: 'wait', reason: 'PROMPT_NOT_ON_RECORD' };
}

function isGivenUp(type: string): boolean {
  return type === 'DeliverySuppressed' || type === 'DeliveryFailed' || type === 'DeliveryOutcomeUnknown';
}

/** P10: a purpose that the policy lacks by now does not exist, and what still waits for it would wait for ever. */
function clearanceWithoutPurpose(policy: Policy, at: Instant, revision: Revision): Clearance {
  const reason = 'UNKNOWN_PURPOSE';
  const { id, version } = policy;
  const recorded = { at: toRfc3339(at), eligible: false, reason, policy: { id, version }, contactRevision: revision };
  return { outcome: 'suppress', reason, policy, revision, recorded };
}

function recordedVerdict(verdict: Verdict, at: Instant, revision: Revision): JsonObject {
  const { policy } = verdict;
  return {
    at: toRfc3339(at),
    ...verdictBody(verdict),
    ...(verdict.missing && { missing: [...verdict.missing] }),
    evidence: verdict.evidence.map((mark) => ({ ...evidenceBody(mark) })),
    policy: { id: policy.id, version: policy.version },
    contactRevision: revision,
  };
}
